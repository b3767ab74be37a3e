import type {
	GenealogyLink,
	LinkKind,
	LinksQuery,
	Trace,
	TraceDirection,
	TracedId,
} from "../genealogy-port.ts";

/** Ids in one answer. */
const idsMost = 5_000;
/** Links that one answer is made from. */
const linksMost = 20_000;
/** Charges, blends and packs are three; rework and recycled solvent make it longer. */
const stepsMost = 32;

const fromIs = { charge: "material", blend: "batch", pack: "lot" } as const satisfies Record<
	LinkKind,
	TracedId["is"]
>;
const intoIs = { charge: "batch", blend: "lot", pack: "package" } as const satisfies Record<
	LinkKind,
	TracedId["is"]
>;

export type LinksOf = (query: LinksQuery) => Promise<readonly GenealogyLink[]>;

/**
 * Everything behind an id or before it, step by step. Blends are taken to be even: of what went into a thing an equal
 * part goes into each kilogram that is made of it. Ends in a circle, too.
 */
export async function traceLinks(id: string, direction: TraceDirection, linksOf: LinksOf): Promise<Trace> {
	const links: GenealogyLink[] = [];
	const steps = new Map<string, number>([[id, 0]]);
	let isCut = false;
	let next = [id];
	for (let step = 1; next.length > 0; step++) {
		if (step > stepsMost || links.length >= linksMost || steps.size > idsMost) {
			isCut = true;
			break;
		}
		const most = linksMost - links.length;
		const found = await linksOf({ ids: next, direction, most });
		isCut ||= found.length === most;
		next = [];
		for (const link of found) {
			links.push(link);
			const other = direction === "back" ? link.from : link.into;
			if (steps.has(other)) continue;
			steps.set(other, step);
			next.push(other);
		}
	}
	const amounts = amountsIn(id, direction, links, await outputsOf(id, direction, links, linksOf));
	const kinds = new Map<string, GenealogyLink>();
	for (const link of links) {
		const other = direction === "back" ? link.from : link.into;
		if (!kinds.has(other)) kinds.set(other, link);
	}
	const found = [...steps]
		.filter(([one]) => one !== id)
		.map(([one, away]): TracedId => {
			const link = kinds.get(one) as GenealogyLink;
			return {
				id: one,
				is: (direction === "back" ? fromIs : intoIs)[link.kind],
				steps: away,
				material: direction === "back" ? link.material : "",
				kg: amounts?.get(one),
			};
		})
		.sort((a, b) => a.steps - b.steps || compare(a.id, b.id));
	return { id, direction, found, links: [...links].sort(byTime), isCut };
}

/** Kilograms that were made of each thing altogether, which says what part of it went one way. */
async function outputsOf(
	id: string,
	direction: TraceDirection,
	links: readonly GenealogyLink[],
	linksOf: LinksOf,
): Promise<ReadonlyMap<string, number>> {
	const ids = [...new Set([id, ...links.map(({ from }) => from)])];
	// Traced forward, every link out of a thing is there already.
	const all = direction === "forward" ? links : await linksOf({ ids, direction: "forward", most: linksMost });
	const outputs = new Map<string, number>();
	for (const { from, kg } of all) outputs.set(from, (outputs.get(from) ?? 0) + kg);
	return outputs;
}

/**
 * By id: back, kilograms of it in the thing that was asked for; forward, kilograms of what was asked for in it. What is lost on
 * the way is lost evenly. Undefined when things go round in a circle.
 */
function amountsIn(
	id: string,
	direction: TraceDirection,
	links: readonly GenealogyLink[],
	outputs: ReadonlyMap<string, number>,
): Map<string, number> | undefined {
	const farther = ({ from, into }: GenealogyLink) => (direction === "back" ? from : into);
	const byNearer = Map.groupBy(links, ({ from, into }) => (direction === "back" ? into : from));
	const order = farthestLast(id, byNearer, farther);
	if (order === undefined) return undefined;
	const amounts = new Map<string, number>();
	for (const one of order) {
		const output = outputs.get(one) ?? 0;
		const perOutput = output > 0 ? (amounts.get(one) ?? 0) / output : 0;
		for (const link of byNearer.get(one) ?? []) {
			const other = farther(link);
			const kg = one === id ? link.kg : link.kg * perOutput;
			amounts.set(other, (amounts.get(other) ?? 0) + kg);
		}
	}
	return amounts;
}

/** Ids in an order in which each comes after all that are nearer; undefined in a circle. */
function farthestLast(
	id: string,
	byNearer: ReadonlyMap<string, readonly GenealogyLink[]>,
	farther: (link: GenealogyLink) => string,
): string[] | undefined {
	const order: string[] = [];
	const state = new Map<string, "open" | "done">();
	const path: { id: string; next: string[] }[] = [];
	const enter = (one: string) => {
		state.set(one, "open");
		path.push({ id: one, next: [...new Set((byNearer.get(one) ?? []).map(farther))] });
	};
	enter(id);
	while (path.length > 0) {
		const top = path.at(-1) as (typeof path)[number];
		const other = top.next.pop();
		if (other === undefined) {
			state.set(top.id, "done");
			order.push(top.id);
			path.pop();
		} else if (state.get(other) === "open") return undefined;
		else if (state.get(other) === undefined) enter(other);
	}
	return order.reverse();
}

function byTime(a: GenealogyLink, b: GenealogyLink): number {
	return (
		a.atMs - b.atMs ||
		compare(a.into, b.into) ||
		compare(a.from, b.from) ||
		a.kg - b.kg ||
		compare(a.unit, b.unit)
	);
}

function compare(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}
