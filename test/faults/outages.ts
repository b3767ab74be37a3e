import { expect } from "vitest";
import type { LoadLine } from "./load-line.ts";
import { agentIs, counter, pause } from "./whole.ts";

/** Takes a part of the line away for so long, and waits until what gathered meanwhile is stored. */
export async function without(
	line: LoadLine,
	part: "broker" | "collector",
	ms: number,
	withinMs: number,
): Promise<void> {
	await flowing(line);
	await line[part].kill();
	await pause(ms);
	const { delivery } = await agentIs(line, () => true, 5_000);
	// Four publications a second, of every device.
	expect(delivery.unconfirmedRecords).toBeGreaterThan(ms / 500);
	line[part].start();
	await caughtUp(line, withinMs);
}

/** Stops a process in the middle of whatever it does, as a machine that swaps or a suspended virtual one. */
export async function frozen(
	line: LoadLine,
	part: "agent" | "broker" | "collector",
	ms: number,
): Promise<void> {
	await flowing(line);
	line[part].freeze();
	await pause(ms);
	line[part].thaw();
	await caughtUp(line, 60_000);
}

/**
 * Waits until the line carries values: the agent reads every tag, the collector confirms, and it knows how far a device
 * is complete, so that a hole which comes after this has a beginning.
 */
export async function flowing(line: LoadLine): Promise<void> {
	const before = line.store.samples();
	await agentIs(
		line,
		({ servers, delivery }) =>
			servers.every(({ connected, tagsSubscribed }) => connected && tagsSubscribed > line.tags) &&
			delivery.unconfirmedRecords < 10 &&
			line.store.samples() > before &&
			line.store.completeDevices() > 0,
		40_000,
	);
}

/** Waits until nothing but the last second waits for a confirmation. */
export async function caughtUp(line: LoadLine, withinMs: number): Promise<void> {
	await agentIs(
		line,
		({ broker, delivery }) =>
			broker.connected && broker.hostsOnline.length > 0 && delivery.unconfirmedRecords < 10,
		withinMs,
	);
}

/** Breaks the agent's connection and waits until it has a new one, within the time that its keep-alive allows. */
export async function reconnectsAfter(line: LoadLine, fault: () => void, withinMs: number): Promise<void> {
	await flowing(line);
	const count = () => counter(line.agentUrl, "pilotline_agent_broker_connections_total");
	const before = await count();
	fault();
	const deadlineMs = performance.now() + withinMs;
	while ((await count()) === before) {
		if (performance.now() > deadlineMs) {
			throw new Error(
				`expected a new connection of the agent within ${withinMs} ms, found none\n${line.logs()}`,
			);
		}
		await pause(50);
	}
	await caughtUp(line, 30_000);
}

/** The same for the collector, whose connections its log tells. */
export async function collectorReconnectsAfter(
	line: LoadLine,
	fault: () => void,
	withinMs: number,
): Promise<void> {
	await flowing(line);
	const count = () => line.collector.log.split('"msg":"broker connected"').length;
	const before = count();
	fault();
	const deadlineMs = performance.now() + withinMs;
	while (count() === before) {
		if (performance.now() > deadlineMs) {
			throw new Error(
				`expected a new connection of the collector within ${withinMs} ms, found none\n${line.logs()}`,
			);
		}
		await pause(50);
	}
	await caughtUp(line, 30_000);
}
