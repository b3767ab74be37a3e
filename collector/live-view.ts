import { isPlain } from "../common/runtime/broker-config.ts";
import { type Clock, every } from "../common/runtime/clock.ts";
import type { Part } from "../common/runtime/lifecycle.ts";
import type { Figures } from "../common/runtime/process-figures.ts";
import type { CollectorConfig } from "./config.ts";
import { isInsecure } from "./follower-config.ts";
import type { EdgeNodeView, LiveFollower, LivePort, LiveStatus, LiveUnit } from "./read-port.ts";
import type { SpecWindow } from "./specification.ts";
import type { SpecVersion, SpecVersions } from "./specification-port.ts";

/** What the view asks of the stages; the composition gives them. */
export interface LiveViewOptions {
	readonly config: CollectorConfig;
	readonly versions: SpecVersions;
	readonly instance: string;
	readonly figures: () => Figures;
	/** Units in the order in which people know them. */
	readonly units: () => readonly string[];
	readonly clock: Clock;
	readonly host: {
		readonly connected: boolean;
		edgeNodes(): readonly EdgeNodeView[];
	};
	readonly intake: {
		readonly storedSamples: number;
		readonly waitingSamples: number;
		readonly commitAgeMs: { p50: number; p99: number; max: number; count: number };
		readonly lastError: string | undefined;
	};
	readonly watches: {
		throughs(): ReadonlyMap<string, number>;
		epochs(
			edgeNode: number,
		): readonly { epoch: number; prefix: number; held: object | undefined; missing: number }[];
		rivals(edgeNode: number): readonly number[];
	};
	readonly followers: { status(): LiveFollower[] };
	readonly judge: {
		contexts(): ReadonlyMap<
			string,
			{ batch: string; lot: string; recipe: string; phase: string } | undefined
		>;
	};
}

/** A live line comes in bursts; a shorter stretch would show nothing between two of them. */
const rateOverMs = 10_000;
const measureEveryMs = 2_000;

/** The process now, for the page and the probes. */
export class LiveView implements LivePort, Part {
	readonly name = "live view";
	readonly #options: LiveViewOptions;
	/** What was stored at past moments, the oldest about `rateOverMs` ago. */
	readonly #measured: { atMs: number; stored: number }[] = [];
	#stopMeasuring = () => {};

	constructor(options: LiveViewOptions) {
		this.#options = options;
	}

	start(): void {
		const { clock } = this.#options;
		this.#measure();
		this.#stopMeasuring = every(clock, measureEveryMs, () => this.#measure());
	}

	stop(): void {
		this.#stopMeasuring();
	}

	windows(): readonly SpecWindow[] {
		return this.#inForce()?.specification.windows ?? [];
	}

	status(): LiveStatus {
		const { config, instance, host, intake, watches } = this.#options;
		const throughs = watches.throughs();
		const inForce = this.#inForce();
		const insecure = [
			...(isPlain(config.broker) ? ["broker"] : []),
			...(config.api.insecure === true ? ["api"] : []),
			...config.destinations
				.filter((destination) => destination.insecure)
				.map(({ name }) => `destination ${name}`),
			...config.followers.filter(({ url }) => isInsecure(new URL(url))).map(({ name }) => `follower ${name}`),
		];
		return {
			process: "collector",
			figures: this.#options.figures(),
			commitAgeMs: intake.commitAgeMs,
			host: config.host,
			instance,
			broker: { url: config.broker.url, connected: host.connected },
			insecure,
			simulated: config.simulated,
			plantTimeMs: throughs.size === 0 ? undefined : Math.max(...throughs.values()),
			storedPerSecond: this.#storedPerSecond(),
			waitingSamples: intake.waitingSamples,
			edgeNodes: this.#edgeNodes(),
			units: this.#units(throughs),
			specification: {
				product: inForce?.specification.product.code ?? "",
				version: inForce?.specification.version ?? 0,
			},
			...(config.followers.length === 0 ? {} : { followers: this.#options.followers.status() }),
			...(intake.lastError === undefined ? {} : { lastCommitError: intake.lastError }),
		};
	}

	/** The version for what is made now, in plant time. */
	#inForce(): SpecVersion | undefined {
		const { versions, watches, clock } = this.#options;
		return versions.inForce(Math.max(...watches.throughs().values(), 0) || clock.wallMs());
	}

	#measure(): void {
		const { clock, intake } = this.#options;
		this.#measured.push({ atMs: clock.monotonicMs(), stored: intake.storedSamples });
		if (this.#measured.length > rateOverMs / measureEveryMs) this.#measured.shift();
	}

	#storedPerSecond(): number {
		const { clock, intake } = this.#options;
		const oldest = this.#measured[0];
		if (oldest === undefined) return 0;
		const elapsedMs = Math.max(clock.monotonicMs() - oldest.atMs, 1);
		return Math.round(((intake.storedSamples - oldest.stored) * 1_000) / elapsedMs);
	}

	#edgeNodes(): LiveStatus["edgeNodes"] {
		const { host, watches, clock } = this.#options;
		const stale = (staleSinceMs: number | undefined) => (staleSinceMs === undefined ? {} : { staleSinceMs });
		return host.edgeNodes().map(({ row, online, lastMessageMs, staleSinceMs, devices }) => ({
			group: row.group,
			edgeNode: row.edgeNode,
			online,
			// The host keeps monotonic time; people read the wall clock.
			lastMessageMs:
				lastMessageMs === undefined
					? undefined
					: Math.round(clock.wallMs() - (clock.monotonicMs() - lastMessageMs)),
			...stale(staleSinceMs),
			devices: devices.map(({ device, staleSinceMs: sinceMs }) => ({ device, ...stale(sinceMs) })),
			rivals: watches.rivals(row.id),
			epochs: watches
				.epochs(row.id)
				.flatMap(({ epoch, prefix, held, missing }) =>
					held === undefined ? [] : [{ epoch, prefix, held: missing }],
				),
		}));
	}

	#units(throughs: ReadonlyMap<string, number>): LiveUnit[] {
		const idle = { batch: "", lot: "", recipe: "", phase: "" };
		const contexts = this.#options.judge.contexts();
		return this.#options
			.units()
			.map((unit) => ({ unit, ...(contexts.get(unit) ?? idle), throughMs: throughs.get(unit) }));
	}
}
