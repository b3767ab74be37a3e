import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AgentConfig, agentConfig } from "../../../agent/config.ts";
import { planReload } from "../../../agent/reload/plan.ts";

type Raw = Record<string, unknown>;

const tag = (name: string, more: Raw = {}) => ({ name, node: `s=${name}`, type: "Double", ...more });
const device = (name: string, server: string, tags: Raw[], more: Raw = {}) => ({
	...{ name, server, namespace: "urn:plant", time_base: "publish", tags, ...more },
});

function configOf(more: Raw = {}): AgentConfig {
	return agentConfig.schema.parse({
		...{ kind: "agent", schema: 1, group: "site", edge_node: "agent", data_dir: "data", status: { port: 0 } },
		broker: { url: "mqtt://127.0.0.1:1883", insecure: true },
		hosts: [{ id: "collector" }],
		servers: [
			{ name: "one", endpoint: "opc.tcp://one:4840", insecure: true },
			{ name: "two", endpoint: "opc.tcp://two:4840", insecure: true },
		],
		devices: [
			device("U1", "one", [tag("A"), tag("B")]),
			device("U2", "one", [tag("A")]),
			device("U3", "two", [tag("A")]),
		],
		...more,
	});
}

const nothing = {
	...{ added: [], removed: [], restarted: [], tuned: [] },
	...{ devicesAdded: [], devicesRemoved: [], devicesAnew: [], devicesRetagged: [] },
};

/** The plan of a change to the file of above. */
function planOf(change: (config: AgentConfig & Raw) => void) {
	const after = structuredClone(configOf()) as AgentConfig & Raw;
	change(after);
	return planReload(configOf(), after);
}

const deviceOf = (config: AgentConfig, name: string) =>
	config.devices.find((one) => one.name === name) as AgentConfig["devices"][number] & Raw;

describe("what a new configuration touches", () => {
	test("nothing, where it says the same in other words and another order", () => {
		const before = configOf();
		const after = configOf({
			log_level: "info",
			devices: [...before.devices].reverse(),
			servers: [...before.servers].reverse(),
		});
		const plan = planReload(before, after);
		expect(plan).toMatchObject({ needsRestart: [], servers: nothing, costs: [] });
		expect(plan.changes.map(({ kind, where, touches }) => [kind, where, touches])).toEqual([
			["reordered", "servers", "nothing"],
			["reordered", "devices", "nothing"],
		]);
	});

	test("tags that come, leave, change their type or their order: their device's tags alone", () => {
		const plan = planOf((config) => {
			deviceOf(config, "U1").tags = [tag("B"), tag("A", { type: "Int32" }), tag("C")] as never;
		});
		expect(plan.changes.map(({ kind, where, touches }) => [kind, where, touches])).toEqual([
			["changed", "devices[U1].tags[A].type", "tags"],
			["added", "devices[U1].tags[C]", "tags"],
			["reordered", "devices[U1].tags", "tags"],
		]);
		expect(plan.servers).toEqual({ ...nothing, devicesRetagged: ["U1"] });
		expect(plan.costs).toEqual([
			"tags that come are watched, tags that leave are not; a tag that stays keeps its queue",
			"every device is born again",
		]);
	});

	test("a unit or a range: births alone", () => {
		const plan = planOf((config) => {
			Object.assign(deviceOf(config, "U1").tags[0] ?? {}, { eu: "K", low: 0, high: 9 });
		});
		expect([...plan.touched]).toEqual(["births"]);
		expect(plan.costs).toEqual(["every device is born again"]);
	});

	test("a device comes, leaves, is read in another way, goes over to another server", () => {
		const plan = planOf((config) => {
			config.devices = [
				{ ...deviceOf(config, "U1"), namespace: "urn:other" },
				{ ...deviceOf(config, "U3"), server: "one" },
				device("U4", "two", [tag("A")]) as never,
			];
		});
		expect(plan.servers).toEqual({
			...nothing,
			...{ devicesAdded: ["U4"], devicesRemoved: ["U2"], devicesAnew: ["U1", "U3"] },
		});
	});

	test("a server's settings: that server alone; one that has another name is left and connected to", () => {
		const restarted = planOf((config) => Object.assign(config.servers[1] ?? {}, { queue_size: 7 }));
		expect(restarted.servers).toEqual({ ...nothing, restarted: ["two"] });
		expect(restarted.costs).toEqual([
			expect.stringMatching(/^server two reconnects, silent meanwhile: 1 tag;/),
		]);
		const renamed = planOf((config) => {
			Object.assign(config.servers[1] ?? {}, { name: "three" });
			deviceOf(config, "U3").server = "three";
		});
		expect(renamed.servers).toEqual({
			...nothing,
			...{ added: ["three"], removed: ["two"], devicesAnew: ["U3"] },
		});
	});

	test("settings that a server's connection has nothing to do with: nobody is connected to anew, unless another one changes, too", () => {
		const settings = { lateness_ms: 7, verify_after_s: 8, return_after_s: 90, backfill: "off" } as const;
		const tuned = planOf((config) => Object.assign(config.servers[1] ?? {}, settings));
		expect(tuned.servers).toEqual({ ...nothing, tuned: ["two"] });
		expect([...tuned.touched, ...tuned.costs]).toEqual(["tuning"]);
		const both = planOf((config) => Object.assign(config.servers[1] ?? {}, settings, { queue_size: 7 }));
		expect(both.servers).toEqual({ ...nothing, restarted: ["two"] });
	});

	test("keys that nobody knew when this was written: of a server that server, of a device or tag that device, of the top a restart", () => {
		const ofServer = planOf((config) => Object.assign(config.servers[0] ?? {}, { further_endpoints: ["x"] }));
		expect(ofServer.servers).toEqual({ ...nothing, restarted: ["one"] });
		const ofDevice = planOf((config) => Object.assign(deviceOf(config, "U2"), { sampling: { ms: 5 } }));
		expect(ofDevice.servers).toEqual({ ...nothing, devicesAnew: ["U2"] });
		const ofTag = planOf((config) => Object.assign(deviceOf(config, "U1").tags[1] ?? {}, { deadband: 1 }));
		expect(ofTag.servers).toEqual({ ...nothing, devicesAnew: ["U1"] });
		const ofTop = planOf((config) => Object.assign(config, { licence: "x" }));
		expect(ofTop.needsRestart).toEqual(["licence"]);
	});

	test.each([
		[
			"group",
			(config: AgentConfig): void => {
				config.group = "other";
			},
		],
		[
			"edge_node",
			(config: AgentConfig): void => {
				config.edge_node = "other";
			},
		],
		[
			"data_dir",
			(config: AgentConfig): void => {
				config.data_dir = "other";
			},
		],
		[
			"status.port",
			(config: AgentConfig): void => {
				config.status.port = 1;
			},
		],
		[
			"delivery.mode",
			(config: AgentConfig): void => {
				config.delivery.mode = "rolling";
			},
		],
	])("%s: a restart, by name", (key, change) => {
		expect(planOf(change).needsRestart).toEqual([key]);
	});

	test.each([
		[
			"log",
			(config: AgentConfig): void => {
				config.log_level = "debug";
			},
		],
		[
			"watching",
			(config: AgentConfig): void => {
				config.reload.watch = true;
			},
		],
		[
			"delivery",
			(config: AgentConfig): void => {
				config.delivery.resend_after_ms = 500;
			},
		],
		[
			"journal",
			(config: AgentConfig): void => {
				config.journal.max_age_s = 60;
			},
		],
		[
			"broker",
			(config: AgentConfig): void => {
				config.broker.keepalive_s = 2;
			},
		],
		[
			"hosts",
			(config: AgentConfig): void => {
				config.hosts.push({ id: "second" });
			},
		],
	] as const)("%s: in place", (touch, change) => {
		const plan = planOf(change);
		expect([[...plan.touched], plan.needsRestart, plan.servers]).toEqual([[touch], [], nothing]);
	});

	const servers = ["one", "two"] as const;
	const shape = fc.record({
		devices: fc.uniqueArray(
			fc.record({
				name: fc.constantFrom("U1", "U2", "U3", "U4"),
				server: fc.constantFrom(...servers),
				tags: fc.uniqueArray(fc.constantFrom("A", "B", "C"), { minLength: 1 }),
				namespace: fc.constantFrom("urn:plant", "urn:other"),
			}),
			{ selector: ({ name }) => name, minLength: 1 },
		),
		queue: fc.record({ one: fc.integer({ min: 1, max: 2 }), two: fc.integer({ min: 1, max: 2 }) }),
	});
	const built = shape.map(({ devices, queue }) =>
		configOf({
			servers: servers.map((name) => ({
				...{ name, endpoint: `opc.tcp://${name}:4840`, insecure: true, queue_size: queue[name] },
			})),
			devices: devices.map(({ name, server, tags, namespace }) =>
				device(
					name,
					server,
					tags.map((one) => tag(one)),
					{ namespace },
				),
			),
		}),
	);

	test("each device is in one list at most, in one exactly when something of it has changed", () => {
		fc.assert(
			fc.property(built, built, (before, after) => {
				const plan = planReload(before, after);
				const { devicesAdded, devicesRemoved, devicesAnew, devicesRetagged } = plan.servers;
				const named = [...devicesAdded, ...devicesRemoved, ...devicesAnew, ...devicesRetagged];
				expect(new Set(named).size).toBe(named.length);
				for (const name of ["U1", "U2", "U3", "U4"]) {
					const [was, is] = [before, after].map((config) =>
						JSON.stringify(config.devices.find((one) => one.name === name)),
					);
					expect(named.includes(name)).toBe(was !== is);
				}
				for (const [at, name] of servers.entries())
					expect(plan.servers.restarted.includes(name)).toBe(
						before.servers[at]?.queue_size !== after.servers[at]?.queue_size,
					);
				expect(plan.needsRestart).toEqual([]);
			}),
		);
	});
});
