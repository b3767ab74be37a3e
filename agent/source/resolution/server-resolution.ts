import type { ClientSession } from "node-opcua";
import { Backoff } from "../../../common/runtime/backoff.ts";
import { type Clock, pause } from "../../../common/runtime/clock.ts";
import { errorText } from "../../../common/runtime/coded-error.ts";
import type { DeviceConfig } from "../../config.ts";
import type { ReadableTag, TagSet } from "../../pipeline.ts";
import type { AgentTelemetry } from "../../telemetry.ts";
import { SpaceReader } from "../browsing/space-reader.ts";
import type { TagResolver } from "../source-tags.ts";
import { askServer, type ResolutionTrouble } from "./ask-server.ts";
import {
	knownTags,
	meanwhileTags,
	needsServer,
	nothingResolved,
	sameTags,
	unknownTags,
} from "./known-tags.ts";
import type { ResolutionFile } from "./resolution-file.ts";

/** A device has other tags; resolves when everyone knows. What is over by its turn changes nothing. */
export type TagsResolved = (set: TagSet, over: AbortSignal) => Promise<void>;

interface ServerResolutionOptions {
	readonly server: string;
	readonly devices: readonly DeviceConfig[];
	readonly file: ResolutionFile;
	readonly clock: Clock;
	readonly telemetry: AgentTelemetry;
	readonly onChanged: TagsResolved;
}

/** Looking again because of what values show: not sooner than after the first, and ever less often while nothing comes of it. */
const wakeFirstMs = 10_000;
const wakeMostMs = 3_600_000;
/** Without a reason to look again; timers cannot be set much further. */
const sleepMs = 7 * 86_400_000;

/** Troubles of a device that stand in the log one by one; the rest is a number. */
const namedTroublesMax = 20;

/**
 * Keeps what a server says about the tags of its devices: from the file while nothing better is known, from the server
 * at each new session, again after `again_s` where a device browses, and with growing pauses while tags are unknown.
 */
export class ServerResolution implements TagResolver {
	readonly #options: ServerResolutionOptions;
	#asking: readonly DeviceConfig[];
	readonly #present = new Map<string, readonly ReadableTag[]>();
	readonly #backoff = new Backoff({ initialMs: 10_000, maximumMs: 600_000, factor: 2 });
	/** Troubles that the log has already, by device. */
	readonly #told = new Map<string, ReadonlySet<string>>();
	#unresolved: number | undefined;
	#troubles = 0;
	#running = new AbortController();
	#session: { readonly session: ClientSession; readonly over: AbortSignal } | undefined;
	#wake = new AbortController();
	#mayWakeMs = Number.NEGATIVE_INFINITY;
	#wakeAfterMs = wakeFirstMs;

	constructor(options: ServerResolutionOptions) {
		this.#options = options;
		this.#asking = options.devices.filter(isAsking);
	}

	/** What is known of a device's tags now. */
	known(device: DeviceConfig): readonly ReadableTag[] {
		let tags = this.#present.get(device.name);
		if (tags === undefined) {
			tags = this.knownOf(device);
			this.#present.set(device.name, tags);
		}
		return tags;
	}

	/** What would be read of a device under other settings; `before`: those that it has here now. */
	knownOf(device: DeviceConfig, before?: DeviceConfig): readonly ReadableTag[] {
		const resolved = this.#options.file.get(device.name) ?? nothingResolved;
		if (before === undefined) return knownTags(device, resolved);
		return meanwhileTags(before, this.known(before), device, resolved);
	}

	/** The server's devices from now on, and the tags of those that changed; what the server has to say is asked at once. */
	devicesChanged(devices: readonly DeviceConfig[], tags: ReadonlyMap<string, readonly ReadableTag[]>): void {
		this.#asking = devices.filter(isAsking);
		this.#unresolved = undefined;
		const names = new Set(devices.map(({ name }) => name));
		for (const name of this.#present.keys()) if (!names.has(name)) this.#present.delete(name);
		for (const name of this.#told.keys()) if (!names.has(name)) this.#told.delete(name);
		for (const name of names) {
			const changed = tags.get(name);
			if (changed !== undefined) this.#present.set(name, changed);
		}
		if (this.#session?.over.aborted === false) this.run(this.#session.session, this.#session.over);
	}

	/** Counted when something is resolved, because the state is asked for often. */
	get unresolved(): number {
		const { file } = this.#options;
		this.#unresolved ??= this.#asking.reduce(
			(sum, device) => sum + unknownTags(device, file.get(device.name) ?? nothingResolved).length,
			0,
		);
		return this.#unresolved;
	}

	run(session: ClientSession, over: AbortSignal): void {
		this.#running.abort();
		this.#session = { session, over };
		if (this.#asking.length === 0) return;
		this.#running = new AbortController();
		const until = AbortSignal.any([over, this.#running.signal]);
		this.#backoff.reset();
		this.#run(session, until).catch((error: unknown) => {
			const { server, telemetry } = this.#options;
			telemetry.resolutionFailed({ server, reason: errorText(error) });
		});
	}

	lookAgain(): void {
		const nowMs = this.#options.clock.monotonicMs();
		if (nowMs < this.#mayWakeMs) return;
		this.#mayWakeMs = nowMs + this.#wakeAfterMs;
		// What a bound leaves out is left out again.
		this.#wakeAfterMs = Math.min(wakeMostMs, this.#wakeAfterMs * 2);
		this.#wake.abort();
	}

	async #run(session: ClientSession, over: AbortSignal): Promise<void> {
		const { server, clock, telemetry } = this.#options;
		while (!over.aborted) {
			let hasFailed = false;
			try {
				await this.#resolve(session, over);
			} catch (error) {
				// The session's end is somebody else's story, and its next one begins here anew.
				if (over.aborted) return;
				hasFailed = true;
				telemetry.resolutionFailed({ server, reason: errorText(error) });
			}
			const afterMs = this.#againMs(hasFailed);
			this.#wake = new AbortController();
			await pause(clock, afterMs, AbortSignal.any([over, this.#wake.signal]));
		}
	}

	#againMs(hasFailed: boolean): number {
		const every = this.#asking.flatMap(({ browse }) =>
			browse === undefined ? [] : [browse.again_s * 1_000],
		);
		const againMs = every.reduce((least, ms) => Math.min(least, ms), Number.POSITIVE_INFINITY);
		if (hasFailed || this.unresolved > 0) return Math.min(againMs, this.#backoff.nextMs());
		this.#backoff.reset();
		return Math.min(againMs, sleepMs);
	}

	async #resolve(session: ClientSession, over: AbortSignal): Promise<void> {
		const { server, file, telemetry, onChanged } = this.#options;
		const space = await SpaceReader.open(session, over);
		const namespaces = await space.namespaces();
		this.#troubles = 0;
		for (const device of this.#asking) {
			const { name } = device;
			const before = file.get(name) ?? nothingResolved;
			const { resolved, troubles, gone } = await askServer(space, namespaces, device, before);
			over.throwIfAborted();
			this.#tell(name, troubles);
			if (JSON.stringify(resolved) !== JSON.stringify(before)) await file.put(name, resolved);
			over.throwIfAborted();
			this.#unresolved = undefined;
			const tags = knownTags(device, resolved);
			const was = this.known(device);
			if (sameTags(tags, was)) continue;
			await onChanged({ device: name, tags, gone }, over);
			over.throwIfAborted();
			this.#wakeAfterMs = wakeFirstMs;
			this.#present.set(name, tags);
			telemetry.tagsResolved({
				server,
				device: name,
				tags: tags.length,
				before: was.length,
				gone: gone.size,
			});
		}
		telemetry.tagsUnresolved(server, this.unresolved, this.#troubles);
	}

	#tell(device: string, troubles: readonly ResolutionTrouble[]): void {
		const { server, telemetry } = this.#options;
		this.#troubles += troubles.length;
		const told = this.#told.get(device);
		const fresh = troubles.filter(({ tag, reason }) => told?.has(`${tag}\n${reason}`) !== true);
		for (const { tag, reason } of fresh.slice(0, namedTroublesMax))
			telemetry.tagUnresolved({ server, tag: `${device}/${tag}`, reason });
		if (fresh.length > namedTroublesMax) {
			const rest = fresh.length - namedTroublesMax;
			telemetry.tagUnresolved({ server, tag: device, reason: `${rest} more of the kind` });
		}
		this.#told.set(device, new Set(troubles.map(({ tag, reason }) => `${tag}\n${reason}`)));
	}
}

/** Whether something of the device is left to the server. */
function isAsking({ tags, browse }: DeviceConfig): boolean {
	return browse !== undefined || tags.some(needsServer);
}
