import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import type { Clock } from "../../common/runtime/clock.ts";
import type { LivePort, ReadPort } from "../read-port.ts";
import {
	chartQuery,
	chartSignalQuery,
	listQuery,
	noQuery,
	parseQuery,
	reconciliationQuery,
	trendPeriod,
	trendQuery,
} from "./query-values.ts";
import { apiError } from "./request-guard.ts";
import { windowBands } from "./window-bands.ts";

export interface DataSources {
	readonly read: ReadPort;
	readonly live: LivePort;
	readonly clock: Clock;
	/** The tag by which every unit tells its phase. */
	readonly phaseTag: string;
	/** The tag by which units count what they write; undefined when none does. */
	readonly writtenTag: string | undefined;
	readonly chartRules: ChartRules;
}

/** The run rules of the lots' charts, and how often they are wrong. */
export interface ChartRules {
	readonly names: readonly string[];
	/** Points from one false alarm to the next while a process stays as it was, limits known. */
	readonly falseAlarmEveryPoints: number | undefined;
}

const reading = { config: { action: "read" } } as const;

/** Adds the routes under /api/v1. */
export function addDataRoutes(server: FastifyInstance, sources: DataSources): void {
	const { read, live, clock, phaseTag, writtenTag, chartRules } = sources;
	const answer = <T extends z.ZodType>(
		path: string,
		schema: T,
		work: (query: z.output<T>) => unknown,
	): void => {
		server.get(`/api/v1/${path}`, reading, async (request) => await work(parseQuery(schema, request.query)));
	};

	answer("status", noQuery, async () => {
		const status = { nowMs: clock.wallMs(), ...live.status() };
		// A status without the store is still worth having: it is what one looks at when the store fails.
		const totals = await read.totals().catch(() => undefined);
		return { ...status, totals: totals ?? null };
	});
	answer("counts", noQuery, () => read.counts());
	answer("tags", noQuery, async () => ({ tags: await read.tags() }));
	answer("windows", noQuery, () => ({
		version: live.status().specification.version,
		windows: live.windows(),
	}));
	answer("violations", listQuery, async (query) => ({ violations: await read.violations(query) }));
	answer("alerts", listQuery, async (query) => ({ alerts: await read.alerts(query) }));
	answer("gaps", listQuery, async (query) => ({ gaps: await read.gaps(query) }));
	answer("lots", listQuery, async (query) => ({ lots: await read.lots(query) }));
	answer("reconciliation", reconciliationQuery, async ({ lot, unit, from: fromMs, to: toMs }) => ({
		tag: writtenTag ?? null,
		rows:
			writtenTag === undefined
				? []
				: await read.reconciliation({ written: writtenTag, lot, unit, fromMs, toMs }),
	}));
	answer("messages", listQuery, async (query) => ({ messages: await read.messages(query) }));

	answer("charts", listQuery, async (query) => ({ rules: chartRules, charts: await read.charts(query) }));
	answer("chart-signals", chartSignalQuery, async (query) => ({ signals: await read.chartSignals(query) }));
	server.get("/api/v1/chart", reading, async (request, reply) => {
		const query = parseQuery(chartQuery, request.query);
		const chart = await read.chart(query);
		if (chart !== undefined) return { ...chart, rules: chartRules };
		const message = `expected a characteristic that a lot has a point of, found ${JSON.stringify(query.characteristic)}`;
		return reply.code(404).send(apiError("CHART_UNKNOWN", message));
	});

	server.get("/api/v1/trend", reading, async (request, reply) => {
		const query = parseQuery(trendQuery, request.query);
		const { unit, tag, points } = query;
		const status = live.status();
		const period = trendPeriod(query, status.plantTimeMs ?? clock.wallMs());
		const trend = await read.trend({ unit, tag, points, phaseTag, ...period });
		if (trend === undefined) {
			const message = `expected a tag that has values, found unit ${JSON.stringify(unit)} and tag ${JSON.stringify(tag)}`;
			return reply.code(404).send(apiError("TAG_UNKNOWN", message));
		}
		const { runs: _runs, visits: _visits, ...told } = trend;
		const liveUnit = status.units.find((candidate) => candidate.unit === unit);
		return { ...told, bands: windowBands(trend, live.windows(), status.specification.version, liveUnit) };
	});
}
