import { expect } from "vitest";
import type { LedgerGap, LineStore, MissingRun } from "./line-store.ts";
import type { LoadLine } from "./load-line.ts";
import { until } from "./until.ts";

/** What an agent says of itself, as far as fault tests ask. */
export interface AgentStatus {
	readonly servers: readonly { readonly connected: boolean; readonly tagsSubscribed: number }[];
	readonly broker: { readonly connected: boolean; readonly hostsOnline: readonly string[] };
	readonly journal: {
		readonly epoch: number;
		readonly durable: number;
		readonly held: readonly { readonly epoch: number; readonly first: number; readonly next: number }[];
	};
	readonly delivery: { readonly unconfirmedRecords: number };
}

/** Waits until the agent's status is as wished. */
export async function agentIs(
	line: LoadLine,
	met: (status: AgentStatus) => boolean,
	withinMs: number,
): Promise<AgentStatus> {
	return await until<AgentStatus>(`${line.agentUrl}/status`, met, withinMs, () => line.logs());
}

/** Waits until the agent reads every tag of the generator. */
export async function subscribed(line: LoadLine, withinMs = 60_000): Promise<void> {
	await agentIs(
		line,
		({ servers }) =>
			servers.every(({ connected, tagsSubscribed }) => connected && tagsSubscribed > line.tags),
		withinMs,
	);
}

/** Stops the generator and waits until the newest value of every tag is stored and nothing waits for a confirmation. */
export async function settle(line: LoadLine, withinMs: number, store: LineStore = line.store): Promise<void> {
	const { producedByTag } = await line.halt();
	await agentIs(
		line,
		({ delivery }) => {
			if (delivery.unconfirmedRecords > 0) return false;
			const newest = store.newest();
			return Object.entries(producedByTag).every(([tag, value]) => newest[tag] === value);
		},
		withinMs,
	);
}

/** Stops the generator and holds the store against what it produced: everything, once, and an empty ledger. */
export async function expectWhole(
	line: LoadLine,
	withinMs = 60_000,
	store: LineStore = line.store,
): Promise<void> {
	await settle(line, withinMs, store);
	const { missing, doubled } = store.examine();
	expect(
		{ missing: missing.slice(0, 5), doubled: doubled.slice(0, 5), gaps: store.gaps() },
		line.logs(),
	).toEqual({
		missing: [],
		doubled: [],
		gaps: [],
	});
	expect(store.conflicts()).toBe(0);
}

/**
 * Stops the generator and holds the store against it: nothing twice, every hole inside a row of the ledger, and the
 * causes of those rows. Returns how many values are missing.
 */
export async function expectExplained(
	line: LoadLine,
	causes: readonly string[] | undefined,
	withinMs = 60_000,
	store: LineStore = line.store,
): Promise<number> {
	await settle(line, withinMs, store);
	const { missing, doubled } = store.examine();
	const gaps = store.gaps();
	const unexplained = missing.filter(
		({ tag, fromMs, toMs }) =>
			!gaps.some(
				(gap) =>
					(gap.device === "" || gap.device === tag.split("/")[0]) &&
					gap.fromMs <= fromMs + line.periodMs &&
					gap.toMs >= toMs - line.periodMs,
			),
	);
	expect(
		{
			doubled: doubled.slice(0, 5),
			unexplained: unexplained.slice(0, 5),
			endless: gaps.filter(({ fromMs, toMs }) => fromMs < line.startedMs || toMs > Date.now()),
			causes: causes && gaps.map(({ cause }) => cause).sort(),
		},
		`${nearby(unexplained, gaps)}; a tag has a value every ${line.periodMs} ms\n${line.logs()}`,
	).toEqual({ doubled: [], unexplained: [], endless: [], causes: causes && [...causes].sort() });
	expect(store.conflicts()).toBe(0);
	return missing.reduce((sum, { values }) => sum + values, 0);
}

/** The rows of the ledger beside each hole that none explains. */
function nearby(holes: readonly MissingRun[], gaps: readonly LedgerGap[]): string {
	return holes
		.slice(0, 3)
		.map(({ tag, fromMs, toMs }) => {
			const near = gaps.filter((gap) => gap.fromMs < toMs + 10_000 && gap.toMs > fromMs - 10_000);
			return `${tag} ${fromMs}…${toMs} beside ${JSON.stringify(near)}`;
		})
		.join("; ");
}

/** A counter of a process, summed over the series that have these labels. */
export async function counter(
	url: string,
	name: string,
	labels: Readonly<Record<string, string>> = {},
): Promise<number> {
	const text = await (await fetch(`${url}/metrics`)).text();
	let sum = 0;
	for (const line of text.split("\n")) {
		const match = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
		if (match?.[1] !== name) continue;
		const has = Object.entries(labels).every(
			([label, value]) => match[2]?.includes(`${label}="${value}"`) === true,
		);
		if (has) sum += Number(match[3]);
	}
	return sum;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
