// The API described for programs (OpenAPI 3.1), from the schemas that check its queries and bodies.

import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Action } from "../people-port.ts";
import { commentBody, loginBody, noBody } from "./body-values.ts";
import {
	auditQuery,
	bucketsQuery,
	chartQuery,
	chartSignalQuery,
	commentsQuery,
	exportQuery,
	genealogyQuery,
	laboratoryQuery,
	listQuery,
	noQuery,
	reconciliationQuery,
	samplesQuery,
	specificationQuery,
	trendQuery,
	verdictQuery,
} from "./query-values.ts";

interface Described {
	readonly summary: string;
	readonly query: z.ZodType;
	readonly answers?: readonly string[];
	/** What it does, when that is not reading. */
	readonly action?: Action;
}

const json = ["application/json"];

const described: Readonly<Record<string, Described>> = {
	status: { summary: "The process now: connections, edge nodes, units, totals", query: noQuery },
	counts: { summary: "Samples by unit and tag", query: noQuery },
	tags: { summary: "Every tag with its newest value", query: noQuery },
	windows: { summary: "The specification windows in force", query: noQuery },
	specifications: { summary: "Versions of the specification, the newest first", query: noQuery },
	specification: {
		summary: "One version: what was approved, its hash and its life",
		query: specificationQuery,
	},
	violations: { summary: "Violations, open ones first", query: listQuery },
	alerts: { summary: "What is or was beyond alert and action limits, open ones first", query: listQuery },
	gaps: { summary: "What is missing, from when to when, and why", query: listQuery },
	lots: { summary: "Lots with their newest verdict", query: listQuery },
	lot: {
		summary: "Everything that is known of a lot as one document; /record?lot= is the same as a page to print",
		query: verdictQuery,
	},
	verdict: {
		summary: "A lot's verdicts, whole: each window with values, coverage and reasons, and the history",
		query: verdictQuery,
	},
	genealogy: {
		summary:
			"What a material lot, batch, lot or package was made of, or what became of it, with every link and amount",
		query: genealogyQuery,
	},
	laboratory: {
		summary: "Laboratory results with their history, what was refused, and what is overdue",
		query: laboratoryQuery,
		answers: ["application/json", "text/csv"],
	},
	materials: {
		summary: "Lots of raw materials with their newest verdict, the last judged first",
		query: listQuery,
	},
	material: {
		summary:
			"Every verdict on a lot of a raw material, the newest first: each test with its value and reasons",
		query: verdictQuery,
	},
	messages: { summary: "Messages to destinations, without their bodies", query: listQuery },
	charts: { summary: "Control charts of lots", query: listQuery },
	chart: { summary: "One control chart with its points, signals and baselines", query: chartQuery },
	"chart-signals": { summary: "Signals of control charts, newest first", query: chartSignalQuery },
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
	comments: { summary: "Comments on a lot or a violation, newest first", query: commentsQuery },
	audit: { summary: "The audit record, in order", query: auditQuery, action: "audit.read" },
	me: { summary: "Who asks, and what they may do", query: noQuery, action: "open" },
};

interface DescribedWrite {
	readonly summary: string;
	/** Undefined for one that another stage knows. */
	readonly body: z.ZodType | undefined;
	readonly action: Action;
}

const describedWrites: Readonly<Record<string, DescribedWrite>> = {
	login: { summary: "Log in; the answer sets the session's cookie", body: loginBody, action: "open" },
	logout: { summary: "Log out", body: noBody, action: "open" },
	"laboratory/results": {
		summary: "Enter laboratory results, each for itself; the answer says which were refused and why",
		body: undefined,
		action: "laboratory.enter",
	},
	decisions: {
		summary:
			"Decide about a lot: release, conditional, hold, rework or reject; 422 says what stands against it. With its requestId it can be sent again; 409 when that said something else",
		body: undefined,
		action: "lot.decide",
	},
	comments: {
		summary: "Comment on a lot or a violation; the same once more is taken once",
		body: commentBody,
		action: "comment.enter",
	},
};

export function addOpenApi(
	server: FastifyInstance,
	options: {
		readonly cookie: string;
		readonly whoMay: (action: Action) => readonly string[];
		/** Bodies that other stages know, by the route's name. */
		readonly bodies: Readonly<Record<string, z.ZodType>>;
	},
): void {
	const document = openApi(options);
	server.get("/api/v1/openapi.json", { config: { action: "open" } }, async () => document);
}

function openApi({ cookie, whoMay, bodies }: Parameters<typeof addOpenApi>[1]): object {
	const paths: Record<string, Record<string, object>> = {};
	const secured = (action: Action) =>
		action === "open" ? {} : { security: [{ session: [] }, { token: [] }], "x-roles": whoMay(action) };
	for (const [name, { summary, query, answers = json, action = "read" }] of Object.entries(described)) {
		paths[`/api/v1/${name}`] = {
			get: {
				operationId: name,
				summary,
				parameters: parametersOf(query),
				responses: responses(summary, answers),
				...secured(action),
			},
		};
	}
	for (const [name, { summary, body = bodies[name] ?? noBody, action }] of Object.entries(describedWrites)) {
		const path = `/api/v1/${name}`;
		paths[path] = {
			...paths[path],
			post: {
				operationId: `${name.replace("/", "-")}-post`,
				summary,
				parameters: [
					{
						...{ name: "x-pilotline", in: "header", required: false, schema: { const: "1" } },
						description: "Needed from whoever has no bearer token",
					},
				],
				requestBody: {
					required: true,
					content: { "application/json": { schema: z.toJSONSchema(body, { io: "input" }) } },
				},
				responses: responses(summary, json),
				...secured(action),
			},
		};
	}
	return {
		openapi: "3.1.0",
		info: {
			title: "Pilotline collector",
			version: "1",
			description:
				"Times are milliseconds since 1970 UTC; a number that a double cannot hold exactly is text. Reading needs nobody to log in unless api.login is required; x-roles says who may.",
		},
		paths,
		components: {
			securitySchemes: {
				session: { type: "apiKey", in: "cookie", name: cookie },
				token: { type: "http", scheme: "bearer" },
			},
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

function responses(summary: string, answers: readonly string[]): object {
	return {
		200: { description: summary, content: Object.fromEntries(answers.map((type) => [type, {}])) },
		default: {
			description: "A refusal: its code, and what was expected and found",
			content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
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
