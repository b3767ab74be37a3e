import type { FastifyInstance } from "fastify";
import { canonicalJson } from "../../common/runtime/canonical-json.ts";
import type { Clock } from "../../common/runtime/clock.ts";
import type { Action, EnteringPort, EntriesPort, EntryPort, Person } from "../people-port.ts";
import { commentBody } from "./body-values.ts";
import { auditQuery, commentsQuery, parseQuery } from "./query-values.ts";
import { addWriteRoute } from "./write-route.ts";

export interface EntrySources {
	readonly clock: Clock;
	readonly entry: EntryPort;
	readonly entries: EntriesPort;
	readonly entering: Entering;
}

/** What people send beside comments, each taken by the stage that knows it. */
export interface Entering {
	readonly results: EnteringPort;
	readonly decisions: EnteringPort;
}

/** 500 results, and a decision with its reason. */
const resultsBytesMax = 2_000_000;
const decisionBytesMax = 32_000;

/** 2,000 characters as JSON escapes at worst, and what stands around them. */
const commentBytesMax = 26_000;

/** What people enter, and the record of it. */
export function addEntryRoutes(
	server: FastifyInstance,
	{ clock, entry, entries, entering }: EntrySources,
): void {
	const taking = (path: string, action: Action, bodyBytesMax: number, port: EnteringPort) =>
		addWriteRoute(server, {
			...{ path, action, body: port.body, bodyBytesMax },
			work: (sent, person) => port.enter(sent as never, person as Person),
		});
	taking("/api/v1/laboratory/results", "laboratory.enter", resultsBytesMax, entering.results);
	taking("/api/v1/decisions", "lot.decide", decisionBytesMax, entering.decisions);
	addWriteRoute(server, {
		...{
			path: "/api/v1/comments",
			action: "comment.enter",
			body: commentBody,
			bodyBytesMax: commentBytesMax,
		},
		async work({ lot, occurrence, text }, person) {
			const by = (person as Person).name;
			const about = lot === undefined ? { occurrence } : { lot };
			// The person is part of what it is: two people may write the same, and one who sends it again wrote it once.
			const body = canonicalJson({ by, ...about, text });
			const n = await entry.enter(
				{ kind: "comment", enteredMs: clock.wallMs(), enteredBy: by, body },
				{ by, action: "comment.entered", subject: lot ?? occurrence ?? "", detail: { ...about, text } },
			);
			return { n };
		},
	});

	server.get("/api/v1/comments", { config: { action: "read" } }, async (request) => ({
		comments: await entries.comments(parseQuery(commentsQuery, request.query)),
	}));

	server.get("/api/v1/audit", { config: { action: "audit.read" } }, async (request) => {
		const { entries: rows, head } = await entries.audit(parseQuery(auditQuery, request.query));
		return { entries: rows, head: head ?? null };
	});
}
