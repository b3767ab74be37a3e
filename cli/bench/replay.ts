import type { Clock } from "../../common/runtime/clock.ts";
import { pause } from "../../common/runtime/clock.ts";
import type { ApiClient } from "../api-client.ts";

const pollMs = 250;
const drainedWithinMs = 300_000;
/** A line that flows has a few records on their way at any time. */
const onTheWayMax = 100;

/** What catching up with a backlog gave. */
export interface Replay {
	/** Values stored a second from the first of the backlog to the last, live ones included. */
	readonly valuesPerSecond: number;
	/** The worst p99 of the age at which live values were committed meanwhile, in milliseconds. */
	readonly liveP99Ms: number;
}

/** Lets a backlog gather without the collector, brings the collector back, and measures until the backlog is gone. */
export async function measureReplay(options: {
	readonly clock: Clock;
	readonly awayMs: number;
	readonly stopCollector: () => Promise<void>;
	readonly startCollector: () => Promise<void>;
	readonly collectorApi: ApiClient;
	readonly agentApi: ApiClient;
}): Promise<Replay> {
	const { clock, awayMs, stopCollector, startCollector, collectorApi, agentApi } = options;
	const before = await storedOf(collectorApi);
	await stopCollector();
	await pause(clock, awayMs);
	await startCollector();
	const deadlineMs = clock.monotonicMs() + drainedWithinMs;
	let first: { stored: number; atMs: number } | undefined;
	let liveP99Ms = 0;
	for (;;) {
		const status = await collectorApi
			.get<{ totals: { samples: number }; commitAgeMs: { p99: number; count: number } }>("/api/v1/status")
			.catch(() => undefined);
		const { delivery } = await agentApi.get<{ delivery: { unconfirmedRecords: number } }>("/status");
		const atMs = clock.monotonicMs();
		const stored = status?.totals.samples ?? 0;
		if (stored > before) first ??= { stored, atMs };
		if (status !== undefined && status.commitAgeMs.count > 0)
			liveP99Ms = Math.max(liveP99Ms, status.commitAgeMs.p99);
		const isDrained = first !== undefined && delivery.unconfirmedRecords <= onTheWayMax;
		if (isDrained || atMs > deadlineMs) {
			const elapsedS = first === undefined ? 0 : (atMs - first.atMs) / 1_000;
			const values = first === undefined ? 0 : stored - first.stored;
			return { valuesPerSecond: elapsedS === 0 ? 0 : Math.round(values / elapsedS), liveP99Ms };
		}
		await pause(clock, pollMs);
	}
}

async function storedOf(api: ApiClient): Promise<number> {
	return (await api.get<{ totals: { samples: number } }>("/api/v1/status")).totals.samples;
}
