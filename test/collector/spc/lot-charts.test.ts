import { expect, test } from "vitest";
import type { ChartBaselineRow, LotNumber, StoredCharts } from "../../../collector/chart-port.ts";
import { LotCharts } from "../../../collector/spc/lot-charts.ts";
import { SeededNormals } from "../../../collector/spc/numerics/random.ts";

const nothingStored: StoredCharts = { points: [], baselines: [] };

function chartsOf(stored = nothingStored, wanted: ConstructorParameters<typeof LotCharts>[0]["wanted"] = []) {
	const told: string[] = [];
	const charts = new LotCharts({
		...{ stored, wanted, numbers: async () => [] },
		telemetry: {
			chartSignalled: ({ characteristic, lot, rule }) => told.push(`${characteristic} ${lot} ${rule}`),
			baselineFrozen: ({ characteristic, version, by }) =>
				told.push(`${characteristic} v${version} by ${by}`),
			baselineRefused: ({ characteristic, version, reason }) =>
				told.push(`${characteristic} v${version}: ${reason}`),
			chartRefused: ({ characteristic }) => told.push(`refused ${characteristic}`),
		},
	});
	return { charts, told };
}

const number = (lot: number, value: number, more: Partial<LotNumber> = {}): LotNumber => ({
	...{
		characteristic: "soak/mean",
		lot: `L${lot}`,
		atMs: lot,
		value,
		samples: 9,
		rejected: undefined,
		stored: 0,
	},
	...more,
});

/** Feeds lots one by one, as if each were stored. */
function fed(count: number, { charts, told } = chartsOf()) {
	const normals = new SeededNormals(11);
	const stored = { points: [] as StoredCharts["points"][number][], baselines: [] as ChartBaselineRow[] };
	for (let lot = 1; lot <= count; lot++) {
		const value = 50 + 2 * Math.max(-1.8, Math.min(1.8, normals.next()));
		const { points, baselines } = charts.take([number(lot, value)], 7);
		charts.keep();
		stored.points.push(...points);
		stored.baselines.push(...baselines);
	}
	return { charts, told, stored };
}

test("rows that were not stored are given again, and those that were are not", () => {
	const { charts } = chartsOf();
	const first = charts.take([number(1, 50)], 7);
	expect(first.points).toMatchObject([{ lot: "L1", revision: 1, value: 50, judgedMs: 7 }]);
	expect(charts.take([number(1, 50)], 7)).toEqual(first);
	charts.keep();
	expect(charts.take([number(1, 50)], 7)).toEqual({ points: [], signals: [], baselines: [] });
});

test("a correction is the next revision; its signal has an id of its own, which is always the same", () => {
	const { charts, told, stored } = fed(25);
	expect(stored.baselines).toMatchObject([
		{ characteristic: "soak/mean", version: 1, by: "collector", n: 25 },
	]);
	expect(told).toEqual(["soak/mean v1 by collector"]);
	const far = charts.take([number(26, 90)], 8);
	expect(far.signals).toMatchObject([{ rule: "beyond-3-sigma", revision: 1, baselineVersion: 1, value: 90 }]);
	charts.keep();
	const corrected = charts.take([number(26, 95)], 9);
	expect(corrected.points).toMatchObject([{ revision: 2, value: 95 }]);
	expect(corrected.signals[0]?.id).not.toBe(far.signals[0]?.id);
	expect(charts.take([number(26, 95)], 10).signals[0]?.id).toBe(corrected.signals[0]?.id);
	const rejected = charts.take([number(26, 95, { rejected: "gap: agent_down" })], 10);
	expect(rejected).toMatchObject({ points: [{ revision: 2, rejected: "gap: agent_down" }], signals: [] });
});

test("after a restart charts go on with what was stored", () => {
	const before = fed(30);
	const { charts } = chartsOf(before.stored);
	const next = [number(31, 71)];
	expect(charts.take(next, 9)).toEqual(before.charts.take(next, 9));
	expect(charts.take([number(30, before.stored.points[29]?.value ?? 0)], 9).points).toEqual([]);
	expect(charts.take([number(30, 1)], 9).points[0]?.revision).toBe(2);
});

test("a baseline that does not match its hash is not used", () => {
	const { stored } = fed(25);
	const [baseline] = stored.baselines;
	const body = JSON.stringify({ ...JSON.parse(baseline?.body ?? ""), sigma: 99 });
	for (const damaged of [body, "{", "null"]) {
		const { charts, told } = chartsOf({
			...stored,
			baselines: [{ ...(baseline as ChartBaselineRow), body: damaged }],
		});
		expect(told).toEqual(["soak/mean v1: it does not match its hash"]);
		expect(charts.take([number(26, 50)], 9).points[0]?.baselineVersion).toBeUndefined();
	}
});

test("a person's baseline is made from what is stored, once, and judges from then on", () => {
	const { stored } = fed(28);
	const wanted = [
		{
			...{
				characteristic: "soak/mean",
				version: 2,
				from: "L4",
				to: "L28",
				by: "M. Weber",
				reason: "new crucible",
			},
			excluded: [{ lot: "L9", reason: "lid open" }],
		},
		{
			characteristic: "soak/mean",
			version: 3,
			from: "L4",
			to: "L99",
			by: "M. Weber",
			reason: "x",
			excluded: [],
		},
	];
	const { charts, told } = chartsOf(stored, wanted);
	const rows = charts.wantedBaselines(9);
	expect(rows).toMatchObject([{ version: 2, n: 24, by: "M. Weber" }]);
	expect(told).toEqual([
		"soak/mean v2 by M. Weber",
		"soak/mean v3: expected a lot with a point of soak/mean, found L99",
	]);
	expect(charts.take([number(29, 50)], 9).points[0]?.baselineVersion).toBe(2);
	const again = chartsOf({ ...stored, baselines: [...stored.baselines, ...rows] }, wanted.slice(0, 1));
	expect(again.charts.wantedBaselines(9)).toEqual([]);
});

test("a lot of long ago that is judged again gets its next revision, and changes nothing else", () => {
	const { charts } = fed(30);
	const old = charts.take([number(-5, 999, { stored: 2 })], 9);
	expect(old).toMatchObject({
		points: [{ lot: "L-5", revision: 3, value: 999, center: undefined }],
		signals: [],
	});
	charts.keep();
	expect(charts.take([number(-5, 999, { stored: 3 })], 9).points).toMatchObject([{ revision: 4 }]);
});

test("there is a bound to how many characteristics are charted", () => {
	const { charts, told } = chartsOf();
	const many = Array.from({ length: 1_001 }, (_, index) => number(1, 5, { characteristic: `c${index}` }));
	charts.take(many, 7);
	charts.keep();
	expect(told).toEqual(["refused c1000"]);
});
