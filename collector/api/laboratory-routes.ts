import type { FastifyInstance } from "fastify";
import type { LabEntry } from "../laboratory-port.ts";
import type { ReadPort } from "../read-port.ts";
import { laboratoryQuery, parseQuery } from "./query-values.ts";

/** Adds GET /api/v1/laboratory: results with their history, what was refused, what is overdue. */
export function addLaboratoryRoutes(server: FastifyInstance, { read }: { readonly read: ReadPort }): void {
	server.get("/api/v1/laboratory", { config: { action: "read" } }, async (request, reply) => {
		const { format, ...query } = parseQuery(laboratoryQuery, request.query);
		const answer = await read.laboratory(query);
		if (format === "json") return answer;
		reply.header("content-disposition", 'attachment; filename="laboratory.csv"');
		return reply.type("text/csv; charset=utf-8").send(resultsCsv(answer.results));
	});
}

const columns: readonly (readonly [string, (entry: LabEntry) => string | number])[] = [
	["lot", ({ lot }) => lot],
	["material", ({ material }) => material],
	["sample", ({ sample }) => sample],
	["test", ({ test }) => test],
	["value", valueText],
	["unit", ({ eu }) => eu],
	["repeats", ({ repeats }) => repeats.join(" ")],
	["operator", ({ operator }) => operator],
	["instrument", ({ instrument }) => instrument],
	["calibration due", ({ calibrationDueMs }) => timeText(calibrationDueMs)],
	["method", ({ method }) => method],
	["detection limit", ({ detectionLimit }) => detectionLimit ?? ""],
	["temperature", ({ temperatureC }) => temperatureC ?? ""],
	["measured", ({ measuredMs }) => timeText(measuredMs)],
	["reported", ({ reportedMs }) => timeText(reportedMs)],
	["version", ({ version }) => version],
	["reason", ({ reason }) => reason],
	["counts", ({ counts, conflict }) => (conflict ? "conflict" : counts ? "yes" : "no")],
	["road", ({ road }) => road],
	["entered at", ({ enteredMs }) => timeText(enteredMs)],
	["entered by", ({ enteredBy }) => enteredBy],
];

/** RFC 4180 with a header; `pilotline lab import` reads it back as the same results. */
function resultsCsv(entries: readonly LabEntry[]): string {
	const rows = entries.map((entry) => columns.map(([, of]) => cell(String(of(entry)))).join(","));
	return `${[columns.map(([name]) => name).join(","), ...rows].join("\r\n")}\r\n`;
}

function valueText({ value, censored }: LabEntry): string {
	if (value === undefined) return censored === undefined ? "" : "n.d.";
	return `${censored === "below" ? "<" : censored === "above" ? ">" : ""}${value}`;
}

/** A source time may be anything that a server sends. */
function timeText(ms: number | undefined): string {
	return ms === undefined ? "" : new Date(Math.max(-8.64e15, Math.min(ms, 8.64e15))).toISOString();
}

function cell(text: string): string {
	return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
