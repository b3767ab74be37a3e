// What Grafana would do with a dashboard's queries, on a real InfluxDB: variables put in, one answer per target.

import type { Dashboard } from "../../../dashboards/grafana/dashboard-model.ts";

/** Source times in ms since 1970. */
export interface Period {
	readonly fromMs: number;
	readonly toMs: number;
}

export interface AnsweredSeries {
	readonly tags?: Readonly<Record<string, string>>;
	readonly columns: readonly string[];
	/** The first column is the time in ms. */
	readonly values: readonly (readonly (string | number | boolean | null)[])[];
}

export interface AnsweredDashboard {
	readonly dashboard: Dashboard;
	readonly period: Period;
	/** By panel id and refId. */
	readonly answers: Readonly<Record<string, readonly AnsweredSeries[]>>;
	/** In the order of the dashboard's annotations. */
	readonly annotations: readonly (readonly AnsweredSeries[])[];
}

/** A query as it is sent; every site is meant. */
export function asked(query: string, { fromMs, toMs }: Period, interval: string): string {
	return query
		.replaceAll("$timeFilter", `time >= ${fromMs}ms and time <= ${toMs}ms`)
		.replaceAll("$__interval", interval)
		.replaceAll("${__from}", String(fromMs))
		.replaceAll("${__to}", String(toMs))
		.replaceAll("${group:regex}", ".*");
}

/** Asks everything that is on a dashboard. @throws Error when the database refuses a query */
export async function answersOf(
	dashboard: Dashboard,
	period: Period,
	ask: (query: string) => Promise<AnsweredSeries[]>,
): Promise<AnsweredDashboard> {
	const answers: Record<string, AnsweredSeries[]> = {};
	for (const { id, targets, interval, gridPos } of dashboard.panels)
		for (const { refId, query } of targets)
			answers[`${id} ${refId}`] = await ask(asked(query, period, stretch(interval, gridPos.w, period)));
	const annotations: AnsweredSeries[][] = [];
	for (const { target } of dashboard.annotations.list)
		annotations.push(await ask(asked(target.query, period, "1m")));
	return { dashboard, period, answers, annotations };
}

const stretches = ["10s", "30s", "1m", "2m", "5m", "10m", "30m", "1h"];
const secondsOf = (text: string) => Number.parseInt(text, 10) * { s: 1, m: 60, h: 3_600 }[text.at(-1) as "s"];

/** What `$__interval` is: a point for each pixel of a panel, about, and not less than the panel says. */
function stretch(least: string | undefined, columns: number, { fromMs, toMs }: Period): string {
	const wanted = Math.max(secondsOf(least ?? "10s"), (toMs - fromMs) / 1_000 / (columns * 57));
	return stretches.find((text) => secondsOf(text) >= wanted * 0.9) ?? "1h";
}
