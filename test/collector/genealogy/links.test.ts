import { describe, expect, test } from "vitest";
import { genealogyOf } from "../../../collector/genealogy/genealogy-of.ts";
import { LinkReader } from "../../../collector/genealogy/link-reader.ts";
import { readLinkText } from "../../../collector/genealogy/link-text.ts";
import { genealogyGaps, lotGenealogy, materialReasons } from "../../../collector/genealogy/lot-genealogy.ts";
import type { GenealogyLink, LinkKind } from "../../../collector/genealogy-port.ts";
import { SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";
import { chargeLink, genealogyText } from "../../../simulators/plant/model/genealogy.ts";
import { result } from "../laboratory/judged-results.ts";

describe("a value of the tag", () => {
	test("as the simulated plant tells it", () => {
		const charge = { material: "li2s", lot: "LS-0003", supplier: "supplier A", assayWtPct: 99.8117 };
		expect(readLinkText(genealogyText(chargeLink(charge as never, "B000105", 11.1321)))).toEqual({
			...{ kind: "charge", from: "LS-0003", into: "B000105", kg: 11.132, material: "li2s" },
			...{ supplier: "supplier A", assay: 99.812 },
		});
		expect(readLinkText('{"link":"pack","from":"L35","into":"L35-1","kg":5}')).toEqual({
			...{ kind: "pack", from: "L35", into: "L35-1", kg: 5, material: "", supplier: "", assay: undefined },
		});
		expect(readLinkText("")).toBeUndefined();
	});

	test.each([
		["{", 'expected a JSON object, found "{"'],
		["[]", "expected object"],
		['{"link":"weld","from":"A","into":"B","kg":1}', "link: "],
		['{"link":"pack","from":"A","into":"B"}', "kg: "],
		['{"link":"pack","from":"A","into":"B","kg":-1}', "kg: "],
		['{"link":"pack","from":"A","into":"B","kg":"1"}', "kg: "],
		['{"link":"pack","from":"","into":"B","kg":1}', "from: "],
		['{"link":"pack","from":"A\\n","into":"B","kg":1}', "from: expected an id without"],
		['{"link":"pack","from":"A","into":"A","kg":1}', 'expected two ids, found "A" twice'],
	])("%s is refused with its reason", (text, reason) => {
		const read = readLinkText(text);
		expect(read).toHaveProperty("refused");
		expect((read as { refused: string }).refused).toContain(reason);
	});
});

test("links are read out of Good values of the tag alone, in whatever unit; others are named", () => {
	const reader = new LinkReader("Genealogy");
	const series = (id: number, device: string, tag: string) => ({
		...{ id, device, tag },
		edgeNode: 1,
		datatype: 12,
		eu: undefined,
	});
	for (const one of [
		series(1, "U200", "Genealogy"),
		series(2, "U650", "Genealogy"),
		series(3, "U200", "Phase"),
	])
		reader.addSeries(one);
	const samples = new SampleColumns(6);
	const add = (id: number, value: SampleValue, status = 0) => {
		const index = samples.count++;
		samples.tagId[index] = id;
		samples.sourceMs[index] = 1_000 + index;
		samples.status[index] = status;
		samples.setValue(index, value);
	};
	const text = '{"link":"blend","from":"B1","into":"L1","kg":2}';
	add(1, "");
	add(2, text);
	add(3, text);
	add(1, text, 0x8000_0000);
	add(1, 7);
	add(1, "what?");
	expect(reader.take(samples)).toEqual({
		links: [
			expect.objectContaining({ kind: "blend", from: "B1", into: "L1", kg: 2, unit: "U650", atMs: 1_001 }),
		],
		refused: [
			{ unit: "U200", atMs: 1_004, reason: "expected a text" },
			{ unit: "U200", atMs: 1_005, reason: expect.stringContaining('"what?"') },
		],
	});
	samples.count = 1;
	expect(reader.take(samples)).toBeUndefined();
});

const link = (
	kind: LinkKind,
	from: string,
	into: string,
	kg: number,
	material = "",
	atMs = 0,
): GenealogyLink => ({
	...{ kind, from, into, kg, material, atMs, supplier: "", assay: undefined, unit: "U1" },
});
const told = [
	link("charge", "S1", "B1", 10, "li2s"),
	link("charge", "S1", "B1", 2.0004, "li2s", 1),
	link("charge", "P1", "B1", 20, "p2s5"),
	link("blend", "B1", "L1", 8),
	link("pack", "L1", "L1-2", 3, "", 9),
	link("pack", "L1", "L1-1", 5, "", 8),
];

test("a lot's genealogy: amounts together, packages as they were filled", () => {
	expect(lotGenealogy("L1", told, (material) => (material === "li2s" ? "out" : undefined))).toEqual({
		materials: [
			{
				material: "li2s",
				lot: "S1",
				supplier: "",
				assay: undefined,
				kg: 12,
				batches: ["B1"],
				verdict: "out",
			},
			{
				material: "p2s5",
				lot: "P1",
				supplier: "",
				assay: undefined,
				kg: 20,
				batches: ["B1"],
				verdict: undefined,
			},
		],
		batches: [{ batch: "B1", kg: 8 }],
		packages: [
			{ id: "L1-1", kg: 5, atMs: 8 },
			{ id: "L1-2", kg: 3, atMs: 9 },
		],
	});
});

describe("what nobody told", () => {
	const texts = (...asked: Parameters<typeof genealogyGaps>) =>
		genealogyGaps(...asked).map(({ text }) => text);

	test("is nothing when each batch has its materials and went into the lot", () => {
		expect(texts("L1", told, ["B1"], ["li2s", "p2s5"])).toEqual([]);
		expect(texts("L1", told, [], [])).toEqual([]);
	});

	test("is named by batch, also of one that was never seen with the lot", () => {
		expect(texts("L1", told, ["B1"], ["li2s", "licl"])).toEqual([
			"genealogy: no lot of licl is known of batch B1",
		]);
		expect(texts("L1", [...told, link("blend", "B0", "L1", 1)], ["B1", "B2", ""], [])).toEqual([
			"genealogy: nothing says what batch B0 was made of",
			"genealogy: nothing says that batch B2 went into the lot",
			"genealogy: nothing says what batch B2 was made of",
		]);
	});
});

describe("what a lot was made of though it is out", () => {
	const of = (material: string, lot: string, verdict: "in" | "out" | "not_evaluable") => ({
		material,
		lot,
		verdict,
	});

	test("is named with its batch; the plant's and the laboratory's names may differ by their case", () => {
		expect(materialReasons(told, [of("Li2S", "S1", "out"), of("P2S5", "P1", "not_evaluable")])).toEqual([
			{ code: "material_out", text: "made of lot S1 of li2s, which is out, in batch B1" },
		]);
		expect(materialReasons(told, [of("Li2S", "S1", "in"), of("LiCl", "P1", "out")])).toEqual([]);
		expect(materialReasons(told, [])).toEqual([]);
	});

	test("is read beside what nobody told, by whoever judges; the documents say the same", async () => {
		const bad = result({ material: "Li2S", lot: "S1", test: "impurity", value: 9 });
		const asked: string[] = [];
		const store = (whose: string) => ({
			links: async () => [],
			lotLinks: async () => told,
			materialLotResults: async ({ lots }: { lots: readonly string[] }) => {
				asked.push(`${whose} ${lots.join(" ")}`);
				return [bad];
			},
		});
		const genealogy = genealogyOf(
			{ tag: "Genealogy", materials: ["licl"] },
			{
				...{ evidence: store("evidence"), asked: store("people") },
				judge: (results) => results.map((one) => ({ ...one, verdict: "out" }) as never),
			},
		);
		const reasons = await genealogy?.reasons("L1", ["B1"]);
		expect(reasons?.map(({ code }) => code)).toEqual(["genealogy_gap", "material_out"]);
		const { materials = [] } = (await genealogy?.ofLot("L1", ["B1"])) ?? {};
		expect(materials.map(({ lot, verdict }) => [lot, verdict])).toEqual([
			["S1", "out"],
			["P1", undefined],
		]);
		expect(asked).toEqual(["evidence S1 P1", "people S1 P1"]);
		expect(
			genealogyOf(undefined, { evidence: store(""), asked: store(""), judge: () => [] }),
		).toBeUndefined();
	});
});
