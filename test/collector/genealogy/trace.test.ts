import fc from "fast-check";
import { expect, test } from "vitest";
import { type LinksOf, traceLinks } from "../../../collector/genealogy/trace.ts";
import type { GenealogyLink, LinkKind, TraceDirection } from "../../../collector/genealogy-port.ts";

const link = (kind: LinkKind, from: string, into: string, kg: number, atMs = 0): GenealogyLink => ({
	...{
		kind,
		from,
		into,
		kg,
		atMs,
		material: kind === "charge" ? "li2s" : "",
		supplier: "",
		assay: undefined,
		unit: "U1",
	},
});

/** What a store would answer. */
const among =
	(links: readonly GenealogyLink[]): LinksOf =>
	async ({ ids, direction, most }) =>
		links.filter(({ from, into }) => ids.includes(direction === "back" ? into : from)).slice(0, most);

const line = [
	link("charge", "M1", "B1", 10, 1),
	link("charge", "M1", "B2", 30, 2),
	link("charge", "M2", "B2", 60, 3),
	// Half of what was charged is lost on the way; a quarter of batch 2 goes into another lot.
	link("blend", "B1", "L1", 5, 4),
	link("blend", "B2", "L1", 30, 5),
	link("blend", "B2", "L2", 10, 6),
	link("pack", "L1", "L1-1", 20, 7),
	link("pack", "L1", "L1-2", 15, 8),
];

const amounts = async (id: string, direction: TraceDirection, links = line) => {
	const { found } = await traceLinks(id, direction, among(links));
	return Object.fromEntries(found.map((one) => [one.id, one.kg]));
};

test("back: how much of each thing is in what was asked for, blends being even", async () => {
	expect(await amounts("L1", "back")).toEqual({ B1: 5, B2: 30, M1: 10 + 30 * 0.75, M2: 45 });
	const ofBag = await amounts("L1-1", "back");
	expect(ofBag.L1).toBe(20);
	expect(ofBag.B2).toBeCloseTo((30 * 20) / 35, 10);
	expect(ofBag.M2).toBeCloseTo((45 * 20) / 35, 10);
});

test("forward: how much of what was asked for is in each thing", async () => {
	const found = await amounts("M1", "forward");
	expect(found).toMatchObject({ B1: 10, B2: 30, L1: 10 + 22.5, L2: 7.5 });
	expect(found["L1-1"]).toBeCloseTo((32.5 * 20) / 35, 10);
	expect(found["L1-2"]).toBeCloseTo((32.5 * 15) / 35, 10);
});

test("what each thing is, and how far away", async () => {
	const { found, isCut, links } = await traceLinks("L1-1", "back", among(line));
	expect(found.map(({ id, is, steps }) => [id, is, steps])).toEqual([
		["L1", "lot", 1],
		["B1", "batch", 2],
		["B2", "batch", 2],
		["M1", "material", 3],
		["M2", "material", 3],
	]);
	expect(isCut).toBe(false);
	expect(links.map(({ atMs }) => atMs)).toEqual([1, 2, 3, 4, 5, 7]);
});

test("things that go round in a circle are each there once, without amounts", async () => {
	const { found, isCut } = await traceLinks(
		"A",
		"forward",
		among([link("blend", "A", "B", 1), link("blend", "B", "A", 1)]),
	);
	expect(found).toMatchObject([{ id: "B", kg: undefined }]);
	expect(isCut).toBe(false);
});

test("a chain without end, and a thing that is in everything, are cut, and say so", async () => {
	const endless: LinksOf = async ({ ids }) => ids.map((id) => link("blend", id, `${id}x`, 1));
	const deep = await traceLinks("A", "forward", endless);
	expect(deep.isCut).toBe(true);
	expect(deep.found).toHaveLength(32);
	const wide = Array.from({ length: 30_000 }, (_, index) => link("charge", "M", `B${index}`, 1));
	const found = await traceLinks("M", "forward", among(wide));
	expect(found.isCut).toBe(true);
	expect(found.links).toHaveLength(20_000);
});

test("property: nothing is made or lost, and the order in which links were told does not matter", async () => {
	const amount = fc.integer({ min: 1, max: 1_000 });
	const plant = fc
		.record({
			charges: fc.array(fc.tuple(fc.nat(3), fc.nat(4), amount), { minLength: 1, maxLength: 12 }),
			blends: fc.array(fc.tuple(fc.nat(4), fc.nat(2), amount), { minLength: 1, maxLength: 8 }),
			packs: fc.array(fc.tuple(fc.nat(2), amount), { minLength: 1, maxLength: 8 }),
		})
		.map(({ charges, blends, packs }) => [
			...charges.map(([from, into, kg], at) => link("charge", `M${from}`, `B${into}`, kg, at)),
			...blends.map(([from, into, kg], at) => link("blend", `B${from}`, `L${into}`, kg, 100 + at)),
			...packs.map(([from, kg], at) => link("pack", `L${from}`, `P${at}`, kg, 200 + at)),
		]);
	await fc.assert(
		fc.asyncProperty(
			plant.chain((links) =>
				fc.tuple(fc.constant(links), fc.shuffledSubarray(links, { minLength: links.length })),
			),
			async ([links, shuffled]) => {
				for (const id of ["M0", "M1"]) {
					const forward = await traceLinks(id, "forward", among(links));
					expect(await traceLinks(id, "forward", among(shuffled))).toMatchObject({
						found: forward.found.map(({ kg, ...one }) => ({
							...one,
							kg: expect.closeTo(kg ?? Number.NaN, 6),
						})),
					});
					const charged = links.filter(({ from }) => from === id).reduce((sum, { kg }) => sum + kg, 0);
					const inBatches = forward.found
						.filter(({ is }) => is === "batch")
						.reduce((sum, { kg }) => sum + (kg ?? 0), 0);
					expect(inBatches).toBeCloseTo(charged, 6);
					// What is seen from one end is seen from the other.
					for (const { id: other, kg } of forward.found) {
						const back = await traceLinks(other, "back", among(shuffled));
						const again = back.found.find((one) => one.id === id)?.kg;
						expect(again).toBeCloseTo(kg ?? Number.NaN, 6);
					}
				}
			},
		),
		{ numRuns: 60 },
	);
});
