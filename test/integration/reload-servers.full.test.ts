import { expect, test } from "vitest";
import {
	counting,
	countingServer,
	device,
	expectExplained,
	reloadLine,
	serverOf,
	tag,
	twoServers,
	upTo,
} from "./reload-rig.ts";

const soon = { timeout: 20_000, interval: 25 };

test("a server that is away is reached where the new configuration says; what it lacks in between is a gap", async () => {
	const { host, reload, count, two, status } = await twoServers();
	await two.stop();
	await expect.poll(async () => (await status()).servers[1]?.connected, soon).toBe(false);
	const other = await countingServer();
	const further = counting([[other, "A"]]);
	const report = await reload((file) =>
		Object.assign(file.servers[1] ?? {}, { endpoint: `opc.tcp://127.0.0.1:${other.port}` }),
	);
	expect(report.result).toBe("applied");
	const before = host.values("U3", "A").length;
	await expect.poll(() => host.values("U3", "A").length, soon).toBeGreaterThan(before + 20);
	expect(host.gaps.filter((gap) => gap.device === "U3").map(({ cause }) => cause)).toEqual([
		"server_unreachable",
	]);
	count.stop();
	further.stop();
	await expect.poll(() => host.values("U1", "A").at(-1), soon).toBe(count.value);
	expect(host.values("U1", "A")).toEqual(upTo(count.value, host.values("U1", "A")[0] as number));
});

test("a new address that nobody listens at makes the tags Bad, and the old one brings them back", async () => {
	const { host, reload, count } = await twoServers();
	let endpoint: unknown;
	const wrong = await reload((file) => {
		endpoint = file.servers[1]?.endpoint;
		Object.assign(file.servers[1] ?? {}, { endpoint: "opc.tcp://127.0.0.1:1" });
	});
	expect(wrong.result).toBe("applied");
	await expect.poll(() => host.of("U3", "A").at(-1)?.status, soon).toBe(0x8031_0000);
	await reload((file) => Object.assign(file.servers[1] ?? {}, { endpoint }));
	await expect.poll(() => host.of("U3", "A").at(-1)?.status, soon).toBe(0);
	count.stop();
	await expect.poll(() => host.values("U3", "A").at(-1), soon).toBe(count.value);
	expectExplained({ host }, count, "U3", "A");
});

test("what is missed while a server gets other settings is read from its history, each value once", async () => {
	const server = await countingServer();
	server.keepHistory("A");
	const count = counting([[server, "A"]]);
	const { host, reload } = await reloadLine({
		servers: [serverOf("one", server)],
		devices: [device("U1", "one", [tag("A")])],
	});
	await expect.poll(() => host.values("U1", "A").length, soon).toBeGreaterThan(50);
	expect((await reload((file) => Object.assign(file.servers[0] ?? {}, { lateness_ms: 1 }))).result).toBe(
		"applied",
	);
	const filled = () => host.gaps.filter(({ backfilled }) => backfilled);
	await expect.poll(() => filled().map(({ cause }) => cause), soon).toEqual(["reconfigured"]);
	count.stop();
	const first = host.values("U1", "A")[0] as number;
	await expect.poll(() => host.values("U1", "A").length, soon).toBe(count.value - first + 1);
	const values = host.values("U1", "A") as number[];
	expect([...values].sort((a, b) => a - b)).toEqual(upTo(count.value, first));
});
