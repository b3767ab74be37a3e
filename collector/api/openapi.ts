// The API described for programs (OpenAPI 3.1), from the schemas that check its queries.

import type { FastifyInstance } from "fastify";
import { z } from "zod";
import {
	bucketsQuery,
	exportQuery,
	laboratoryQuery,
	listQuery,
	noQuery,
	reconciliationQuery,
	samplesQuery,
	trendQuery,
} from "./query-values.ts";

interface Described {
	readonly summary: string;
	readonly query: z.ZodType;
	readonly answers?: readonly string[];
}

const json = ["application/json"];

const described: Readonly<Record<string, Described>> = {
	status: { summary: "The process now: connections, edge nodes, units, totals", query: noQuery },
	counts: { summary: "Samples by unit and tag", query: noQuery },
	tags: { summary: "Every tag with its newest value", query: noQuery },
	windows: { summary: "The specification windows in force", query: noQuery },
	violations: { summary: "Violations, open ones first", query: listQuery },
	gaps: { summary: "What is missing, from when to when, and why", query: listQuery },
	lots: { summary: "Lots with their newest verdict", query: listQuery },
	laboratory: {
		summary: "Laboratory results with their history, what was refused, and what is overdue",
		query: laboratoryQuery,
		answers: ["application/json", "text/csv"],
	},
	messages: { summary: "Messages to destinations, without their bodies", query: listQuery },
	reconciliation: { summary: "What units have counted against what is stored", query: reconciliationQuery },
	trend: { summary: "One tag over a period, thinned for a screen", query: trendQuery },
	samples: { summary: "Raw samples by unit, tag, lot, phase and time, page by page", query: samplesQuery },
	buckets: {
		summary: "Minimum, maximum and time-weighted mean per bucket, with the share of it that is covered",
		query: bucketsQuery,
	},
	export: {
		summary: "A whole selection of samples as a file",
		query: exportQuery,
		answers: ["text/csv", "application/json", "application/vnd.apache.parquet"],
	},
};

export function addOpenApi(server: FastifyInstance): void {
	const document = openApi();
	server.get("/api/v1/openapi.json", async () => document);
}

function openApi(): object {
	const paths = Object.entries(described).map(([name, { summary, query, answers = json }]) => [
		`/api/v1/${name}`,
		{
			get: {
				operationId: name,
				summary,
				parameters: parametersOf(query),
				responses: {
					200: {
						description: summary,
						content: Object.fromEntries(answers.map((type) => [type, {}])),
					},
					default: {
						description: "A refusal: its code, and what was expected and found",
						content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
					},
				},
			},
		},
	]);
	return {
		openapi: "3.1.0",
		info: {
			title: "Pilotline collector",
			version: "1",
			description:
				"Everything only reads. Times are milliseconds since 1970 UTC; a number that a double cannot hold exactly is text.",
		},
		paths: Object.fromEntries(paths),
		components: {
			schemas: {
				Error: {
					type: "object",
					required: ["error"],
					properties: {
						error: {
							type: "object",
							required: ["code", "message"],
							properties: { code: { type: "string" }, message: { type: "string" } },
						},
					},
				},
			},
		},
	};
}

function parametersOf(query: z.ZodType): object[] {
	const schema = z.toJSONSchema(query, { io: "input" }) as {
		properties?: Record<string, object>;
		required?: string[];
	};
	return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
		name,
		in: "query",
		required: schema.required?.includes(name) ?? false,
		schema: property,
	}));
}
