// What happens to a plant server, each with the same three questions: are its tags Good again within 10 s of its return, is
// everything there that queues could give, each value once, and does the ledger say what is missing and why.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DataType, StatusCodes } from "node-opcua";
import { expect, onTestFinished, test } from "vitest";
import { statusCodes } from "../../common/contract/status.ts";
import { selfSigned } from "../helpers/opcua-certificates.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { wireTo } from "../helpers/wire.ts";
import { cert } from "../integration/cert-command.ts";
import { goodAgain, goodAgainWithinMs, type SourceRig } from "../integration/good-again.ts";
import { AgentFolder, securedServer, securedSource } from "../integration/secured-line.ts";
import { SmallOpcuaServer } from "../integration/small-opcua-server.ts";
import { sourceConfig, sourceOf } from "../integration/source-rig.ts";
import { everyValue, ledgerAfter, mostInAMinute, storm } from "../integration/storm-rig.ts";

const soon = { timeout: 25_000 };
const startMs = Date.UTC(2026, 0, 5, 6);
/** The plant's own values of a tag, in the order in which they came. */
function sent(rig: SourceRig, name: string): unknown[] {
	return rig.of(name).flatMap(({ status, value }) => (status === 0 ? [value] : []));
}

function counting(from: number, to: number): number[] {
	return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

const four = ["TT01", "Count", "Mode", "Heartbeat"];

function writeAll(server: SmallOpcuaServer, value: number, atMs: number): void {
	server.write("TT01", value, atMs);
	server.write("Count", [0, value], atMs);
	server.write("Mode", "RUN", atMs);
	server.write("Heartbeat", new Date(atMs), atMs);
}

const gapFrom = (fromMs: number, toMs: number, cause: string) => ({
	...{ device: "F500", tags: [], fromMs, toMs, cause, backfilled: false },
});

test("a server that is gone for seven seconds, with all that it had: its tags are Good again, and the hole is in the ledger", async () => {
	const server = new SmallOpcuaServer(temporaryFolder());
	onTestFinished(() => server.stop());
	await server.start();
	writeAll(server, 0, startMs);
	const rig = await sourceOf(sourceConfig(server.port));
	rig.source.start();
	await expect.poll(() => rig.taken.length, soon).toBe(4);
	for (let n = 1; n <= 500; n++) server.write("TT01", n, startMs + n);
	await expect.poll(() => sent(rig, "TT01").length, soon).toBe(501);
	await server.stop();
	await expect.poll(() => rig.source.state().connected, soon).toBe(false);
	await delay(7_000);
	await server.start();
	writeAll(server, 600, startMs + 60_000);
	await goodAgain("restarted", rig, four);
	expect(sent(rig, "TT01")).toEqual([...counting(0, 500), 600]);
	expect(rig.gaps).toEqual([gapFrom(startMs + 500, startMs + 60_000, "server_unreachable")]);
});

test("a server that accepts and closes at once for half a minute: nothing of what its queues held is missing or in the ledger", {
	timeout: 120_000,
}, async () => {
	const server = new SmallOpcuaServer(temporaryFolder());
	onTestFinished(() => server.stop());
	await server.start();
	let sessions = 0;
	server.onSession(() => {
		sessions++;
	});
	writeAll(server, 0, startMs);
	const wire = await wireTo(server.port);
	const rig = await sourceOf(sourceConfig(wire.port));
	rig.source.start();
	await expect.poll(() => rig.taken.length, soon).toBe(4);
	wire.down = true;
	wire.cut();
	await expect.poll(() => rig.source.state().connected, soon).toBe(false);
	for (let n = 1; n <= 1_000; n++) server.write("TT01", n, startMs + n);
	await delay(30_000);
	wire.down = false;
	await goodAgain("accepts and closes", rig, four);
	await expect.poll(() => sent(rig, "TT01").length, soon).toBe(1_001);
	expect(sent(rig, "TT01")).toEqual(counting(0, 1_000));
	expect(rig.gaps).toEqual([]);
	// The first one, which was taken over.
	expect(sessions).toBe(1);
});

test("a server that drops each session as soon as it has it, for half a minute: what its history has is there, the rest in the ledger", {
	timeout: 120_000,
}, async () => {
	const { sessionsMs, connectionsMs, values, gaps } = await storm("sessions", 30_000);
	expect(sessionsMs.length).toBeGreaterThanOrEqual(3);
	expect(mostInAMinute(sessionsMs)).toBeLessThanOrEqual(6);
	expect(mostInAMinute(connectionsMs)).toBeLessThanOrEqual(20);
	expect(values).toEqual(everyValue);
	expect(gaps).toEqual(ledgerAfter.sessions);
});

test("a certificate that is replaced, has expired, and is made anew: Good within 10 s of each approval, each hole in the ledger", {
	timeout: 240_000,
}, async () => {
	const agent = new AgentFolder();
	const trusted = join(agent.pki, "trusted", "certs");
	mkdirSync(trusted, { recursive: true });
	const approve = (file: string, name: string) => writeFileSync(join(trusted, name), readFileSync(file));
	const first = await selfSigned({ name: "first" });
	approve(first.certificateFile, "first.pem");
	const server = await securedServer(first);
	server.write("TT01", 1, startMs + 1_000);
	const rig = await securedSource(server.port, { agent, server: { connect_timeout_ms: 2_000 } });
	await expect.poll(() => sent(rig, "TT01").at(-1), soon).toBe(1);
	/** The server comes back with another certificate, and is refused for this reason. */
	const comesBackWith = async (
		certificate: Awaited<ReturnType<typeof selfSigned>>,
		value: number,
		reason: RegExp,
	) => {
		await server.stop();
		await expect.poll(rig.isConnected, soon).toBe(false);
		await securedServer(certificate, server);
		server.write("TT01", value, startMs + value * 1_000);
		await expect.poll(rig.lastError, soon).toMatch(reason);
		expect(rig.of("TT01").at(-1)?.status).toBe(statusCodes.BadNoCommunication);
	};
	const second = await selfSigned({ name: "second" });
	await comesBackWith(second, 2, /CN=second .* is refused: not_trusted: /);
	const { answer } = await cert(agent, "list");
	const { thumbprint } = answer.rejected.find(({ subject }: { subject: string }) => subject === "CN=second");
	expect((await cert(agent, "trust", thumbprint)).code).toBe(0);
	await goodAgain("certificate replaced and approved", rig, ["TT01"]);

	const expired = await selfSigned({ name: "expired", fromDays: -30, toDays: -1 });
	approve(expired.certificateFile, "expired.pem");
	await comesBackWith(expired, 3, /CN=expired .* is refused: expired: it was valid until /);
	await server.stop();
	const renewed = await selfSigned({ name: "renewed" });
	approve(renewed.certificateFile, "renewed.pem");
	rmSync(join(trusted, "expired.pem"));
	await securedServer(renewed, server);
	server.write("TT01", 4, startMs + 4_000);
	await goodAgain("certificate made anew", rig, ["TT01"]);
	await expect.poll(() => sent(rig, "TT01").at(-1), soon).toBe(4);
	expect(rig.gaps.map(({ cause }) => cause)).toEqual(["server_unreachable", "server_unreachable"]);
	expect(rig.gaps.map(({ backfilled }) => backfilled)).toEqual([false, false]);
});

test("one of 5,000 node ids is missing: it is Bad alone, also after the server was started again", {
	timeout: 120_000,
}, async () => {
	const names = counting(0, 4_998).map((n) => `N${n}`);
	const nodes = Object.fromEntries(names.map((name) => [name, DataType.Double]));
	const server = new SmallOpcuaServer(temporaryFolder(), nodes);
	onTestFinished(() => server.stop());
	await server.start();
	const write = (value: number, atMs: number) => {
		for (const name of names) server.write(name, value, atMs);
	};
	write(1, startMs);
	const config = sourceConfig(server.port, {
		tags: [...names, "Ghost"].map((name) => ({ name, node: `s=${name}`, type: "Double" })),
	});
	const [device] = config.devices;
	if (device !== undefined) device.tags = device.tags.slice(4);
	const rig = await sourceOf(config);
	rig.source.start();
	await goodAgain("1 of 5,000 missing, first start", rig, names);
	expect(rig.of("Ghost")).toMatchObject([{ status: statusCodes.BadNodeIdUnknown, value: null }]);
	expect(rig.source.state()).toMatchObject({ tags: 5_000, tagsSubscribed: 4_999 });
	await server.stop();
	await expect.poll(() => rig.source.state().connected, soon).toBe(false);
	await server.start();
	write(2, startMs + 9_000);
	await goodAgain("1 of 5,000 missing, restarted", rig, names);
	expect(rig.of("Ghost").at(-1)).toMatchObject({ status: statusCodes.BadNodeIdUnknown });
	expect(new Set(names.map((name) => JSON.stringify(sent(rig, name))))).toEqual(new Set(["[1,2]"]));
	expect(rig.gaps).toEqual([gapFrom(startMs, startMs + 9_000, "server_unreachable")]);
});

test("a node is deleted while the agent runs, and comes back: nothing of the others is missing, twice or in the ledger", async () => {
	const server = new SmallOpcuaServer(temporaryFolder());
	onTestFinished(() => server.stop());
	await server.start();
	writeAll(server, 0, startMs);
	const rig = await sourceOf(sourceConfig(server.port, { server: { verify_after_s: 2 } }));
	rig.source.start();
	await expect.poll(() => rig.taken.length, soon).toBe(4);
	server.remove("Mode");
	let n = 0;
	const beating = setInterval(() => server.write("TT01", ++n, startMs + n), 5);
	onTestFinished(() => clearInterval(beating));
	const gone = [StatusCodes.BadNodeIdUnknown.value, StatusCodes.BadNodeIdInvalid.value];
	await expect.poll(() => gone.includes(rig.of("Mode").at(-1)?.status ?? 0), soon).toBe(true);
	server.add("Mode");
	server.write("Mode", "BACK", startMs + 90_000);
	await goodAgain("deleted and back", rig, four);
	clearInterval(beating);
	await expect.poll(() => sent(rig, "TT01").at(-1), soon).toBe(n);
	expect(sent(rig, "TT01")).toEqual(counting(0, n));
	expect(sent(rig, "Mode")).toEqual(["RUN", "BACK"]);
	expect(rig.gaps).toEqual([]);
});

test("50 items in a call and room for nine tenths, before and after the server is started again: those are Good, the others have its reason", {
	timeout: 120_000,
}, async () => {
	const names = counting(0, 499).map((n) => `N${n}`);
	const nodes = Object.fromEntries(names.map((name) => [name, DataType.Double]));
	const limits = { maxMonitoredItemsPerSubscription: 450, operationLimits: { maxMonitoredItemsPerCall: 50 } };
	const server = new SmallOpcuaServer(temporaryFolder(), nodes, limits);
	onTestFinished(() => server.stop());
	await server.start();
	const write = (value: number, atMs: number) => {
		for (const name of names) server.write(name, value, atMs);
	};
	write(1, startMs);
	const config = sourceConfig(server.port, {
		tags: names.map((name) => ({ name, node: `s=${name}`, type: "Double" })),
	});
	const [device] = config.devices;
	if (device !== undefined) device.tags = device.tags.slice(4);
	const rig = await sourceOf(config);
	rig.source.start();
	const refused = names.slice(450);
	await goodAgain("limits, first start", rig, names, refused);
	for (const name of refused)
		await expect
			.poll(() => rig.of(name).at(-1)?.status, soon)
			.toBe(StatusCodes.BadTooManyMonitoredItems.value);
	await server.stop();
	await expect.poll(() => rig.source.state().connected, soon).toBe(false);
	await server.start();
	write(2, startMs + 9_000);
	await goodAgain("limits, restarted", rig, names, refused);
	expect(rig.source.state()).toMatchObject({ connected: true, tags: 500, tagsSubscribed: 450 });
	expect(new Set(names.slice(0, 450).map((name) => JSON.stringify(sent(rig, name))))).toEqual(
		new Set(["[1,2]"]),
	);
	expect(rig.gaps).toEqual([gapFrom(startMs, startMs + 9_000, "server_unreachable")]);
});

test.each([
	["that the server still has is asked for again: nothing is missing, twice or in the ledger", true],
	["that the server has no more is a gap, cause sequence; the present values are there", false],
])("a sequence number is skipped, and its message %s", async (_, isKept) => {
	const server = new SmallOpcuaServer(temporaryFolder());
	onTestFinished(() => server.stop());
	await server.start();
	writeAll(server, 0, startMs);
	const rig = await sourceOf(sourceConfig(server.port));
	rig.source.start();
	await expect.poll(() => rig.taken.length, soon).toBe(4);
	const lost = Promise.withResolvers<void>();
	server.loseNextMessage(isKept, lost.resolve);
	server.write("TT01", 1, startMs + 1_000);
	server.write("Mode", "LOST", startMs + 1_000);
	await lost.promise;
	server.write("TT01", 2, startMs + 2_000);
	await expect.poll(() => sent(rig, "TT01").at(-1), soon).toBe(2);
	// The tag that did not change again, too.
	await expect.poll(() => sent(rig, "Mode").at(-1), soon).toBe("LOST");
	expect(sent(rig, "TT01")).toEqual(isKept ? [0, 1, 2] : [0, 2]);
	expect(sent(rig, "Mode")).toEqual(["RUN", "LOST"]);
	expect(rig.gaps).toEqual(isKept ? [] : [gapFrom(startMs, startMs + 2_000, "sequence")]);
	expect(rig.source.state().connected).toBe(true);
});

test.each([50, 4_000])(
	"a message is lost for good by a server without ResendData, published every %d ms: what it said last of a tag is found within 10 s",
	{
		timeout: 60_000,
	},
	async (publishing_interval_ms) => {
		const server = new SmallOpcuaServer(temporaryFolder());
		onTestFinished(() => server.stop());
		await server.start();
		server.withoutResendData();
		writeAll(server, 0, startMs);
		const rig = await sourceOf(sourceConfig(server.port, { server: { publishing_interval_ms } }));
		rig.source.start();
		await expect.poll(() => rig.taken.length, soon).toBe(4);
		const items = server.itemIds();
		const lost = Promise.withResolvers<void>();
		server.loseNextMessage(false, lost.resolve);
		server.write("Mode", "LOST", startMs + 1_000);
		await lost.promise;
		server.write("TT01", 2, startMs + 2_000);
		await expect.poll(() => sent(rig, "TT01").at(-1), soon).toBe(2);
		// Not before this can anybody know that a message is missing.
		const knownMs = performance.now();
		const timeout = Math.max(2 * publishing_interval_ms, goodAgainWithinMs);
		await expect.poll(() => sent(rig, "Mode").at(-1), { timeout }).toBe("LOST");
		process.stderr.write(`lost for good: found after ${Math.round(performance.now() - knownMs)} ms\n`);
		server.write("Mode", "NEXT", startMs + 3_000);
		await expect.poll(() => sent(rig, "Mode").at(-1), soon).toBe("NEXT");
		expect(sent(rig, "Mode")).toEqual(["RUN", "LOST", "NEXT"]);
		expect(sent(rig, "TT01")).toEqual([0, 2]);
		expect(rig.gaps).toEqual([gapFrom(startMs, startMs + 2_000, "sequence")]);
		// No item was to blame, and none has lost its queue.
		expect(server.itemIds()).toEqual(items);
	},
);

test("a network that was cut in front of a server without ResendData: tags that stood still are Good again, marked as not written anew", async () => {
	const server = new SmallOpcuaServer(temporaryFolder());
	onTestFinished(() => server.stop());
	await server.start();
	server.withoutResendData();
	writeAll(server, 0, startMs);
	const wire = await wireTo(server.port);
	const rig = await sourceOf(sourceConfig(wire.port));
	rig.source.start();
	await expect.poll(() => rig.taken.length, soon).toBe(4);
	wire.down = true;
	wire.cut();
	await expect.poll(() => rig.source.state().connected, soon).toBe(false);
	for (let n = 1; n <= 100; n++) server.write("TT01", n, startMs + n);
	wire.down = false;
	await goodAgain("cut, without ResendData", rig, four);
	await expect.poll(() => sent(rig, "TT01").at(-1), soon).toBe(100);
	expect(sent(rig, "TT01")).toEqual(counting(0, 100));
	expect(rig.of("Mode").map(({ status, value }) => [status, value])).toEqual([
		[0, "RUN"],
		[statusCodes.BadNoCommunication, null],
		[0x402, "RUN"],
	]);
	expect(rig.gaps).toEqual([]);
});
