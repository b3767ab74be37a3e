import { pino } from "pino";
import { expect, test } from "vitest";
import type { Journal } from "../../../agent/pipeline.ts";
import { CurrentValues } from "../../../agent/publisher/current-values.ts";
import { Delivery } from "../../../agent/publisher/delivery.ts";
import { EdgeSession } from "../../../agent/publisher/edge-session.ts";
import { Lanes } from "../../../agent/publisher/lanes.ts";
import { TagBook } from "../../../agent/tag-book.ts";
import { AgentTelemetry } from "../../../agent/telemetry.ts";
import type { EdgeNodeId, Epoch, GroupId } from "../../../common/contract/ids.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

test("nothing is said of a device that births do not declare, as one that has left while the agent runs", async () => {
	const tag = { name: "A", type: "Double" } as const;
	const tags = await TagBook.open(temporaryFolder(), {
		devices: [
			{ name: "U1", tags: [tag] },
			{ name: "U2", tags: [tag] },
		],
	});
	const current = new CurrentValues(new SampleColumns(tags.tags.length + 1));
	const session = new EdgeSession({
		...{ group: "site" as GroupId, edgeNode: "agent" as EdgeNodeId, tags: tags.tags, current },
	});
	const sent: string[] = [];
	const journal = { epoch: 7 as Epoch, durable: { chain: 1, offset: 9 } } as Journal;
	const lanes = new Lanes({
		...{ journal, session, clock: new SteppedClock() },
		delivery: new Delivery({ hosts: ["a"], windowBytes: 1, resendAfterMs: 1 }),
		telemetry: new AgentTelemetry(pino({ level: "silent" })),
		wire: { ready: true, writable: true, send: ({ topic }) => sent.push(topic), bear: () => undefined },
	});
	const born = () => [...session.births({ bdSeq: 0, held: [], backlog: false, isDead: () => false }, 1)];
	const said = (throughMs: number) => {
		sent.length = 0;
		const progress = { throughMs, position: { chain: 1, offset: 9 } };
		lanes.sendProgress(new Map(["U1", "U2"].map((device) => [device, progress])));
		return sent.map((topic) => topic.split("/").at(-1));
	};
	born();
	expect(said(1_000)).toEqual(["U1", "U2"]);
	tags.configure("U2", []);
	born();
	lanes.born();
	expect(said(1_000)).toEqual(["U1"]);
});
