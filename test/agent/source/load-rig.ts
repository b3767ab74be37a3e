import { pino } from "pino";
import { onTestFinished } from "vitest";
import { type AgentConfig, agentConfig } from "../../../agent/config.ts";
import { OpcuaSource } from "../../../agent/source/opcua-source.ts";
import { TagBook } from "../../../agent/tag-book.ts";
import { AgentTelemetry } from "../../../agent/telemetry.ts";
import type { Gap } from "../../../common/contract/gap.ts";
import { type Clock, systemClock } from "../../../common/runtime/clock.ts";
import { routeOpcuaLog } from "../../../common/runtime/opcua-log.ts";
import { parseChaos } from "../../../simulators/load/chaos-plan.ts";
import { Load } from "../../../simulators/load/load.ts";
import { loadNamespace } from "../../../simulators/load/load-server.ts";
import { phaseTag, tagName, unitsOf } from "../../../simulators/load/load-tags.ts";
import { parseStatusShare } from "../../../simulators/load/status-share.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { securityOf } from "../../integration/security-rig.ts";

const tags = 40;

export interface Taken {
	readonly sourceMs: number;
	readonly status: number;
	/** Undefined for a value without a number. */
	readonly value: number | undefined;
}

/** A load generator and a real source that reads it; everything that the source says is written down. */
export async function loadedSource(
	options: { chaos?: string[]; statuses?: string[]; servers?: number; server?: object } = {},
) {
	const log = pino({ level: "silent" });
	routeOpcuaLog(log);
	const load = new Load({
		clock: systemClock,
		tags,
		valuesPerSecond: 2_000,
		servers: 1,
		port: 0,
		directory: temporaryFolder(),
		statuses: (options.statuses ?? []).map(parseStatusShare),
		chaos: (options.chaos ?? []).map(parseChaos),
	});
	onTestFinished(() => load.stop());
	await load.start();
	const config = agentConfig.schema.parse({
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
				name: "load",
				endpoint: load.endpoints[0],
				insecure: true,
				publishing_interval_ms: 50,
				queue_size: 5_000,
				connect_timeout_ms: 2_000,
				...options.server,
			},
		],
		devices: unitsOf(tags).map(({ unit, first, count }) => ({
			name: unit,
			server: "load",
			namespace: loadNamespace,
			time_base: "publish",
			tags: [
				{ name: phaseTag, node: `s=${unit}.${phaseTag}`, type: "String" },
				...Array.from({ length: count }, (_, index) => tagName(first + index)).map((name) => ({
					name,
					node: `s=${name}`,
					type: "Double",
				})),
			],
		})),
	});
	const taken = new Map<string, Taken[]>();
	const gaps: Gap[] = [];
	let aheadMs = 0;
	const clock: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
	const book = await TagBook.open(temporaryFolder(), config);
	const telemetry = new AgentTelemetry(log);
	const server = config.servers[0] as AgentConfig["servers"][number];
	const source = new OpcuaSource({
		server,
		security: securityOf(server, telemetry),
		devices: config.devices,
		tags: book,
		recovered: { throughMs: new Map(), samples: new Map() },
		clock,
		telemetry,
		sink: {
			cycle: ({ samples }) => {
				for (let index = 0; index < samples.count; index++) {
					const name = book.get(samples.tagId[index] as number)?.name as string;
					const value = samples.value(index);
					// Not from the plant: the old value of a tag that was called Bad.
					if (name === phaseTag || samples.status[index] === 0x402) continue;
					const list = taken.get(name) ?? [];
					if (list.length === 0) taken.set(name, list);
					list.push({
						sourceMs: samples.sourceMs[index] as number,
						status: samples.status[index] as number,
						value: typeof value === "number" ? value : undefined,
					});
				}
			},
			gap: (gap) => gaps.push(gap),
		},
	});
	onTestFinished(() => source.stop());
	return {
		load,
		source,
		taken,
		gaps,
		/** The source's guards find that so much time has passed. */
		advance: (ms: number) => {
			aheadMs += ms;
		},
		/** The newest number of the first tag. */
		newest: () => taken.get(tagName(0))?.findLast(({ value }) => value !== undefined)?.value ?? 0,
		/** Every tag's last number against the ledger. */
		hasEverything: () => {
			const { producedByTag } = load.ledger();
			return Object.entries(producedByTag).every(
				([name, count]) =>
					taken.get(name.split("/")[1] as string)?.findLast(({ value }) => value !== undefined)?.value ===
					count,
			);
		},
	};
}

/**
 * What speaks against "each number once, in order, or in a hole that is written down": one line for each tag and
 * place. A hole reaches from before the missing numbers to the first one after them.
 */
export function unexplained(taken: ReadonlyMap<string, readonly Taken[]>, gaps: readonly Gap[]): string[] {
	const found: string[] = [];
	for (const [tag, samples] of taken) {
		let before: Taken | undefined;
		for (const sample of samples) {
			if (sample.value === undefined) continue;
			const due = (before?.value ?? 0) + 1;
			if (sample.value < due) found.push(`${tag}: ${sample.value} after ${before?.value}`);
			const hasGap = gaps.some(
				({ fromMs, toMs }) => fromMs < sample.sourceMs && toMs >= sample.sourceMs && before !== undefined,
			);
			if (sample.value > due && !hasGap) found.push(`${tag}: ${sample.value} after ${before?.value}, no gap`);
			before = sample;
		}
	}
	return found;
}
