import type { CapabilityReport } from "../../collector/spc/capability-report.ts";
import { type Limit, limitAt, lockedPoints, type Panel } from "../../collector/spc/chart.ts";
import type { Analysis } from "./analyse.ts";
import { JsonBytes } from "./json-bytes.ts";

const pieceBytes = 1 << 16;

/**
 * The result as one JSON document, piece by piece: a million points are more text than should be in memory at once. What is not
 * there is null.
 */
export function* jsonPieces(analysis: Analysis): Generator<string | Uint8Array> {
	const { chart, limits, phaseLimits, options, points, capability } = analysis;
	const [main, ...others] = chart.panels;
	const t2 = chart.chart === "t2";
	const head = {
		chart: chart.chart,
		n: chart.n > 0 ? chart.n : points.count - points.excluded.size,
		center: chart.center,
		sigma: t2 ? null : chart.sigma,
		limits: limits ?? (phaseLimits === undefined ? null : { lower: 0, upper: phaseLimits.phase2 }),
		...(phaseLimits === undefined ? {} : { phase1: phaseLimits.phase1, phase2: phaseLimits.phase2 }),
		...(t2 ? { variables: points.observations.names, alpha: options.alpha } : {}),
		given: chart.n === 0,
		baseline: options.baseline ?? null,
		provisional:
			chart.provisional === undefined ? null : { ...chart.provisional, pointsWanted: lockedPoints },
		excluded: [...points.excluded].map(([index, reason]) => ({ index: index + 1, reason })),
		rules: options.rules,
		falseAlarms: {
			everyPoints: analysis.falseAlarms.runLength ?? null,
			by: analysis.falseAlarms.by,
			perPointWithEstimatedLimits: analysis.estimatedAlarm ?? null,
		},
		capability: capability === undefined ? null : capabilityJson(capability),
		autocorrelation: analysis.lag1 ?? null,
		notes: analysis.notes,
	};
	yield `${JSON.stringify(head).slice(0, -1)},"points":[`;
	yield* pointPieces(analysis, main);
	yield `],"signals":[`;
	yield* signalPieces(analysis, main);
	yield `],"dispersion":[`;
	for (const [place, panel] of others.entries()) {
		const { center, lower, upper, statistic } = panel;
		const fixed = typeof center === "number" && typeof lower === "number" && typeof upper === "number";
		yield `${place > 0 ? "," : ""}{"chart":${JSON.stringify(panel.name)},`;
		yield `"center":${fixed ? jsonNumber(center) : null},"limits":${fixed ? JSON.stringify({ lower, upper }) : null},`;
		for (const [name, limit] of fixed ? [] : Object.entries({ center, lower, upper })) {
			yield `"${name}s":[`;
			yield* columnPieces(limit, statistic.length);
			yield "],";
		}
		yield `"statistic":[`;
		yield* columnPieces(statistic, statistic.length);
		yield `],"signals":[`;
		yield* signalPieces(analysis, panel);
		yield "]}";
	}
	yield "]}\n";
}

const between = ',"statistic":';

function* pointPieces({ chart, points, sums }: Analysis, panel: Panel): Generator<Uint8Array> {
	const { statistic, lower, upper } = panel;
	const out = new JsonBytes(pieceBytes);
	const [lowerText, upperText] = [textOf(lower), textOf(upper)];
	for (let index = 0; index < statistic.length; index++) {
		out.text(index > 0 ? ',{"index":' : '{"index":');
		out.number(index + 1);
		out.text(',"value":');
		out.number(chart.value[index] as number);
		out.text(between);
		if (statistic[index] === chart.value[index]) out.again(between.length);
		else out.number(statistic[index] as number);
		out.text(',"lower":');
		if (lowerText === undefined) out.number(limitAt(lower, index));
		else out.text(lowerText);
		out.text(',"upper":');
		if (upperText === undefined) out.number(limitAt(upper, index));
		else out.text(upperText);
		if (points.labels !== undefined) {
			out.text(',"subgroup":');
			out.string(points.labels[index] as string);
		}
		if (sums !== undefined) {
			out.text(',"high":');
			out.number(sums.high[index] as number);
			out.text(',"low":');
			out.number(sums.low[index] as number);
		}
		out.text("}");
		if (out.full) yield out.take();
	}
	yield out.take();
}

function* columnPieces(column: Limit, length: number): Generator<Uint8Array> {
	const out = new JsonBytes(pieceBytes);
	for (let index = 0; index < length; index++) {
		if (index > 0) out.text(",");
		out.number(limitAt(column, index));
		if (out.full) yield out.take();
	}
	yield out.take();
}

function* signalPieces({ points, causes }: Analysis, panel: Panel): Generator<string> {
	let piece = "";
	let first = true;
	for (const signal of panel.signals) {
		const told = {
			...signal,
			...(points.labels !== undefined && { subgroup: points.labels[signal.index - 1] }),
			...(causes !== undefined && {
				variable: causes.get(signal.index)?.[0]?.name ?? null,
				variables: causes.get(signal.index) ?? null,
			}),
		};
		piece += `${first ? "" : ","}${JSON.stringify(told)}`;
		first = false;
		if (piece.length < pieceBytes) continue;
		yield piece;
		piece = "";
	}
	yield piece;
}

/** What is not there, or not finite, is null: JSON has no word for it. */
function jsonNumber(value: number): string {
	return Number.isFinite(value) ? String(value) : "null";
}

function textOf(limit: Limit): string | undefined {
	return typeof limit === "number" ? jsonNumber(limit) : undefined;
}

function capabilityJson({ n, capability, performance, refused }: CapabilityReport) {
	return {
		...{ n, confidence: 0.95, cp: capability?.spread?.value ?? null, cpl: capability?.lower ?? null },
		...{
			cpu: capability?.upper ?? null,
			cpk: capability?.worst.value ?? null,
			cpm: capability?.target ?? null,
		},
		...{ pp: performance?.spread?.value ?? null, ppl: performance?.lower ?? null },
		...{ ppu: performance?.upper ?? null, ppk: performance?.worst.value ?? null },
		ppm: performance?.target ?? null,
		intervals: {
			cp: capability?.spread?.interval ?? null,
			cpk: capability?.worst.interval ?? null,
			pp: performance?.spread?.interval ?? null,
			ppk: performance?.worst.interval ?? null,
		},
		refused,
	};
}
