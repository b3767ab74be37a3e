import { expect, test } from "vitest";
import { stringify } from "yaml";
import { agentConfig } from "../../../agent/config.ts";
import { parseConfig } from "../../../common/runtime/config-file.ts";

function parsed(journal: Record<string, unknown>) {
	const yaml = stringify({
		...{
			kind: "agent",
			schema: 1,
			group: "site",
			edge_node: "agent-1",
			data_dir: "data",
			status: { port: 0 },
		},
		broker: { url: "mqtt://127.0.0.1:1883", insecure: true },
		hosts: [{ id: "collector" }],
		servers: [{ name: "kiln", endpoint: "opc.tcp://127.0.0.1:4840", insecure: true }],
		devices: [
			{
				...{ name: "F500", server: "kiln", namespace: "urn:kiln", time_base: "publish" },
				tags: [{ name: "TT01", node: "s=F500.TT01", type: "Double" }],
			},
		],
		journal,
	});
	return parseConfig(yaml, "agent.yaml", agentConfig, {});
}

test("without a word the oldest goes when the journal is full, and nothing grows too old", () => {
	expect(parsed({})).toMatchObject({ ok: true, value: { journal: { when_full: "drop_oldest" } } });
	expect(parsed({})).not.toHaveProperty("value.journal.max_age_s");
	expect(parsed({ when_full: "drop_newest", max_age_s: 86_400 })).toMatchObject({
		ok: true,
		value: { journal: { when_full: "drop_newest", max_age_s: 86_400 } },
	});
});

test.each([
	[{ when_full: "drop_all" }, "journal.when_full", /drop_oldest/],
	[{ max_age_s: 5 }, "journal.max_age_s", /60/],
	[{ max_bytes: "20MiB" }, "journal.segment_bytes", /at most half of max_bytes \(20971520\), found 16777216/],
])("%j is refused at %s", (journal, path, message) => {
	const result = parsed(journal);
	expect(result).toMatchObject({ ok: false, problems: [{ path, message: expect.stringMatching(message) }] });
});
