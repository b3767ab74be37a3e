import { AttributeIds, type ClientSession } from "node-opcua";
import { type Clock, pause } from "../../../common/runtime/clock.ts";
import type { ServerConfig } from "../../config.ts";
import type { AgentTelemetry } from "../../telemetry.ts";
import { inSession } from "../browsing/connect.ts";
import { type ServerBudget, ServerBudgets } from "../server-budget.ts";
import type { ServerSecurity } from "../server-security.ts";
import type { ServerTuning } from "../server-tuning.ts";
import { readAttributes } from "../service.ts";
import { EndpointOrder, type LevelClass, levelClass } from "./endpoint-order.ts";

export interface ServerEndpointsOptions {
	readonly server: ServerConfig;
	/** Of the first endpoint. */
	readonly security: ServerSecurity;
	readonly tuning: ServerTuning;
	/** Of the source of the same server that this one takes the place of. */
	readonly left?: { readonly budgets: ServerBudgets } | undefined;
	readonly clock: Clock;
	readonly telemetry: AgentTelemetry;
}

/** How one endpoint is reached. */
export interface PresentEndpoint {
	readonly server: ServerConfig;
	readonly security: ServerSecurity;
	readonly budget: ServerBudget;
}

/** Where there is another one to go to, and where it is only shown. */
const levelEveryMs = { several: 1_000, one: 5_000 } as const;
/** Server_ServiceLevel, Part 5 §6.3.1. */
const serviceLevelNode = "i=2267";

/**
 * The endpoints of one configured server: which one is in use, how it is reached, and what it says of itself. Non-transparent
 * redundancy, OPC UA Part 4 §6.6.2.4; the list is configured, not taken from a server's word.
 */
export class ServerEndpoints {
	readonly #options: ServerEndpointsOptions;
	readonly #order: EndpointOrder;
	readonly #known = new Map<string, PresentEndpoint>();
	readonly #budgets: ServerBudgets;
	#serviceLevel: number | undefined;

	constructor(options: ServerEndpointsOptions) {
		this.#options = options;
		const { server, security, tuning } = options;
		this.#budgets = options.left?.budgets ?? new ServerBudgets();
		const endpoints: [string, ...string[]] = [server.endpoint, ...server.further_endpoints];
		this.#budgets.keep(new Set(endpoints));
		this.#known.set(server.endpoint, { server, security, budget: this.#budgets.of(server.endpoint) });
		this.#order = new EndpointOrder({
			endpoints,
			returnAfterMs: () => tuning.returnAfterMs,
		});
	}

	get present(): PresentEndpoint {
		return this.#at(this.#order.url);
	}

	/** What the present one has said of itself last. */
	get serviceLevel(): number | undefined {
		return this.#serviceLevel;
	}

	#at(url: string): PresentEndpoint {
		let known = this.#known.get(url);
		if (known === undefined) {
			const server = { ...this.#options.server, endpoint: url };
			known = { server, security: this.#options.security.at(url), budget: this.#budgets.of(url) };
			this.#known.set(url, known);
		}
		return known;
	}

	/** They are left to another source of the same server, and not for anything that the server did. */
	leave(): ServerBudgets {
		this.present.budget.excuse(false);
		return this.#budgets;
	}

	connected(): void {
		this.#order.connected();
	}

	/**
	 * A session with `used` has ended, or could not be had. Whether the next attempt goes to another endpoint, and whether that
	 * may be made at once.
	 */
	ended(used: PresentEndpoint): { readonly isMoved: boolean; readonly isAtOnce: boolean } {
		this.#serviceLevel = undefined;
		// Left for another one.
		if (used.server.endpoint !== this.#order.url) return { isMoved: true, isAtOnce: true };
		const move = this.#order.failed();
		if (move === undefined) return { isMoved: false, isAtOnce: false };
		const { from, to, why, isAtOnce } = move;
		this.#options.telemetry.endpoints.changed({ server: this.#options.server.name, from, to, why });
		return { isMoved: true, isAtOnce };
	}

	/** Watches how well the present server can serve, for as long as its session lasts; `leave` is called to end that. */
	watch(session: ClientSession, over: AbortSignal, leave: (reason: string) => void): void {
		// The session's end is somebody else's story.
		this.#watch(session, over, leave).catch(() => undefined);
	}

	async #watch(session: ClientSession, over: AbortSignal, leave: (reason: string) => void): Promise<void> {
		const { clock, telemetry, server } = this.#options;
		const order = this.#order;
		while (!over.aborted) {
			const level = await readLevel(session);
			if (over.aborted) return;
			order.level(level);
			if (level !== this.#serviceLevel) telemetry.endpoints.serviceLevel(server.name, order.url, level);
			this.#serviceLevel = level;
			const url = order.toAsk(clock.monotonicMs());
			if (url !== undefined && this.#at(url).budget.mayAsk(clock.monotonicMs())) {
				const seen = await this.#ask(url);
				order.asked(url, seen, clock.monotonicMs());
			}
			if (over.aborted) return;
			const move = order.decide(clock.monotonicMs());
			if (move !== undefined) {
				telemetry.endpoints.changed({ server: server.name, ...move });
				const reason = move.why === "returned" ? "is healthy again" : "serves better";
				leave(`${move.to} ${reason}`);
				return;
			}
			const hasOthers = server.further_endpoints.length > 0;
			await pause(clock, hasOthers ? levelEveryMs.several : levelEveryMs.one, over);
		}
	}

	async #ask(url: string): Promise<LevelClass> {
		const { clock } = this.#options;
		const { server, security, budget } = this.#at(url);
		const reached = server.insecure === true ? undefined : security;
		try {
			return await inSession(server, clock, async (session) => levelClass(await readLevel(session)), reached);
		} catch {
			return "unreachable";
		} finally {
			budget.asked(clock.monotonicMs());
		}
	}
}

/** Undefined when the server does not tell. @throws Error when the service fails */
async function readLevel(session: ClientSession): Promise<number | undefined> {
	const [answer] = await readAttributes(session, [serviceLevelNode], AttributeIds.Value);
	const value: unknown = answer?.value?.value;
	return typeof value === "number" ? value : undefined;
}
