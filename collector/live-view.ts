import { type Clock, every } from "../common/runtime/clock.ts";
import type { Part } from "../common/runtime/lifecycle.ts";
import type { Figures } from "../common/runtime/process-figures.ts";
import type { CollectorConfig } from "./config.ts";
import type { EdgeNodeRow } from "./pipeline.ts";
import type { LivePort, LiveStatus, LiveUnit } from "./read-port.ts";
import type { Specification, SpecWindow } from "./specification.ts";

/** What the view asks of the stages; the composition gives them. */
export interface LiveViewOptions {
	readonly config: CollectorConfig;
	readonly specification: Specification;
	readonly instance: string;
	readonly figures: () => Figures;
	readonly clock: Clock;
	readonly host: {
		readonly connected: boolean;
		edgeNodes(): readonly { row: EdgeNodeRow; online: boolean; lastMessageMs: number | undefined }[];
	};
	readonly intake: {
		readonly storedSamples: number;
		readonly waitingSamples: number;
		readonly commitAgeMs: { p50: number; p99: number; max: number; count: number };
		readonly lastError: string | undefined;
		throughs(): ReadonlyMap<string, number>;
		epochs(
			edgeNode: number,
		): readonly { epoch: number; prefix: number; held: { next: number } | undefined }[];
	};
	readonly judge: {
		contexts(): ReadonlyMap<
			string,
			{ batch: string; lot: string; recipe: string; phase: string } | undefined
		>;
	};
}

const rateOverMs = 2_000;

/** The process now, for the page and the probes. */
export class LiveView implements LivePort, Part {
	readonly name = "live view";
	readonly #options: LiveViewOptions;
	#storedBefore = 0;
	#measuredMs = 0;
	#perSecond = 0;
	#stopMeasuring = () => {};

	constructor(options: LiveViewOptions) {
		this.#options = options;
	}

	start(): void {
		const { clock, intake } = this.#options;
		this.#measuredMs = clock.monotonicMs();
		this.#stopMeasuring = every(clock, rateOverMs, () => {
			const nowMs = clock.monotonicMs();
			this.#perSecond = Math.round(
				((intake.storedSamples - this.#storedBefore) * 1_000) / (nowMs - this.#measuredMs),
			);
			this.#storedBefore = intake.storedSamples;
			this.#measuredMs = nowMs;
		});
	}

	stop(): void {
		this.#stopMeasuring();
	}

	windows(): readonly SpecWindow[] {
		return this.#options.specification.windows;
	}

	status(): LiveStatus {
		const { config, specification, instance, host, intake } = this.#options;
		const throughs = intake.throughs();
		const insecure = [
			...(config.broker.insecure ? ["broker"] : []),
			...config.destinations
				.filter((destination) => destination.insecure)
				.map(({ name }) => `destination ${name}`),
		];
		return {
			process: "collector",
			figures: this.#options.figures(),
			commitAgeMs: intake.commitAgeMs,
			host: config.host,
			instance,
			broker: { url: config.broker.url, connected: host.connected },
			insecure,
			plantTimeMs: throughs.size === 0 ? undefined : Math.max(...throughs.values()),
			storedPerSecond: this.#perSecond,
			waitingSamples: intake.waitingSamples,
			edgeNodes: this.#edgeNodes(),
			units: this.#units(throughs),
			specification: { product: specification.product.code, version: specification.version },
			...(intake.lastError === undefined ? {} : { lastCommitError: intake.lastError }),
		};
	}

	#edgeNodes(): LiveStatus["edgeNodes"] {
		const { host, intake, clock } = this.#options;
		return host.edgeNodes().map(({ row, online, lastMessageMs }) => ({
			group: row.group,
			edgeNode: row.edgeNode,
			online,
			// The host keeps monotonic time; people read the wall clock.
			lastMessageMs:
				lastMessageMs === undefined ? undefined : clock.wallMs() - (clock.monotonicMs() - lastMessageMs),
			epochs: intake.epochs(row.id).flatMap(({ epoch, prefix, held }) => {
				return held === undefined ? [] : [{ epoch, prefix, held: Math.max(0, held.next - 1 - prefix) }];
			}),
		}));
	}

	#units(throughs: ReadonlyMap<string, number>): LiveUnit[] {
		const idle = { batch: "", lot: "", recipe: "", phase: "" };
		const contexts = this.#options.judge.contexts();
		const units = new Set([...contexts.keys(), ...throughs.keys()].filter((unit) => unit !== ""));
		return [...units]
			.sort()
			.map((unit) => ({ unit, ...(contexts.get(unit) ?? idle), throughMs: throughs.get(unit) }));
	}
}
