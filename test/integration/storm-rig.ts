// A plant server that takes a client and throws it out at once, for as long as a test wants: at its port, with each session
// that is made or taken up, a moment after that, or by ending each session. Its tags are written on meanwhile.

import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished } from "vitest";
import type { Gap } from "../../common/contract/gap.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { wireTo } from "../helpers/wire.ts";
import { goodAgain } from "./good-again.ts";
import { SmallOpcuaServer } from "./small-opcua-server.ts";
import { sourceConfig, sourceOf } from "./source-rig.ts";

export const stormKinds = [
	"connections",
	"connections with a session",
	"connections soon after a session",
	"sessions",
] as const;
export type StormKind = (typeof stormKinds)[number];

const soon = { timeout: 25_000 };
const startMs = Date.UTC(2026, 0, 5, 6);
const valuesWritten = 1_000;
const dropAfterMs = 10;
const setUpWithinMs = 1_000;
const endMs = startMs + valuesWritten * 10;

export interface StormOutcome {
	/** Monotonic times during the storm, as the server has seen them. */
	readonly sessionsMs: readonly number[];
	readonly connectionsMs: readonly number[];
	readonly goodAgainMs: number;
	/** What TT01 has had, in order of source time; 0 to 1,000 were written, and nothing twice. */
	readonly values: readonly unknown[];
	readonly gaps: readonly Gap[];
}

export async function storm(kind: StormKind, forMs: number): Promise<StormOutcome> {
	const server = new SmallOpcuaServer(temporaryFolder());
	onTestFinished(() => server.stop());
	await server.start();
	// By default this server gives a subscription to nobody else once the session of an anonymous client is over.
	server.letAnonymousTransfer();
	server.keepHistory("TT01");
	const write = (value: number, atMs: number) => server.write("TT01", value, atMs);
	write(0, startMs);
	server.write("Count", [0, 0], startMs);
	server.write("Mode", "RUN", startMs);
	server.write("Heartbeat", new Date(startMs), startMs);
	const wire = await wireTo(server.port);
	const rig = await sourceOf(sourceConfig(wire.port));

	const sessionsMs: number[] = [];
	let isStorm = false;
	let droppedMs = 0;
	const drop = (how: () => void) =>
		setTimeout(() => {
			if (!isStorm) return;
			droppedMs = performance.now();
			how();
		}, dropAfterMs);
	server.onSession(() => {
		sessionsMs.push(performance.now());
		if (isStorm && kind === "sessions") drop(() => server.loseSessions());
	});
	server.onSessionUsed(() => {
		if (isStorm && kind === "connections soon after a session") drop(() => wire.cut());
		if (!isStorm || kind !== "connections with a session") return;
		droppedMs = performance.now();
		// Before anything of the session can pass.
		wire.cut();
	});

	rig.source.start();
	await expect.poll(() => rig.taken.length, soon).toBe(4);
	isStorm = true;
	if (kind === "connections") wire.down = true;
	const fromMs = performance.now();
	if (kind === "sessions") server.loseSessions();
	else wire.cut();
	await expect.poll(() => rig.source.state().connected, soon).toBe(false);
	for (let n = 1; n < valuesWritten; n++) write(n, startMs + n * 10);
	await delay(forMs - (performance.now() - fromMs));

	// The longest wait is that of a server which is well again as soon as it has thrown out its client for the last time. Where
	// only a new session can show that, the next one comes ten seconds after the last, and needs its time to be set up.
	const dropped = () => (kind === "connections" ? wire.connectionsMs.at(-1) : droppedMs) ?? 0;
	const before = dropped();
	await expect.poll(dropped, { ...soon, interval: 5 }).toBeGreaterThan(before);
	if (kind === "sessions") await delay(setUpWithinMs);
	isStorm = false;
	wire.down = false;
	const returnedMs = performance.now();
	const during = (times: readonly number[]) => times.filter((ms) => ms >= fromMs && ms < returnedMs);
	write(valuesWritten, endMs);
	server.write("Heartbeat", new Date(endMs), endMs);
	const goodAgainMs = await goodAgain(`storm of ${kind}`, rig, ["TT01", "Count", "Mode", "Heartbeat"]);
	await expect
		.poll(() => rig.of("TT01").filter(({ status }) => status === 0).length, soon)
		.toBeGreaterThanOrEqual(everyValue.length);
	const rows = ledgerAfter[kind]?.length ?? rig.gaps.length;
	await expect.poll(() => rig.gaps.length, soon).toBe(rows);
	const outcome = {
		sessionsMs: during(sessionsMs),
		connectionsMs: during(wire.connectionsMs),
		goodAgainMs,
		values: rig
			.of("TT01")
			.filter(({ status }) => status === 0)
			.sort((a, b) => a.sourceMs - b.sourceMs)
			.map(({ value }) => value),
		gaps: rig.gaps,
	};
	process.stderr.write(
		`storm of ${kind}: ${outcome.connectionsMs.length} connections, ${outcome.sessionsMs.length} sessions in ${forMs / 1_000} s\n`,
	);
	return outcome;
}

/** What every value of TT01 that was written in a storm is, once each. */
export const everyValue: readonly number[] = Array.from({ length: valuesWritten + 1 }, (_, n) => n);

const hole = { device: "F500", fromMs: startMs, toMs: endMs, cause: "server_unreachable" };

/**
 * The rows that a storm leaves in the ledger: none where the subscription outlived it; else the whole hole, what is missing
 * of it because no history has it, and that the rest was read from the history.
 */
export const ledgerAfter: Readonly<Record<StormKind, readonly object[] | undefined>> = {
	connections: [],
	"connections with a session": [],
	// How many messages a server keeps for one that does not confirm them is its own affair.
	"connections soon after a session": undefined,
	sessions: [
		{ ...hole, tags: [], backfilled: false },
		{ ...hole, tags: ["Heartbeat"], backfilled: false },
		{ ...hole, tags: [], backfilled: true },
	],
};

/** As many of these times lie in any minute, at most. */
export function mostInAMinute(timesMs: readonly number[]): number {
	return Math.max(
		0,
		...timesMs.map((fromMs) => timesMs.filter((ms) => ms >= fromMs && ms < fromMs + 60_000).length),
	);
}
