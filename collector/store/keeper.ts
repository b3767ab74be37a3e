import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, every, pause } from "../../common/runtime/clock.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import { samplesPerSeq } from "../pipeline.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { partsToCompact, partsToRetire, type RetentionBounds } from "./keeping-rules.ts";
import type { KeepingState } from "./keeping-state.ts";
import type { DuckLimits } from "./parts/duck.ts";
import { isRecordFile, type PartRow } from "./parts/part-file.ts";
import { partFolder, setAside, tidyFolder } from "./parts/part-folder.ts";
import type { SealRequest } from "./parts/sealing.ts";
import type { StoreReader } from "./reader.ts";
import { RecordKeeper } from "./records/record-keeping.ts";
import type { Store } from "./store.ts";
import { ThreadCaller, threadFile } from "./thread-call.ts";

export interface KeeperOptions {
	/** The store's file. */
	readonly path: string;
	readonly store: Store;
	readonly readers: readonly Pick<StoreReader, "takeDamaged">[];
	readonly clock: Clock;
	readonly telemetry: CollectorTelemetry;
	readonly limits: DuckLimits;
	/** Samples are sealed when the oldest of them was received so long ago … */
	readonly sealAfterMs: number;
	/** … or when there are so many of them. */
	readonly sealSamplesMax: number;
	readonly retention: RetentionBounds;
}

const lookEveryMs = 10_000;
/** Between two small deletes of hot rows, so that commits go first. */
const trimPauseMs = 20;
/** A replaced file stays so long: whoever began to read it has ended by then. */
const replacedStayMs = 3_600_000;
const retryMaxMs = 600_000;

/**
 * Keeps the store: seals hot samples into Parquet parts, deletes hot rows that are sealed, sets damaged parts aside. All of
 * it beside commits and questions; what fails is tried again later and changes nothing meanwhile.
 */
export class StoreKeeper implements Part {
	readonly name = "store keeper";
	readonly #options: KeeperOptions;
	readonly #thread = new ThreadCaller(threadFile("keeper-thread"));
	readonly #records: RecordKeeper;
	#stopLooking = () => {};
	#working: Promise<void> | undefined;
	#stopping = new AbortController();
	#open = false;
	#failures = 0;
	#notBeforeMs = 0;

	constructor(options: KeeperOptions) {
		this.#options = options;
		const { store, path, clock } = options;
		const wallMs = () => clock.wallMs();
		this.#records = new RecordKeeper({ store, thread: this.#thread, folder: partFolder(path), wallMs });
	}

	/** Puts the folder of parts in order; before anything reads it. The store must be open. */
	async open(): Promise<void> {
		if (this.#open) return;
		const { path, limits, telemetry } = this.#options;
		const folder = partFolder(path);
		this.#stopping = new AbortController();
		this.#open = true;
		this.#thread.start();
		await this.#thread.call("open", { path, folder, limits });
		const state = await this.#state();
		const gone = [...state.replaced.map(({ file }) => file), ...state.retired];
		const findings = await tidyFolder(folder, { ...state, gone });
		for (const { file } of state.replaced) await this.#options.store.forgetReplaced(file);
		for (const { file, reason } of findings.damaged) await this.#damaged(file, reason);
		telemetry.partsFound({
			listed: state.listed.length,
			removed: findings.removed,
			setAside: findings.setAside,
		});
	}

	start(): void {
		this.#stopLooking = every(this.#options.clock, lookEveryMs, () => void this.look());
	}

	async stop(): Promise<void> {
		if (!this.#open) return;
		this.#open = false;
		this.#stopLooking();
		this.#stopping.abort();
		await this.#thread.call("stop").catch(() => undefined);
		await this.#working;
		await this.#thread.call("close").catch(() => undefined);
		await this.#thread.stop();
	}

	/** Does what is due; resolves when it is done, or put off because it failed. */
	look(): Promise<void> {
		const nowMs = this.#options.clock.monotonicMs();
		if (nowMs < this.#notBeforeMs) return Promise.resolve();
		this.#working ??= this.#work()
			.then(() => {
				this.#failures = 0;
			})
			.catch((error: unknown) => {
				if (this.#stopping.signal.aborted) return;
				this.#failures++;
				this.#notBeforeMs =
					this.#options.clock.monotonicMs() + Math.min(retryMaxMs, lookEveryMs * 2 ** this.#failures);
				this.#options.telemetry.partFailed({ part: this.name, err: error });
			})
			.finally(() => {
				this.#working = undefined;
			});
		return this.#working;
	}

	async #work(): Promise<void> {
		for (const reader of this.#options.readers)
			for (const { file, reason } of await reader.takeDamaged()) await this.#damaged(file, reason);
		const { signal } = this.#stopping;
		while (!signal.aborted && (await this.#records.catchUp(await this.#state())));
		while (!signal.aborted && (await this.#sealOne()));
		await this.#trim();
		await this.#retire();
		while (!signal.aborted && (await this.#compactSome()));
		while (!signal.aborted && (await this.#records.mergeSome(await this.#state())));
		await this.#removeReplaced();
	}

	/** Whether something was put together. */
	async #compactSome(): Promise<boolean> {
		const { store, clock, telemetry } = this.#options;
		const state = await this.#state();
		const parts = partsToCompact(state, clock.wallMs());
		if (parts.length === 0) return false;
		const files = parts.map(({ file }) => file);
		const samples = parts.reduce((sum, part) => sum + part.samples, 0);
		const made = await this.#thread.call<PartRow[]>("compact", { files, samples, instance: state.instance });
		await store.replaceParts(made, files, clock.wallMs());
		telemetry.partsCompacted({ from: files.length, to: made.length, samples });
		return true;
	}

	async #retire(): Promise<void> {
		const { store, clock, telemetry, path, retention } = this.#options;
		const state = await this.#state();
		const rollups =
			retention.keepBytes === undefined ? new Map() : await rollupSizes(state, partFolder(path));
		const { parts, heldBytes } = partsToRetire(state, retention, clock.wallMs(), rollups);
		for (const { part, why } of parts) {
			await store.retirePart(part.file, why);
			for (const name of [part.file, part.rollup ?? part.file])
				await rm(join(partFolder(path), name), { force: true });
			telemetry.partRetired({ file: part.file, samples: part.samples, bytes: part.bytes, why });
		}
		telemetry.partsHeld(heldBytes);
		await this.#records.retire(await this.#state());
	}

	/** Whether something was sealed. */
	async #sealOne(): Promise<boolean> {
		const { store, clock, telemetry, sealAfterMs, sealSamplesMax } = this.#options;
		const { sealedTo, savedTo, oldestHotMs, instance, recordsTo } = await this.#state();
		if (oldestHotMs === undefined || savedTo <= sealedTo) return false;
		const stretch = await this.#thread.call<{ toPos: number; samples: number }>("nextStretch", {
			samplesMax: sealSamplesMax,
		});
		const isOld = clock.wallMs() - oldestHotMs >= sealAfterMs;
		const isFull = stretch.samples > sealSamplesMax - largestRecord;
		if (stretch.toPos <= sealedTo || !(isOld || isFull)) return false;
		const beganMs = clock.monotonicMs();
		const request: SealRequest = { fromPos: sealedTo, toPos: stretch.toPos, instance };
		const part = await this.#thread.call<PartRow | undefined>("seal", request);
		const toSeq = stretch.toPos / samplesPerSeq;
		const records = await this.#records.make({ fromSeq: recordsTo, toSeq, instance });
		await store.listPart({ part, records, toPos: stretch.toPos, atMs: clock.wallMs() });
		if (part !== undefined) {
			const { file, samples, bytes } = part;
			telemetry.partSealed({ file, samples, bytes, tookMs: Math.round(clock.monotonicMs() - beganMs) });
		}
		return true;
	}

	async #trim(): Promise<void> {
		const { store, clock } = this.#options;
		const { signal } = this.#stopping;
		while (!signal.aborted && (await store.trim())) await pause(clock, trimPauseMs, signal);
	}

	async #removeReplaced(): Promise<void> {
		const { store, clock, path } = this.#options;
		for (const { file, replacedMs } of (await this.#state()).replaced) {
			if (clock.wallMs() - replacedMs < replacedStayMs) continue;
			await rm(join(partFolder(path), file), { force: true });
			await store.forgetReplaced(file);
		}
	}

	async #damaged(file: string, reason: string): Promise<void> {
		const { store, clock, telemetry, path } = this.#options;
		// What a record file tells of is not lost with it, only how it came.
		if (isRecordFile(file)) await store.removeRecords(file);
		const gaps = isRecordFile(file) ? [] : await store.damagedPart(file, reason, clock.wallMs());
		await setAside(partFolder(path), file);
		telemetry.partDamaged({ file, reason });
		telemetry.gapsWritten(gaps);
	}

	#state(): Promise<KeepingState> {
		return this.#thread.call("state");
	}
}

/** Bytes of each part's rollup; one that is missing is the business of whoever reads it. */
async function rollupSizes({ listed }: KeepingState, folder: string): Promise<Map<string, number>> {
	const sizes = new Map<string, number>();
	for (const { rollup } of listed)
		if (rollup !== undefined)
			sizes.set(
				rollup,
				await stat(join(folder, rollup)).then(
					({ size }) => size,
					() => 0,
				),
			);
	return sizes;
}

/** A stretch ends with a whole record, which is at most so many samples short of its bound. */
const largestRecord = 512;
