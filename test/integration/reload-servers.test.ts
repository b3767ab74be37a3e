import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { stringify } from "yaml";
import { EmbeddedBroker } from "../../cli/embedded-broker.ts";
import {
	counting,
	countingServer,
	device,
	expectExplained,
	hastyClock,
	reloadLine,
	runsMissing,
	serverOf,
	tag,
	twoServers,
	upTo,
} from "./reload-rig.ts";

const soon = { timeout: 20_000, interval: 25 };

test("a server with other settings is connected to anew, and no other one notices", async () => {
	const { host, reload, count, one, two, status } = await twoServers();
	const sessions = { one: 0, two: 0 };
	one.onSession(() => sessions.one++);
	two.onSession(() => sessions.two++);
	const report = await reload((file) =>
		Object.assign(file.servers[1] ?? {}, { publishing_interval_ms: 100 }),
	);
	expect(report).toMatchObject({
		result: "applied",
		changed: ["changed servers[two].publishing_interval_ms"],
		costs: [
			expect.stringMatching(/^server two reconnects, silent meanwhile: 1 tag; what is missed is a gap/),
		],
	});
	const before = host.values("U3", "A").length;
	await expect.poll(() => host.values("U3", "A").length, soon).toBeGreaterThan(before + 50);
	count.stop();
	for (const [name, node] of [
		["U1", "A"],
		["U2", "B"],
		["U3", "A"],
	] as const)
		await expect.poll(() => host.values(name, node).at(-1), soon).toBe(count.value);
	expect(sessions).toEqual({ one: 0, two: 1 });
	for (const [name, node] of [
		["U1", "A"],
		["U2", "B"],
	] as const)
		expect(host.values(name, node)).toEqual(upTo(count.value, host.values(name, node)[0] as number));
	expectExplained({ host }, count, "U3", "A");
	expect(host.gaps.map(({ device, cause }) => [device, cause])).toEqual([["U3", "reconfigured"]]);
	expect((await status()).servers).toMatchObject([{ connected: true }, { connected: true }]);
});

test("lateness and backfill of a server count from the reload on, and its connection is not touched", async () => {
	const { host, reload, count, one, two, status } = await twoServers();
	let sessions = 0;
	for (const server of [one, two]) server.onSession(() => sessions++);
	const items = [...one.itemIds(), ...two.itemIds()];
	const latest = () => host.throughMs("U3");
	await expect.poll(() => Date.now() - latest(), soon).toBeLessThan(2_000);
	const report = await reload((file) =>
		Object.assign(file.servers[1] ?? {}, { lateness_ms: 60_000, backfill: "off", verify_after_s: 5 }),
	);
	expect(report).toMatchObject({ result: "applied", costs: [] });
	const values = host.values("U3", "A").length;
	const stoodAt = latest();
	await expect.poll(() => host.values("U3", "A").length, soon).toBeGreaterThan(values + 50);
	// Through never goes back, and does not go on for a minute.
	expect(latest() - stoodAt).toBeLessThan(500);
	await reload((file) => Object.assign(file.servers[1] ?? {}, { lateness_ms: 0 }));
	await expect.poll(() => Date.now() - latest(), soon).toBeLessThan(2_000);
	count.stop();
	await expect.poll(() => host.values("U3", "A").at(-1), soon).toBe(count.value);
	expect(host.values("U3", "A")).toEqual(upTo(count.value, host.values("U3", "A")[0] as number));
	expect({ sessions, gaps: host.gaps, items: [...one.itemIds(), ...two.itemIds()] }).toEqual({
		sessions: 0,
		gaps: [],
		items,
	});
	expect((await status()).servers).toMatchObject([{ connected: true }, { connected: true }]);
});

test("devices come, leave, come again and go over to another server, and each value is there once", async () => {
	const { host, reload, count, one, two } = await twoServers();
	counting([[two, "D"]]);
	const added = await reload((file) => void file.devices.push(device("U4", "two", [tag("D")])));
	expect(added).toMatchObject({ result: "applied", changed: ["added devices[U4]"] });
	await expect.poll(() => host.values("U4", "D").length, soon).toBeGreaterThan(20);
	const removed = await reload((file) => void file.devices.splice(1, 1));
	expect(removed).toMatchObject({ result: "applied", changed: ["removed devices[U2]"] });
	await expect.poll(() => one.clientHandles(), soon).toEqual([1]);
	const lastOfU2 = host.values("U2", "B").at(-1) as number;
	const again = await reload((file) => void file.devices.push(device("U2", "one", [tag("B")])));
	expect(again.result).toBe("applied");
	await expect.poll(() => host.values("U2", "B").at(-1) as number, soon).toBeGreaterThan(lastOfU2 + 50);
	// The same node on the other server counts the same.
	const moved = await reload((file) => Object.assign(file.devices[0] ?? {}, { server: "two" }));
	expect(moved.changed).toEqual(["changed devices[U1].server"]);
	await expect.poll(() => one.clientHandles(), soon).toHaveLength(1);
	const length = host.values("U1", "A").length;
	await expect.poll(() => host.values("U1", "A").length, soon).toBeGreaterThan(length + 50);
	count.stop();
	for (const [name, node] of [
		["U1", "A"],
		["U2", "B"],
		["U3", "A"],
	] as const) {
		await expect.poll(() => host.values(name, node).at(-1), soon).toBe(count.value);
		expectExplained({ host }, count, name, node);
	}
	expect(host.values("U3", "A")).toEqual(upTo(count.value, host.values("U3", "A")[0] as number));
	expect(host.gaps.map((gap) => gap.device).sort()).toEqual(["U1", "U2"]);
	expect(host.undeclared).toBe(0);
});

test("a device that is read in another way is watched anew alone; a server comes and goes", async () => {
	const { host, reload, count, one, status } = await twoServers();
	const anew = await reload((file) => Object.assign(file.devices[0] ?? {}, { time_base: { tag: "A" } }));
	expect(anew).toMatchObject({ result: "applied", changed: ["changed devices[U1].time_base"] });
	await expect.poll(() => one.clientHandles().sort(), soon).toEqual([2, 3]);
	const third = await countingServer();
	third.write("C", 3, Date.now());
	const came = await reload((file) => {
		file.servers.push(serverOf("three", third));
		file.devices.push(device("U9", "three", [tag("C")]));
	});
	expect(came.changed).toEqual(["added servers[three]", "added devices[U9]"]);
	await expect.poll(() => host.values("U9", "C"), soon).toEqual([3]);
	const gone = await reload((file) => {
		file.servers.splice(1, 1);
		file.devices.splice(2, 1);
	});
	expect(gone.changed).toEqual(["removed servers[two]", "removed devices[U3]"]);
	expect((await status()).servers.map(({ server }) => server)).toEqual(["one", "three"]);
	count.stop();
	await expect.poll(() => host.values("U1", "A").at(-1), soon).toBe(count.value);
	await expect.poll(() => host.values("U2", "B").at(-1), soon).toBe(count.value);
	expect(host.values("U2", "B")).toEqual(upTo(count.value, host.values("U2", "B")[0] as number));
	expectExplained({ host }, count, "U1", "A");
	expect(third.clientHandles()).toEqual([1]);
});

test("a reload while the broker is away counts, and the broker's own address can be changed by one", async () => {
	const { host, reload, count, broker, said } = await twoServers();
	await broker.stop();
	await expect
		.poll(() => said("broker not connected; the journal holds what arrives").length, soon)
		.toBeGreaterThan(0);
	const report = await reload((file) => void file.devices[2]?.tags.push(tag("B")));
	expect(report.result).toBe("applied");
	const second = new EmbeddedBroker();
	await second.start();
	onTestFinished(() => second.stop());
	const there = await host.also(second.url);
	const moved = await reload((file) => Object.assign(file.broker as object, { url: second.url }));
	expect(moved).toMatchObject({ result: "applied", changed: ["changed broker.url"] });
	await expect.poll(() => there.born("U3")?.has("B"), soon).toBe(true);
	count.stop();
	// Nobody has confirmed anything, so the second host gets what the first one had as well.
	for (const name of ["U1", "U3"]) {
		const has = () => there.values(name, "A") as number[];
		const first = host.values(name, "A")[0] as number;
		await expect.poll(() => has().length, soon).toBe(count.value - first + 1);
		expect([runsMissing(has()), Math.min(...has())]).toEqual([[], first]);
	}
});

test("a file that is replaced by rename, and one below a symbolic link that is swapped, are noticed", async () => {
	const server = await countingServer();
	server.write("A", 1, Date.now());
	server.write("B", 2, Date.now());
	server.write("C", 3, Date.now());
	const line = await reloadLine({
		servers: [serverOf("one", server)],
		devices: [device("U1", "one", [tag("A")])],
		more: { reload: { watch: true } },
		clock: hastyClock,
	});
	const { host, write, folder, status, file, path } = line;
	await expect.poll(() => host.values("U1", "A"), soon).toEqual([1]);
	write((next) => void next.devices[0]?.tags.push(tag("B")));
	await expect.poll(() => host.values("U1", "B"), soon).toEqual([2]);
	// As volumes of a cluster are: the name stays, the folder that it leads to is another one.
	for (const name of ["v1", "v2"]) mkdirSync(join(folder, name));
	writeFileSync(join(folder, "v1", "tags.csv"), "name,node,type\nC,s=C,UInt32\n");
	writeFileSync(join(folder, "v2", "tags.csv"), "name,node,type\nC,s=C,UInt32\nA2,s=A,UInt32\n");
	symlinkSync("v1", join(folder, "now"));
	write((next) => Object.assign(next.devices[0] ?? {}, { tags_file: "now/tags.csv" }));
	await expect.poll(() => host.values("U1", "C"), soon).toEqual([3]);
	symlinkSync("v2", join(folder, "next"));
	renameSync(join(folder, "next"), join(folder, "now"));
	await expect.poll(() => host.values("U1", "A2"), soon).toEqual([1]);
	// A list that is named for the first time and has a problem is looked at, too.
	writeFileSync(join(folder, "more.csv"), "name,node,type\nB2,nonsense,UInt32\n");
	write((next) => Object.assign(next.devices[0] ?? {}, { tags_file: "more.csv" }));
	await expect
		.poll(async () => (await status()).configuration.lastReload?.problems[0], soon)
		.toMatch(/more\.csv:2:4: node: expected a node id/);
	writeFileSync(join(folder, "more.csv"), "name,node,type\nB2,s=B,UInt32\n");
	await expect.poll(() => host.values("U1", "B2"), soon).toEqual([2]);
	// What is half written is waited for, and what is wrong at last is refused.
	writeFileSync(path, `${stringify(file)}\nnonsense: 1\n`);
	await expect
		.poll(async () => (await status()).configuration.lastReload, soon)
		.toMatchObject({
			result: "refused",
			why: "file changed",
			problems: [expect.stringContaining("nonsense")],
		});
	expect((await status()).servers).toMatchObject([{ tags: 3 }]);
});
