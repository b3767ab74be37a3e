import { expect, onTestFinished, test } from "vitest";
import { everyValue, ledgerAfter, mostInAMinute, type StormKind, storm, stormKinds } from "./storm-rig.ts";

const minutes = 10;

/** New sessions that a server sees in all that time, at least. */
const sessionsLeast: Readonly<Record<StormKind, number>> = {
	connections: 0,
	// The session that it has is taken up again and again.
	"connections with a session": 0,
	"connections soon after a session": 0,
	sessions: 5 * minutes,
};

test(`a server that throws its client out at once for ${minutes} minutes sees six sessions and twenty connections in any minute at most; when it stops, every tag is Good within 10 s, with all that queues and history have, and the rest in the ledger`, {
	timeout: (minutes + 2) * 60_000,
}, async () => {
	const warnings: string[] = [];
	const warned = ({ message }: Error) => warnings.push(message);
	process.on("warning", warned);
	onTestFinished(() => void process.off("warning", warned));
	// All at a time, each with its own server and source.
	const outcomes = await Promise.all(
		stormKinds.map(async (kind) => ({ kind, ...(await storm(kind, minutes * 60_000)) })),
	);
	for (const { kind, sessionsMs, connectionsMs, values, gaps } of outcomes) {
		expect(sessionsMs.length, kind).toBeGreaterThanOrEqual(sessionsLeast[kind]);
		expect(mostInAMinute(sessionsMs), kind).toBeLessThanOrEqual(6);
		expect(connectionsMs.length, kind).toBeGreaterThanOrEqual(5 * minutes);
		expect(mostInAMinute(connectionsMs), kind).toBeLessThanOrEqual(20);
		expect(values, kind).toEqual(everyValue);
		if (ledgerAfter[kind] !== undefined) expect(gaps, kind).toEqual(ledgerAfter[kind]);
		else for (const { cause } of gaps) expect(cause, kind).toBe("sequence");
	}
	// Nothing gathers with the attempts.
	expect(warnings.filter((message) => message.includes("listeners"))).toEqual([]);
});
