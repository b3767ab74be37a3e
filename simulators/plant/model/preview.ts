// What one should see of a scenario: a few instruments, with it and without it, from the same seed.

import type { ModelParameters } from "../parameters.ts";
import type { ScenarioName } from "../pipeline.ts";
import type { Batch } from "./batch.ts";
import { type Curve, curvesSvg } from "./curves-svg.ts";
import { Instrument } from "./instruments.ts";
import { ProcessLine } from "./line.ts";
import { type Quality, qualityOf } from "./quality.ts";
import { scenarios } from "./scenarios.ts";
import { tagNamed } from "./tags.ts";

interface Chart {
	readonly tags: readonly string[];
	/** Hours before and after the scenario begins. */
	readonly before: number;
	readonly after: number;
	readonly batches?: number;
}

const charts: Readonly<Record<ScenarioName, Chart>> = {
	"dew-point-excursion": { tags: ["Y830.TT01", "K700.AT03", "K700.AT04", "K700.KT01"], before: 1, after: 7 },
	"furnace-overshoot": { tags: ["F500.TT01", "F500.JT01", "F500.PT02", "F500.AT03"], before: 3, after: 6 },
	"thermocouple-drift": { tags: ["F500.TT01", "F500.TT02", "F500.JT01"], before: 1, after: 12, batches: 1 },
	"under-milling": { tags: ["M310.JT01", "M310.TT01", "M310.QC01"], before: 1, after: 10 },
	"over-milling": { tags: ["J600.FT01", "J600.QC01", "J600.XT01"], before: 1, after: 6 },
	"air-leak": { tags: ["F500.AT01", "F500.AT02", "F500.PT01", "F500.FT01"], before: 2, after: 13 },
	"dryer-vacuum-lost": { tags: ["Y810.TT01", "D400.TT03", "D400.PT01", "D400.WC01"], before: 1, after: 14 },
	"bad-li2s-lot": { tags: ["W200.WT01", "R300.AT01"], before: 1, after: 5 },
	"feeder-drift": { tags: ["W200.WT01", "W200.FT01"], before: 1, after: 3, batches: 1 },
	"warm-jet-gas": { tags: ["J600.TT01", "J600.XT01", "J600.XT02", "J600.JT01"], before: 1, after: 5 },
	"metal-contamination": { tags: ["M310.VT01", "M310.JC01", "B650.WT01"], before: 4, after: 100, batches: 4 },
	"abatement-failure": { tags: ["S900.FT01", "S900.AT03", "S900.AT02", "S910.AT03"], before: 1, after: 5 },
};

const stepS = 60;
const target = 3;
/** Batches of a preview are charged and packed within this time. */
const limitS = 150 * 3600;

interface Recorded {
	readonly values: ReadonlyMap<string, number[]>;
	readonly quality: Quality;
	readonly beganS: number;
}

function record(parameters: ModelParameters, seed: number, name: ScenarioName, disturbed: boolean): Recorded {
	const { tags, batches, after } = charts[name];
	const { from } = scenarios[name];
	const count = batches ?? 1;
	const last = target + count - 1;
	let finished: Batch | undefined;
	const line = new ProcessLine({
		parameters,
		seed,
		incidents: disturbed ? [{ name, train: 1, batch: target, batches: count }] : [],
		onLot: ({ batches: made }) => {
			finished ??= made.find(({ inTrain }) => inTrain === last);
		},
	});
	const read = tags.map((tag) => {
		const signal = line.units.flatMap(({ signals }) => signals).find((one) => one.tag.name === tag);
		if (signal === undefined) throw new Error(`expected an instrument of the line, found ${tag}`);
		return { instrument: new Instrument(signal, { seed, name: tag }), values: [] as number[] };
	});
	let beganS = Number.NaN;
	while (finished === undefined || line.nowS < beganS + after * 3600) {
		if (line.nowS > limitS) throw new Error(`expected batch ${last} within ${limitS / 3600} h`);
		line.advance(line.nowS + stepS);
		for (const { instrument, values } of read) {
			const { sample } = instrument.signal.tag;
			// What is weighed once shows what was weighed last.
			values.push(typeof sample === "number" ? instrument.read(line.nowS).value : instrument.signal.value);
		}
		const there = line.units.some(
			({ id, phase, batch }) => id === from.unit && phase === from.phase && batch?.inTrain === target,
		);
		if (there && Number.isNaN(beganS)) beganS = line.nowS;
	}
	const values = new Map(tags.map((tag, index) => [tag, (read[index] as { values: number[] }).values]));
	return { values, quality: qualityOf(finished, parameters), beganS };
}

/** The chart of a scenario as SVG, and what it does to the product in words. */
export function previewOf(
	name: ScenarioName,
	parameters: ModelParameters,
	seed: number,
): { readonly svg: string; readonly effect: string } {
	const clean = record(parameters, seed, name, false);
	const hit = record(parameters, seed, name, true);
	const { tags, before, after } = charts[name];
	const { code, description } = scenarios[name];
	const first = Math.max(0, Math.floor((hit.beganS - before * 3600) / stepS));
	const end = Math.floor((hit.beganS + after * 3600) / stepS);
	const curves = tags.map((tag): Curve => {
		const { description: title, eu, range, phases } = tagNamed(tag);
		const cut = (values: readonly number[] | undefined) => (values ?? []).slice(first, end);
		return {
			title: `${tag} ${title}, ${eu}`,
			clean: cut(clean.values.get(tag)),
			hit: cut(hit.values.get(tag)),
			limits: phases.length === 0 ? [] : [range.low, range.high].filter((limit) => limit !== undefined),
		};
	});
	const effect = effectOf(clean.quality, hit.quality);
	const svg = curvesSvg({
		title: `${code} ${name}`,
		subtitle: description,
		note: `Product: ${effect}.`,
		corner: `Simulated, seed ${seed}`,
		fromHour: -before,
		toHour: after,
		curves,
	});
	return { svg, effect };
}

const told: readonly { id: keyof Quality; name: string; eu: string; digits: number }[] = [
	{ id: "res_li2s", name: "residual Li2S", eu: "wt%", digits: 2 },
	{ id: "other_phase", name: "other phases", eu: "wt%", digits: 2 },
	{ id: "d50", name: "D50", eu: "um", digits: 1 },
	{ id: "solvent", name: "solvent", eu: "ppmw", digits: 0 },
	{ id: "moisture", name: "moisture", eu: "ppmw", digits: 0 },
	{ id: "oxygen", name: "oxygen", eu: "wt%", digits: 2 },
	{ id: "magnetic", name: "magnetic metal", eu: "ppb", digits: 0 },
];

function effectOf(clean: Quality, hit: Quality): string {
	const sigma = Math.round(100 * (hit.sigma_ion / clean.sigma_ion - 1));
	const changed = told
		.filter(({ id }) => Math.abs(hit[id] / clean[id] - 1) > 0.12)
		.map(
			({ id, name, eu, digits }) => `${name} ${hit[id].toFixed(digits)} (${clean[id].toFixed(digits)}) ${eu}`,
		);
	const conductivity =
		sigma === 0 ? "conductivity unchanged" : `conductivity ${sigma > 0 ? "+" : ""}${sigma} %`;
	return [conductivity, ...changed].join(", ");
}
