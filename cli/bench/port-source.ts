import type { DeviceConfig } from "../../agent/config.ts";
import type { CycleSink, SampleSource, SourceState } from "../../agent/pipeline.ts";
import type { TagBook } from "../../agent/tag-book.ts";
import { SampleColumns, valueKind } from "../../common/contract/samples.ts";
import { type Clock, every } from "../../common/runtime/clock.ts";

const tickMs = 50;

/**
 * A source without OPC UA: counters on every tag, straight into the agent's port. The n-th value of a tag is n. It shows
 * what the rest of the chain can do.
 */
export class PortSource implements SampleSource {
	readonly name = "port source";
	readonly isConnected = true;
	readonly #clock: Clock;
	readonly #sink: CycleSink;
	readonly #devices: { name: string; tagIds: number[] }[];
	readonly #columns: SampleColumns;
	readonly #perSecond: number;
	readonly #tags: number;
	#rounds = 0;
	#stopTicking = () => {};

	constructor(options: {
		clock: Clock;
		sink: CycleSink;
		tags: TagBook;
		devices: readonly DeviceConfig[];
		valuesPerSecond: number;
	}) {
		this.#clock = options.clock;
		this.#sink = options.sink;
		this.#perSecond = options.valuesPerSecond;
		this.#devices = options.devices.map((device) => ({
			name: device.name,
			tagIds: device.tags.flatMap(({ name, type }) =>
				type === "Double" ? [options.tags.find(device.name, name)?.id ?? 0] : [],
			),
		}));
		this.#tags = this.#devices.reduce((sum, { tagIds }) => sum + tagIds.length, 0);
		this.#columns = new SampleColumns(Math.max(...this.#devices.map(({ tagIds }) => tagIds.length)));
	}

	/** Every tag gets one value a round, device by device. */
	get produced(): number {
		return this.#rounds * this.#tags;
	}

	start(): void {
		const startedMs = this.#clock.monotonicMs();
		this.#stopTicking = every(this.#clock, tickMs, () => {
			const due = Math.floor(
				((this.#clock.monotonicMs() - startedMs) / 1_000) * (this.#perSecond / this.#tags),
			);
			if (this.#rounds < due) this.#round();
		});
	}

	halt(): void {
		this.#stopTicking();
	}

	async stop(): Promise<void> {
		this.halt();
	}

	state(): SourceState {
		return {
			server: this.name,
			security: undefined,
			connected: true,
			tags: this.#tags,
			tagsSubscribed: this.#tags,
			lastNotificationAgeMs: 0,
			lastError: undefined,
		};
	}

	#round(): void {
		const value = ++this.#rounds;
		const sourceMs = this.#clock.wallMs();
		for (const { name, tagIds } of this.#devices) {
			const columns = this.#columns;
			columns.count = tagIds.length;
			for (let index = 0; index < tagIds.length; index++) {
				columns.tagId[index] = tagIds[index] as number;
				columns.sourceMs[index] = sourceMs;
				columns.sourceRestTicks[index] = 0;
				columns.serverLagTicks[index] = 0;
				columns.status[index] = 0;
				columns.kind[index] = valueKind.number;
				columns.number[index] = value;
			}
			this.#sink.cycle({ device: name, samples: columns, throughMs: sourceMs });
		}
	}
}
