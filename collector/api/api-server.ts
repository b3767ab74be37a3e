import fastify, { type FastifyInstance } from "fastify";
import type { Registry } from "prom-client";
import type { Clock } from "../../common/runtime/clock.ts";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import { addStatusRoutes, type StatusSource } from "../../common/runtime/status-server.ts";
import type { GenealogyPort } from "../genealogy-port.ts";
import type { AccessPort, EntriesPort, EntryPort } from "../people-port.ts";
import type { LivePort, ReadPort } from "../read-port.ts";
import type { SamplesPort } from "../samples-port.ts";
import { BodyError } from "./body-values.ts";
import { addConsoleRoutes } from "./console-files.ts";
import { addDataRoutes, type ChartRules } from "./data-routes.ts";
import { addEntryRoutes, type Entering } from "./entry-routes.ts";
import { addGenealogyRoutes } from "./genealogy-routes.ts";
import { addLaboratoryRoutes } from "./laboratory-routes.ts";
import { addLotRoutes, type LotDocuments } from "./lot-routes.ts";
import { addMaterialRoutes } from "./material-routes.ts";
import { addOpenApi } from "./openapi.ts";
import { addPeopleRoutes } from "./people-routes.ts";
import { ParameterError } from "./query-values.ts";
import { apiError, guardRequests, type ServedRoute } from "./request-guard.ts";
import { addSampleRoutes } from "./sample-routes.ts";
import { addSpecificationRoutes } from "./specification-routes.ts";
import { addVerdictRoutes } from "./verdict-routes.ts";

export interface ApiServerOptions {
	readonly clock: Clock;
	/** The loopback only: passwords and cookies are not encrypted on their way. */
	readonly host: string;
	/** 0 takes a free one; see `port`. */
	readonly port: number;
	readonly read: ReadPort;
	readonly samples: SamplesPort;
	readonly live: LivePort;
	readonly documents: LotDocuments;
	/** Undefined when nobody reads genealogy. */
	readonly genealogy?: GenealogyPort | undefined;
	readonly access: AccessPort;
	/** Takes what people enter. */
	readonly entry: EntryPort;
	/** Gives it back. */
	readonly entries: EntriesPort;
	readonly entering: Entering;
	readonly onRefused: (code: string) => void;
	readonly registry: Registry;
	readonly ready: StatusSource["ready"];
	/** The tag by which every unit tells its phase (`context.phase` of the configuration). */
	readonly phaseTag: string;
	/** The tag by which units count what they write (`context.written`). */
	readonly writtenTag: string | undefined;
	/** The run rules of the lots' control charts. */
	readonly chartRules: ChartRules;
	/** dashboards/console/ of the installation, with the slash. */
	readonly consoleDirectory: URL;
}

const requestTimeoutMs = 10_000;
const connectionsMax = 256;

/** The page, the JSON under /api/v1, and the probes, on one port. Every route says what it does, and so who may use it. */
export class ApiServer implements Part {
	readonly name = "api server";
	readonly #options: ApiServerOptions;
	#server: FastifyInstance | undefined;
	#routes: readonly ServedRoute[] = [];

	constructor(options: ApiServerOptions) {
		this.#options = options;
	}

	/** The port in use, which differs from the configured one when that is 0. */
	get port(): number {
		const address = this.#server?.server.address();
		return typeof address === "object" && address !== null ? address.port : 0;
	}

	/** Every route that is served. */
	get routes(): readonly ServedRoute[] {
		return this.#routes;
	}

	async start(): Promise<void> {
		if (this.#server !== undefined) return;
		const { live, ready, registry, host, port, consoleDirectory, access, onRefused, clock } = this.#options;
		const server = fastify({
			logger: false,
			bodyLimit: 1024,
			requestTimeout: requestTimeoutMs,
			forceCloseConnections: true,
		});
		this.#server = server;
		server.server.maxConnections = connectionsMax;
		// What is sent here is JSON and nothing else.
		server.removeContentTypeParser("text/plain");
		const cookie = `pilotline_session_${live.status().instance.slice(0, 8)}`;
		this.#routes = guardRequests(server, { access, cookie, onRefused, nowMs: () => clock.monotonicMs() });
		server.setErrorHandler((error, _request, reply) => {
			const { status, code, message } = refusal(error);
			return reply.code(status).send(apiError(code, message));
		});
		server.setNotFoundHandler((request, reply) => {
			const path = request.url.split("?", 1)[0]?.slice(0, 100);
			return reply
				.code(404)
				.send(apiError("NOT_FOUND", `expected a path of this server, found ${JSON.stringify(path)}`));
		});
		addStatusRoutes(server, { ready, status: () => live.status() }, registry, (path) => ({
			action: path === "/healthz" || path === "/readyz" ? "open" : "read",
		}));
		addDataRoutes(server, this.#options);
		addSpecificationRoutes(server, this.#options);
		addSampleRoutes(server, this.#options);
		addLaboratoryRoutes(server, this.#options);
		addVerdictRoutes(server, this.#options);
		addGenealogyRoutes(server, this.#options);
		addMaterialRoutes(server, this.#options);
		addLotRoutes(server, this.#options.documents);
		addPeopleRoutes(server, { access, cookie });
		addEntryRoutes(server, this.#options);
		const { results, decisions } = this.#options.entering;
		const bodies = { "laboratory/results": results.body, decisions: decisions.body };
		addOpenApi(server, { cookie, whoMay: (action) => access.whoMay(action), bodies });
		await addConsoleRoutes(server, consoleDirectory);
		await server.listen({ host, port });
	}

	async stop(): Promise<void> {
		const server = this.#server;
		this.#server = undefined;
		await server?.close();
	}
}

function refusal(error: unknown): { status: number; code: string; message: string } {
	if (error instanceof BodyError) return { status: 400, code: "BODY_INVALID", message: error.message };
	if (error instanceof ParameterError)
		return { status: 400, code: "PARAMETER_INVALID", message: error.message };
	if (error instanceof CodedError) {
		if (error.code === "ENTRY_REFUSED") return { status: 422, code: error.code, message: error.message };
		if (error.code === "REQUEST_ID_REUSED") return { status: 409, code: error.code, message: error.message };
		if (error.code === "USAGE") return { status: 400, code: error.code, message: error.message };
		return { status: error.retryable ? 503 : 500, code: error.code, message: error.message };
	}
	const status = Number((error as { statusCode?: unknown }).statusCode ?? 500);
	if (status >= 400 && status < 500) return { status, code: "REQUEST_INVALID", message: errorText(error) };
	return { status: 500, code: "INTERNAL", message: errorText(error) };
}
