// Whatever way the same samples arrive, the same verdict is given, byte for byte.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import type { Specification } from "../../../../collector/specification.ts";
import { temporaryFolder } from "../../../helpers/temporary-folder.ts";
import { specificationFrom } from "../../specification-of.ts";
import { JudgedLine, recordsOf, type ToldRecord } from "./judged-line.ts";
import { seeded, threeLots } from "./judged-story.ts";

const common = { eu: "degC", concerns: ["technical" as const], reaction: "look" };
const specification: Specification = specificationFrom({
	windows: [
		{ id: "soak", unit: "U1", tag: "T1", phases: ["SOAK"], low: 0, high: 10, on_delay_s: 20, ...common },
		{ id: "pack", unit: "U2", tag: "T1", high: 100, alert_high: 55, ...common },
	],
	aggregates: [
		{
			id: "soak-mean",
			unit: "U1",
			tag: "T1",
			phases: ["SOAK"],
			basis: "time_weighted_mean",
			high: 8,
			...common,
		},
		{ id: "pack-max", unit: "U2", tag: "T1", basis: "max", high: 90, ...common },
	],
});

async function verdictsOf(
	deliver: (line: JudgedLine) => Promise<void>,
): Promise<{ verdicts: Record<string, string>; given: number }> {
	const line = new JudgedLine(temporaryFolder(), specification);
	await line.start();
	onTestFinished(() => line.stop());
	await deliver(line);
	await line.judged();
	return { verdicts: line.verdicts(), given: line.given.length };
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
	const out = [...list];
	for (let at = out.length - 1; at > 0; at--) {
		const other = Math.floor(random() * (at + 1));
		[out[at], out[other]] = [out[other] as T, out[at] as T];
	}
	return out;
}

const told = threeLots(seeded(20_261_130));
const whole = recordsOf(told, () => true);

let inOrder: Record<string, string>;
beforeAll(async () => {
	const folder = mkdtempSync(join(tmpdir(), "pilotline-test-"));
	const line = new JudgedLine(folder, specification);
	await line.start();
	await line.deliver(whole);
	await line.judged();
	inOrder = line.verdicts();
	await line.stop();
	rmSync(folder, { recursive: true });
});

test("in order, each lot is judged as it was", () => {
	const said = Object.fromEntries(
		Object.entries(inOrder).map(([lot, text]) => {
			const { verdict, windows } = JSON.parse(text);
			return [
				lot,
				[
					verdict,
					...windows.map((one: { window: string; verdict: string }) => `${one.window} ${one.verdict}`),
				],
			];
		}),
	);
	expect(said).toEqual({
		L1: ["alert", "pack-max in", "soak-mean in", "pack alert", "soak in"],
		L2: ["out", "pack-max in", "soak-mean in", "pack alert", "soak out"],
		L3: ["not_evaluable", "pack-max in", "soak-mean not_evaluable", "pack alert", "soak not_evaluable"],
	});
});

/** Byte for byte, with a short message for a lot that is missing. */
function same(verdicts: Record<string, string>): void {
	expect(Object.keys(verdicts)).toEqual(Object.keys(inOrder));
	for (const [lot, text] of Object.entries(inOrder)) expect(verdicts[lot] === text, lot).toBe(true);
}

const seeds = [3, 4, 5];

test.each(seeds)("splitting, order and repetition of records change nothing (seed %i)", async (seed) => {
	const random = seeded(seed);
	const records = recordsOf(told, () => random() < 0.3);
	const repeated = records.filter(() => random() < 0.2);
	const arrival = shuffled([...records, ...repeated], random);
	const { verdicts } = await verdictsOf((line) => line.deliver(arrival));
	same(verdicts);
});

test.each(seeds)("two lanes and restarts in between change nothing (seed %i)", async (seed) => {
	const random = seeded(100 + seed);
	const records = recordsOf(told, () => random() < 0.5);
	const cut = Math.floor(records.length * (0.2 + 0.6 * random()));
	const [backlog, live] = [records.slice(0, cut), records.slice(cut)];
	const lanes: ToldRecord[] = [];
	while (backlog.length > 0 || live.length > 0) {
		const from = backlog.length === 0 || (live.length > 0 && random() < 0.5) ? live : backlog;
		lanes.push(from.shift() as ToldRecord);
	}
	const { verdicts } = await verdictsOf(async (line) => {
		const size = Math.ceil(lanes.length / 3);
		for (let at = 0; at < lanes.length; at += size) {
			await line.deliver(lanes.slice(at, at + size));
			if (random() < 0.5) await line.judged();
			await line.stop();
			await line.start();
		}
	});
	same(verdicts);
});

const isLate = ({ unit, samples }: ToldRecord) =>
	unit === "U1" && samples.some(({ s }) => s > 1_320 && s < 1_360);

test("while records of a lot are missing no verdict is given, and each is given once when they have come", async () => {
	const late = whole.filter(isLate);
	expect(late.length).toBeGreaterThan(2);
	const { given, verdicts } = await verdictsOf(async (line) => {
		await line.deliver(whole.filter((record) => !late.includes(record)));
		await line.judged();
		expect(line.given.map(({ lot }) => lot)).toEqual(["L1"]);
		await line.deliver(late);
	});
	same(verdicts);
	expect(given).toBe(3);
});

test("what is read later corrects a verdict, once, and the correction names what it corrects", async () => {
	// As history that an agent reads after an outage: behind everything that it had sent before.
	const records = [...whole.filter((record) => !isLate(record)), ...whole.filter(isLate)].map(
		(record, index) => ({
			...record,
			offset: index + 1,
		}),
	);
	const before = records.filter((record) => !isLate(record)).length;
	const line = new JudgedLine(temporaryFolder(), specification);
	await line.start();
	onTestFinished(() => line.stop());
	await line.deliver(records.slice(0, before));
	await line.judged();
	expect([line.given.map(({ lot }) => lot), line.corrected]).toEqual([
		["L1", "L2", "L3"],
		[undefined, undefined, undefined],
	]);
	await line.deliver(records.slice(before));
	await line.judged();
	expect(line.given.slice(3).map(({ lot }) => lot)).toEqual(["L2"]);
	expect(line.corrected[3]).toBe(line.given[1]?.id);
	same(line.verdicts());
});
