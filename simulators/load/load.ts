import { join } from "node:path";
import { type Clock, every } from "../../common/runtime/clock.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import type { ChaosAction, ChaosEvent } from "./chaos-plan.ts";
import { type Emit, LoadGenerator, type StatusShare } from "./generator.ts";
import { LoadServer } from "./load-server.ts";
import { serverOf, tagName, unitName, unitsOf, unitsOfServer } from "./load-tags.ts";
import { SlowWire } from "./slow-wire.ts";

const tickMs = 20;
/** What one tick may give at most, so that a process that was held up does not answer with one huge burst. */
const burstMax = 5_000;

export interface LoadPlan {
	readonly tags: number;
	/** Over all tags of all servers. */
	readonly valuesPerSecond: number;
	readonly servers: number;
	/** Of the first server, the others follow; 0 takes free ones. */
	readonly port: number;
	readonly directory: string;
	readonly statuses: readonly StatusShare[];
	readonly chaos: readonly ChaosEvent[];
}

/** What was produced, so that whoever stored it can be held against it. */
export interface Ledger {
	readonly produced: number;
	/** How many values each tag has had, by `unit/tag`; its values are 1 to this. */
	readonly producedByTag: Readonly<Record<string, number>>;
	/** How many values carried each status that is not Good. */
	readonly producedByStatus: Readonly<Record<string, number>>;
	/** How often each kind of trouble was made. */
	readonly chaos: Readonly<Partial<Record<ChaosAction, number>>>;
	/** The longest time between two steps of counting, which a busy machine makes longer than the plan has it. */
	readonly longestTickMs: number;
}

/** The load generator: counters on OPC UA servers, trouble when asked for, and a ledger of what was produced. */
export class Load implements Part {
	readonly name = "load generator";
	readonly #clock: Clock;
	readonly #plan: LoadPlan;
	#longestTickMs = 0;
	readonly #generator: LoadGenerator;
	readonly #servers: readonly LoadServer[];
	readonly #wires: SlowWire[] = [];
	readonly #endpoints: string[] = [];
	readonly #made: Partial<Record<ChaosAction, number>> = {};
	/** Ends ticking, trouble, and the thaw that follows a freeze. */
	readonly #timers = new Set<() => void>();

	constructor(options: LoadPlan & { readonly clock: Clock }) {
		this.#clock = options.clock;
		this.#plan = options;
		this.#generator = new LoadGenerator(options);
		this.#servers = Array.from({ length: options.servers }, (_, index) => {
			const units = unitsOfServer(options.tags, options.servers, index);
			const directory = index === 0 ? options.directory : join(options.directory, `server-${index + 1}`);
			const port = this.#hasWire || options.port === 0 ? 0 : options.port + index;
			return new LoadServer({ port, units, directory });
		});
	}

	/** Where clients find the servers, in order. */
	get endpoints(): readonly string[] {
		return this.#endpoints;
	}

	get produced(): number {
		return this.#generator.produced;
	}

	/** Whether clients watch every tag, and every unit's phase. */
	get everythingMonitored(): boolean {
		const watched = this.#servers.reduce((sum, server) => sum + server.monitoredItems, 0);
		return watched >= this.#plan.tags + unitsOf(this.#plan.tags).length;
	}

	async start(): Promise<void> {
		for (const [index, server] of this.#servers.entries()) {
			await server.start();
			this.#endpoints.push(await this.#reachable(server, index));
		}
		this.#generator.begin(this.#emitAt(this.#clock.wallMs()));
	}

	/** Begins to count, and to make trouble. */
	run(): void {
		const startedMs = this.#clock.monotonicMs();
		let lastMs = startedMs;
		this.#repeat(tickMs, () => {
			const nowMs = this.#clock.monotonicMs();
			this.#longestTickMs = Math.max(this.#longestTickMs, nowMs - lastMs);
			lastMs = nowMs;
			const emit = this.#emitAt(this.#clock.wallMs());
			this.#generator.advance(nowMs - startedMs, burstMax, emit);
		});
		for (const { action, everyMs, forMs } of this.#plan.chaos)
			if (action !== "delay") this.#repeat(everyMs, () => this.trouble(action, forMs));
	}

	/** Makes trouble now; a freeze lasts `forMs`. Servers without a wire, because no plan asked for one, only lose sessions and subscriptions. */
	trouble(action: ChaosAction, forMs = 0): void {
		this.#made[action] = (this.#made[action] ?? 0) + 1;
		if (action === "sessions") for (const server of this.#servers) server.closeSessions();
		else if (action === "subscriptions") for (const server of this.#servers) server.deleteSubscriptions();
		else if (action === "cut") for (const wire of this.#wires) wire.cut();
		else if (action === "freeze") this.#freeze(forMs);
	}

	/** Counts no further and makes no more trouble; the servers stay up so that clients drain. */
	halt(): void {
		for (const cancel of this.#timers) cancel();
		this.#timers.clear();
		for (const wire of this.#wires) wire.isFrozen = false;
	}

	ledger(): Ledger {
		const producedByTag: Record<string, number> = {};
		for (let tag = 0; tag < this.#plan.tags; tag++)
			producedByTag[`${unitName(tag)}/${tagName(tag)}`] = this.#generator.count(tag);
		return {
			produced: this.#generator.produced,
			producedByTag,
			producedByStatus: this.#generator.producedByStatus,
			chaos: { ...this.#made },
			longestTickMs: this.#longestTickMs,
		};
	}

	async stop(): Promise<void> {
		this.halt();
		await Promise.all(this.#wires.splice(0).map((wire) => wire.close()));
		await Promise.all(this.#servers.map((server) => server.stop()));
	}

	get #hasWire(): boolean {
		return this.#plan.chaos.some(({ action }) => action !== "sessions" && action !== "subscriptions");
	}

	/** The address of a server, or of the wire in front of it when the plan asks for a bad network. */
	async #reachable(server: LoadServer, index: number): Promise<string> {
		if (!this.#hasWire) return server.endpoint;
		const delay = this.#plan.chaos.find(({ action }) => action === "delay");
		const wire = new SlowWire({
			clock: this.#clock,
			serverPort: Number(new URL(server.endpoint.replace("opc.tcp", "http")).port),
			delayMs: delay?.everyMs ?? 0,
		});
		const port = await wire.listen(this.#plan.port === 0 ? 0 : this.#plan.port + index);
		this.#wires.push(wire);
		return `opc.tcp://127.0.0.1:${port}`;
	}

	#emitAt(timeMs: number): Emit {
		const { servers } = this.#plan;
		return (tag, value, status) =>
			(this.#servers[serverOf(tag, servers)] as LoadServer).write(tag, value, timeMs, status);
	}

	#freeze(forMs: number): void {
		for (const wire of this.#wires) wire.isFrozen = true;
		const thaw = () => {
			this.#timers.delete(cancel);
			for (const wire of this.#wires) wire.isFrozen = false;
		};
		const cancel = this.#clock.after(forMs, thaw);
		this.#timers.add(cancel);
	}

	#repeat(everyMs: number, act: () => void): void {
		this.#timers.add(every(this.#clock, everyMs, act));
	}
}
