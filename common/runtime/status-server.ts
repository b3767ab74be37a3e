import fastify, { type FastifyContextConfig, type FastifyInstance } from "fastify";
import type { Registry } from "prom-client";
import type { Part } from "./lifecycle.ts";

/** What a process tells about itself. Both functions must be cheap: probes call them every second. */
export interface StatusSource {
	/** Ready means: configuration loaded and local disks writable. A dead network is not unreadiness. */
	ready(): { ready: boolean; reason?: string };
	/** A JSON document for people and for `pilotline status`. Must not contain a secret. */
	status(): object;
}

interface StatusServerOptions {
	readonly host: string;
	readonly port: number;
	readonly source: StatusSource;
	readonly registry: Registry;
	/** What `/config` shows to this host alone, without secrets. */
	readonly configuration?: () => object;
}

/**
 * `/healthz` (the event loop turns), `/readyz`, `/metrics` (Prometheus text) and `/status` (JSON).
 * Bodies are refused; nothing here changes anything.
 */
export class StatusServer implements Part {
	readonly name = "status server";
	readonly #options: StatusServerOptions;
	#server: FastifyInstance | undefined;

	constructor(options: StatusServerOptions) {
		this.#options = options;
	}

	/** The port in use, which differs from the configured one when that is 0. */
	get port(): number {
		const address = this.#server?.server.address();
		return typeof address === "object" && address !== null ? address.port : 0;
	}

	async start(): Promise<void> {
		if (this.#server !== undefined) return;
		const server = fastify({
			logger: false,
			bodyLimit: 1024,
			requestTimeout: 10_000,
			forceCloseConnections: true,
		});
		this.#server = server;
		const { source, registry, configuration } = this.#options;
		addStatusRoutes(server, source, registry);
		if (configuration !== undefined) addConfigurationRoute(server, configuration);
		await server.listen({ host: this.#options.host, port: this.#options.port });
	}

	async stop(): Promise<void> {
		const server = this.#server;
		this.#server = undefined;
		await server?.close();
	}
}

/** Adds the four routes to a server that has others as well; `configOf` says what that server keeps with each. */
export function addStatusRoutes(
	server: FastifyInstance,
	source: StatusSource,
	registry: Registry,
	configOf: (path: string) => FastifyContextConfig = () => ({}),
): void {
	const of = (path: string) => ({ config: configOf(path) });
	server.get("/healthz", of("/healthz"), () => ({ ok: true }));
	server.get("/readyz", of("/readyz"), (_request, reply) => {
		const readiness = source.ready();
		return reply.code(readiness.ready ? 200 : 503).send(readiness);
	});
	server.get("/metrics", of("/metrics"), async (_request, reply) => {
		return reply.type(registry.contentType).send(await registry.metrics());
	});
	server.get("/status", of("/status"), () => source.status());
}

/** What somebody who can log in here may read anyway; others on the network are not told how the plant is laid out. */
export function addConfigurationRoute(server: FastifyInstance, configuration: () => object): void {
	server.get("/config", (request, reply) => {
		if (isLoopback(request.socket.remoteAddress)) return configuration();
		return reply.code(403).send({ error: "the configuration is told to this host only" });
	});
}

function isLoopback(address: string | undefined): boolean {
	return address !== undefined && /^(?:::1|(?:::ffff:)?127\.\d+\.\d+\.\d+)$/.test(address);
}
