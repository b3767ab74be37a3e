import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import { type AgentConfig, agentConfig } from "../../agent/config.ts";
import { hasOverflow, severity } from "../../common/contract/status.ts";
import { sourceOf } from "../integration/source-rig.ts";
import { type ForeignValue, foreignUri } from "./foreign-server.ts";

export const soon = { timeout: 20_000 };
/** What this product promises: Good again so soon after a server is back, with the publishing interval used here. */
const goodAgainWithinMs = 10_000;

/** Milliseconds from 1601 to 1970. */
const epochMs = 11_644_473_600_000n;
export const startMs = Date.UTC(2026, 0, 5, 6);

/** Source time in 100 ns since 1601, as the servers take it. */
export function ticksAt(ms: number, rest = 0): string {
	return String((BigInt(ms) + epochMs) * 10_000n + BigInt(rest));
}

export function good(name: string, value: ForeignValue["value"], ms: number, rest = 0): ForeignValue {
	return { name, value, ticks: ticksAt(ms, rest), status: 0 };
}

export interface ForeignTag {
	readonly name: string;
	readonly type: string;
}

/** A source of ours that reads these tags at a port, which is the server's or that of something in front of it. */
export async function foreignSource(
	port: number,
	tags: readonly ForeignTag[],
	{ server, folder }: { server?: object; folder?: string } = {},
) {
	const config: AgentConfig = agentConfig.schema.parse({
		kind: "agent",
		schema: 1,
		group: "site",
		edge_node: "agent",
		data_dir: "data",
		status: { port: 0 },
		broker: { url: "mqtt://127.0.0.1:1", insecure: true },
		hosts: [{ id: "collector" }],
		servers: [
			{
				...{ name: "foreign", endpoint: `opc.tcp://127.0.0.1:${port}`, insecure: true },
				...{ publishing_interval_ms: 100, queue_size: 5_000, connect_timeout_ms: 2_000, ...server },
			},
		],
		devices: [
			{
				...{ name: "Kiln", server: "foreign", namespace: foreignUri, time_base: "publish" },
				tags: tags.map(({ name, type }) => ({ name, type, node: `s=${name}` })),
			},
		],
	});
	const lines: string[] = [];
	const rig = await sourceOf(config, { lines, ...(folder === undefined ? {} : { folder }) });
	const last = (name: string) => rig.of(name).at(-1);
	/** Good samples that the server has sent: without the agent's own word that an old value stands. */
	const sent = (name: string) => rig.of(name).filter(({ status }) => status === 0 || hasOverflow(status));
	const isGood = (names: readonly string[]) =>
		names.every((name) => severity(last(name)?.status ?? 0x8000_0000) === "good");
	/** The longest that any of the tags stayed other than Good after this moment; fails when it is too long. */
	const goodAgain = async (names: readonly string[]) => {
		const fromMs = performance.now();
		const bad = () => names.filter((name) => !isGood([name]));
		while (bad().length > 0) {
			if (performance.now() - fromMs > goodAgainWithinMs)
				expect.fail(
					`not Good within ${goodAgainWithinMs} ms: ${bad().join(", ")}\n${lines.slice(-60).join("")}`,
				);
			await delay(50);
		}
		return Math.round(performance.now() - fromMs);
	};
	rig.source.start();
	return { ...rig, lines, last, sent, isGood, goodAgain };
}

/** Nothing missing, nothing twice. */
export function expectEach(values: readonly unknown[], from: number, to: number): void {
	expect(values).toEqual(Array.from({ length: to - from + 1 }, (_, index) => from + index));
}
