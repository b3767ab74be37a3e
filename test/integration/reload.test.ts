import { expect, test } from "vitest";
import { counting, countingServer, device, reloadLine, serverOf, tag, upTo } from "./reload-rig.ts";
import { TagHost } from "./tag-host.ts";

const soon = { timeout: 20_000, interval: 25 };
test("tags come, leave and come again while values flow, and tags that stay have each value once", async () => {
	const server = await countingServer();
	// Long before everything else, as a setting that nobody has touched for years.
	server.write("D", 7, 1_000);
	const count = counting([
		[server, "A"],
		[server, "B"],
		[server, "C"],
	]);
	try {
		const line = await reloadLine({
			servers: [serverOf("one", server)],
			devices: [device("U1", "one", [tag("A"), tag("B")]), device("U2", "one", [tag("C")])],
		});
		const { host, reload } = line;
		await expect.poll(() => host.values("U1", "B").length, soon).toBeGreaterThan(50);
		const handles = server.clientHandles().sort();
		const left = await reload((file) => {
			file.devices[0]?.tags.splice(1, 1, tag("D"));
		});
		expect(left).toMatchObject({
			result: "applied",
			changed: ["removed devices[U1].tags[B]", "added devices[U1].tags[D]"],
			problems: [],
		});
		await expect.poll(() => server.clientHandles().sort(), soon).toEqual([1, 3, 4]);
		expect(handles).toEqual([1, 2, 3]);
		await expect.poll(() => host.values("U1", "D"), soon).toEqual([7]);
		expect([...(host.born("U1")?.keys() ?? [])]).toContain("D");
		const gone = host.values("U1", "B").at(-1) as number;
		const again = await reload((file) => {
			file.devices[0]?.tags.push(tag("B"));
		});
		expect(again.result).toBe("applied");
		await expect.poll(() => host.values("U1", "B").at(-1) as number, soon).toBeGreaterThan(gone + 50);
		count.stop();
		await expect.poll(() => host.values("U2", "C").at(-1), soon).toBe(count.value);
		await expect.poll(() => host.values("U1", "A").at(-1), soon).toBe(count.value);
		expect(host.values("U1", "A")).toEqual(upTo(count.value, host.values("U1", "A")[0] as number));
		expect(host.values("U2", "C")).toEqual(upTo(count.value, host.values("U2", "C")[0] as number));
		expect(new Set(host.values("U1", "B")).size).toBe(host.values("U1", "B").length);
		expect(host.undeclared).toBe(0);
		expect(line.said("plant server lost; its tags are Bad until it returns")).toEqual([]);
	} finally {
		count.stop();
	}
});

test("a unit or a range that changes is born anew and touches no item; the same file changes nothing", async () => {
	const server = await countingServer();
	server.write("A", 1, Date.now());
	const { host, reload, said, ask } = await reloadLine({
		servers: [serverOf("one", server)],
		devices: [device("U1", "one", [tag("A", { eu: "K" })])],
	});
	await expect.poll(() => host.values("U1", "A"), soon).toEqual([1]);
	expect(await reload()).toMatchObject({ result: "unchanged", changed: [] });
	const births = host.births.length;
	expect(
		await reload((file) => Object.assign(file.devices[0]?.tags[0] ?? {}, { eu: "°C", high: 9 })),
	).toMatchObject({
		result: "applied",
		costs: ["every device is born again"],
	});
	await expect.poll(() => host.born("U1")?.get("A"), soon).toMatchObject({ eu: "°C", high: 9, value: 1 });
	expect(host.births.length).toBe(births + 1);
	expect([server.clientHandles(), host.values("U1", "A")]).toEqual([[1], [1]]);
	const metrics = await (await ask("/metrics")).text();
	for (const result of ["applied", "unchanged"])
		expect(metrics).toContain(`pilotline_agent_reloads_total{result="${result}"} 1`);
	expect(said("configuration read again; nothing has changed in it")).toHaveLength(1);
});

test("an invalid file, a secret that cannot be read and a key that needs a restart are refused whole", async () => {
	const server = await countingServer();
	server.write("A", 1, Date.now());
	const { host, reload, running, status, write, path } = await reloadLine({
		servers: [serverOf("one", server)],
		devices: [device("U1", "one", [tag("A")])],
	});
	await expect.poll(() => host.values("U1", "A"), soon).toEqual([1]);
	const before = await running();
	const invalid = await reload((file) => {
		file.devices[0]?.tags.push(tag("B"), { name: "C", node: "nonsense", type: "UInt32" });
	});
	expect(invalid).toMatchObject({ result: "refused", changed: [] });
	expect(invalid.problems).toEqual([
		expect.stringMatching(/agent\.yaml:\d+:\d+: devices\[0\]\.tags\[2\]\.node: expected a node id/),
	]);
	write((file) => {
		file.devices[0]?.tags.splice(1);
		(file.broker as Record<string, unknown>).password_file = "nowhere";
	});
	const secret = await reload((file) => void file.devices[0]?.tags.push(tag("B")));
	expect(secret).toMatchObject({
		result: "refused",
		problems: [expect.stringContaining("CONFIG_UNREADABLE")],
	});
	const restart = await reload((file) => {
		(file.broker as Record<string, unknown>).password_file = undefined;
		file.edge_node = "other";
	});
	expect(restart).toMatchObject({
		result: "refused",
		changed: ["changed edge_node", "added devices[U1].tags[B]"],
		problems: ["edge_node: needs a restart"],
	});
	expect(await running()).toEqual(before);
	expect((await status()).configuration.lastReload).toEqual(restart);
	expect(server.clientHandles()).toEqual([1]);
	expect(path).toContain("agent.yaml");
	server.write("A", 2, Date.now());
	await expect.poll(() => host.values("U1", "A"), soon).toEqual([1, 2]);
});

test("a wildcard with other patterns is asked for anew, and what it still finds misses nothing meanwhile", async () => {
	const server = await countingServer();
	const count = counting([
		[server, "A"],
		[server, "B"],
	]);
	const { host, reload, status } = await reloadLine({
		servers: [serverOf("one", server)],
		devices: [device("U1", "one", [], { browse: { from: "/Objects", include: ["A", "B", "C"] } })],
	});
	await expect.poll(() => host.values("U1", "B").length, soon).toBeGreaterThan(50);
	await reload((file) =>
		Object.assign(file.devices[0] ?? {}, { browse: { from: "/Objects", include: ["A", "D"] } }),
	);
	await expect.poll(() => server.clientHandles().sort(), soon).toEqual([1, 4]);
	expect((await status()).servers).toMatchObject([{ tags: 2 }]);
	count.stop();
	await expect.poll(() => host.values("U1", "A").at(-1), soon).toBe(count.value);
	expect(host.values("U1", "A")).toEqual(upTo(count.value, host.values("U1", "A")[0] as number));
	expect(host.of("U1", "B").every(({ status }) => status === 0)).toBe(true);
});

test("a tag that a restart brings tells its value, however long ago that was written", async () => {
	const server = await countingServer();
	server.write("D", 7, 1_000);
	server.write("A", 1, Date.now());
	const { host, restart } = await reloadLine({
		servers: [serverOf("one", server)],
		devices: [device("U1", "one", [tag("A")])],
	});
	await expect.poll(() => host.values("U1", "A"), soon).toEqual([1]);
	server.write("A", 2, Date.now());
	await expect.poll(() => host.values("U1", "A"), soon).toEqual([1, 2]);
	await restart((file) => void file.devices[0]?.tags.push(tag("D")));
	await expect.poll(() => host.values("U1", "D"), soon).toEqual([7]);
});

test("hosts, bounds of delivery and journal and the log level change in place; a new host gets what is held", async () => {
	const server = await countingServer();
	server.write("A", 1, Date.now());
	const { host, broker, reload, said, status, running } = await reloadLine({
		servers: [serverOf("one", server)],
		devices: [device("U1", "one", [tag("A")])],
	});
	await expect.poll(() => host.values("U1", "A"), soon).toEqual([1]);
	const connections = () => said("broker connected").length;
	expect(connections()).toBe(1);
	const bounds = await reload((file) => {
		Object.assign(file, { log_level: "debug", journal: { max_bytes: "2MiB", segment_bytes: "64KiB" } });
		Object.assign(file.delivery as object, { window_bytes: "64KiB" });
	});
	expect(bounds).toMatchObject({
		result: "applied",
		changed: [
			"changed log_level",
			"changed delivery.window_bytes",
			"changed journal.max_bytes",
			"changed journal.segment_bytes",
		],
	});
	expect(connections()).toBe(1);
	const other = await reload((file) => Object.assign(file, { hosts: [{ id: "second", primary: true }] }));
	expect(other).toMatchObject({
		result: "applied",
		changed: ["removed hosts[collector]", "added hosts[second]"],
		costs: ["the broker is connected to anew; a host that comes gets what the journal still holds"],
	});
	// Nothing is published before the new primary host is there.
	await expect
		.poll(() => said("waiting for the primary host before anything is published").length, soon)
		.toBe(1);
	const second = await TagHost.connect(broker.url, "second");
	await expect.poll(() => second.values("U1", "A"), soon).toEqual([1]);
	expect(connections()).toBe(2);
	expect((await status()).broker.hostsOnline).toEqual(["second"]);
	expect(await running()).toMatchObject({ hosts: [{ id: "second" }], journal: { max_bytes: 2 * 1024 ** 2 } });
});

test("wishes during a reload become one more, and none is taken while the agent stops", async () => {
	const server = await countingServer();
	const { agent, reload } = await reloadLine({
		servers: [serverOf("one", server)],
		devices: [device("U1", "one", [tag("A")])],
	});
	const reports = await Promise.all([1, 2, 3, 4].map(() => agent.reload("signal")));
	expect(new Set(reports).size).toBe(2);
	expect((await reload()).result).toBe("unchanged");
	const [, during] = await Promise.all([agent.stop(), agent.reload("signal")]);
	expect(during).toBeUndefined();
});
