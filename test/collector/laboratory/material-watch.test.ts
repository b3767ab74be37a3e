import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { listText } from "../../../cli/materials.ts";
import { MaterialWatch } from "../../../collector/laboratory/material-watch.ts";
import type { LabResult } from "../../../collector/laboratory-port.ts";
import { materialMessages } from "../../../collector/notify/material-messages.ts";
import type { Specification } from "../../../collector/specification.ts";
import { StoreReader } from "../../../collector/store/reader.ts";
import { Store } from "../../../collector/store/store.ts";
import { StoreFile } from "../../../collector/store/store-file.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { quietTelemetry } from "../../helpers/quiet-telemetry.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { specificationFrom } from "../specification-of.ts";
import { emptyBatch } from "../store/known-store.ts";
import { result } from "./judged-results.ts";

const impurity = (high: number, version = 1) =>
	specificationFrom({
		version,
		materials: [
			{
				...{ id: "Li2S.impurity", material: "Li2S", test: "impurity", eu: "wt%", high, retest_days: 90 },
				...{ concerns: ["procurement"], reaction: "Keep the lot out of the glovebox." },
			},
		],
	});

/** A store, and a watch of it by a specification that can change from one start to the next. */
async function rig() {
	const path = join(temporaryFolder(), "store.db");
	const [store, reader] = [new Store(), new StoreReader()];
	await store.open(path);
	await reader.open(path);
	onTestFinished(async () => {
		await reader.close();
		await store.close();
	});
	const destinations = [
		{ name: "buyers", events: [], concerns: ["procurement" as const] },
		{ name: "drivers", events: [], concerns: ["logistics" as const] },
		{ name: "all", events: ["material.judged" as const], concerns: [] },
	];
	const again: string[][] = [];
	const watchBy = (specification: Specification) =>
		new MaterialWatch({
			...{
				clock: new SteppedClock(),
				telemetry: quietTelemetry(),
				store,
				onJudged: (lots) => again.push([...lots]),
			},
			specificationAt: () => ({ specification, hash: `hash ${specification.version}` }),
			messages: (...judged) => {
				const known = () => specification;
				return materialMessages(...judged, {
					specificationOf: known,
					specificationAt: known,
					destinations,
					nowMs: 9,
				});
			},
		});
	const enter = (...results: LabResult[]) =>
		store.commit({
			...{ ...emptyBatch, samples: new SampleColumns(0) },
			laboratory: { results, refused: [], withdrawn: [], state: undefined },
		});
	const verdicts = async (lot = "LS-1") =>
		(await reader.material(lot)).map(
			({ revision, judgement }) => `${revision} ${judgement.material} ${judgement.verdict}`,
		);
	const messages = () => {
		const file = new StoreFile(path);
		const rows = file.all("SELECT destination, type, body FROM outbox ORDER BY n");
		file.close();
		return rows.map(({ destination, type, body }) => {
			const { data } = JSON.parse(String(body)) as {
				data: { lot: string; verdict: string; tests: { reaction?: string }[] };
			};
			return `${destination} ${type} ${data.lot} ${data.verdict} ${data.tests[0]?.reaction ?? ""}`.trim();
		});
	};
	return { reader, watchBy, enter, verdicts, messages, again, store, path };
}

const of = (value: number, over: Partial<LabResult> = {}) =>
	result({ material: "Li2S", lot: "LS-1", test: "impurity", eu: "wt%", value, ...over });

test("a lot is judged once for what it has, again when a correction comes, and whom it concerns is told each time", async () => {
	const { watchBy, enter, verdicts, messages, again, reader } = await rig();
	const watch = watchBy(impurity(0.3));
	await watch.look();
	expect(await reader.materials({ limit: 9 })).toEqual([]);
	await enter(of(0.9), result({ lot: "L1" }));
	await watch.look();
	await watch.look();
	expect(await verdicts()).toEqual(["1 Li2S out"]);
	expect(await verdicts("L1")).toEqual([]);
	const told = "material.judged LS-1 out Keep the lot out of the glovebox.";
	expect(messages()).toEqual([`buyers ${told}`, `all ${told}`]);
	expect(again).toEqual([[]]);
	// A second result that changes nothing of what is said is no revision; a correction is one.
	await enter(of(0.9, { sample: "S1", version: 1, operator: "lab-1" }));
	await watch.look();
	await enter(of(0.1, { version: 2, reason: "mixed up" }));
	await watch.look();
	expect(await verdicts()).toEqual(["2 Li2S in", "1 Li2S out"]);
	expect(messages().slice(2)).toEqual(["buyers material.judged LS-1 in", "all material.judged LS-1 in"]);
	const [newest] = await reader.materials({ limit: 9 });
	expect(newest).toMatchObject({
		revision: 2,
		judgement: { verdict: "in", retestMs: 1_000 + 90 * 86_400_000 },
	});
	expect(newest?.corrects).toBe((await reader.material("LS-1"))[1]?.id);
	expect(await reader.materialLotResults({ lots: ["LS-1", "L1"] })).toHaveLength(2);
});

test("after a start every lot is judged by the versions that are known then; the same verdict is no revision", async () => {
	const { watchBy, enter, verdicts } = await rig();
	await enter(of(0.2), of(0.2, { lot: "LS-2" }), of(0.2, { material: "P2S5", lot: "LS-1" }));
	await watchBy(impurity(0.3)).look();
	await watchBy(impurity(0.3)).look();
	expect(await verdicts()).toEqual(["1 Li2S in", "1 P2S5 not_evaluable"]);
	await watchBy(impurity(0.1, 2)).look();
	expect(await verdicts()).toEqual([
		"2 Li2S out",
		"1 Li2S in",
		"2 P2S5 not_evaluable",
		"1 P2S5 not_evaluable",
	]);
	expect(await verdicts("LS-2")).toEqual(["2 Li2S out", "1 Li2S in"]);
});

test("more lots than are read at once are all judged", async () => {
	const { watchBy, enter, reader } = await rig();
	await enter(...Array.from({ length: 250 }, (_, index) => of(0.1, { lot: `LS-${index}` })));
	await watchBy(impurity(0.3)).look();
	expect(await reader.materials({ limit: 1_000 })).toHaveLength(250);
});

test("the list says what is not in, and which lot wants to be tested again", async () => {
	const { watchBy, enter, reader } = await rig();
	await enter(of(0.9), of(0.1, { lot: "LS-2" }));
	await watchBy(impurity(0.3)).look();
	const text = listText(await reader.materials({ limit: 9 }), 100 * 86_400_000);
	expect(text).toMatch(/Li2S +LS-1 +OUT .*\(due\) +Li2S\.impurity: 0\.9 wt% is above 0\.3 wt%/);
	expect(text).toMatch(/Li2S +LS-2 +in /);
});

test("lots that were made of it and have left the line are judged again when its verdict changes, also after a kill", async () => {
	const { watchBy, enter, again, store, path } = await rig();
	const link = (kind: "charge" | "blend", from: string, into: string) => ({
		...{ kind, from, into, kg: 1, material: "", supplier: "", assay: undefined, unit: "U1", atMs: 1 },
	});
	const lot = (name: string, closedMs: number | undefined) => ({
		lot: name,
		openedMs: 0,
		closedMs,
		observedWhole: true,
	});
	await store.commit({
		...{ ...emptyBatch, samples: new SampleColumns(0) },
		lots: [lot("L1", 9), lot("L2", undefined), lot("L3", 9)],
		genealogy: [
			...[link("charge", "LS-1", "B1"), link("blend", "B1", "L1"), link("blend", "B1", "L2")],
			...[link("charge", "LS-2", "B3"), link("blend", "B3", "L3")],
		],
	});
	const due = () => {
		const file = new StoreFile(path);
		const rows = file.all("SELECT lot FROM due ORDER BY lot");
		file.close();
		return rows.map((row) => row.lot);
	};
	await enter(of(0.9));
	const watch = watchBy(impurity(0.3));
	await watch.look();
	await watch.look();
	expect(again).toEqual([["L1"]]);
	expect(due()).toEqual(["L1"]);
	await enter(of(0.1, { version: 2, reason: "mixed up" }));
	await watch.look();
	expect(again).toEqual([["L1"], ["L1"]]);
});
