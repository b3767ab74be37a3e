import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { EmbeddedBroker } from "../../../cli/embedded-broker.ts";
import { Collector } from "../../../collector/collector.ts";
import { collectorConfig } from "../../../collector/config.ts";
import type { LiveFollower, LiveStatus } from "../../../collector/read-port.ts";
import { datatypes } from "../../../common/contract/datatype.ts";
import type { HostId } from "../../../common/contract/ids.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { stateTopic } from "../../../common/contract/topics.ts";
import { systemClock } from "../../../common/runtime/clock.ts";
import { MqttLink } from "../../../common/runtime/mqtt-link.ts";
import { freePort } from "../../helpers/free-ports.ts";
import { plainBroker } from "../../helpers/plain-broker.ts";
import { runCommand } from "../../helpers/run-command.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { wholeBirth } from "../../helpers/whole-birth.ts";
import { eventually } from "../../simulators/plant/eventually.ts";
import { edgeSession } from "../host/host-rig.ts";
import { soakWindow, specificationOf, unit } from "../quality/told-story.ts";
import { ScriptedDatabase } from "./follower-rig.ts";

const root = new URL("../../../", import.meta.url).pathname;
const phase = { id: 2, device: unit, name: "Phase", datatype: datatypes.String, configured: true };
const tag = { id: 1, device: unit, name: "T1", datatype: datatypes.Double, configured: true };

test("a collector's followers get what its agents send, and stand in its status and in `pilotline status`", async () => {
	const [well, ill] = [await ScriptedDatabase.start(), await ScriptedDatabase.start()];
	ill.answer = () => ({ status: 401, body: '{"message":"unauthorized access"}' });
	const broker = new EmbeddedBroker();
	await broker.start();
	onTestFinished(() => broker.stop());
	const apiPort = await freePort();
	const folder = temporaryFolder();
	const config = collectorConfig.schema.parse({
		...{
			kind: "collector",
			schema: 1,
			host: "test",
			groups: ["pilot"],
			data_dir: "data",
			specification: "-",
		},
		...{ route: [unit], broker: { url: broker.url, insecure: true }, api: { port: apiPort } },
		followers: [
			{ name: "well", kind: "influxdb1", url: well.url, database: "plant", flush_interval_ms: 50 },
			{ name: "ill", kind: "influxdb2", url: ill.url, org: "o", bucket: "b", flush_interval_ms: 50 },
		],
	});
	const log = pino({ level: "silent" });
	const atMs = Date.UTC(2026, 10, 20);
	const collectorOf = (version: number) => {
		// The next version begins six seconds into the story.
		const from = version === 3 ? 0 : atMs + 6_000;
		const specification = { ...specificationOf([soakWindow()], version), effective_from: new Date(from) };
		return new Collector({ config, specification, directory: folder, clock: systemClock, log });
	};
	const collector = collectorOf(3);
	let online = false;
	const agent: MqttLink = new MqttLink({
		...plainBroker(broker.url, { clientId: "agent" }),
		clock: systemClock,
		will: async () => ({ topic: "nobody", payload: "", qos: 0 as const, retain: false }),
		onClose: () => {},
		onOpen: () => agent.subscribe([stateTopic("test" as HostId)]),
		onMessage: (_, payload) => {
			online ||= payload.includes('"online":true');
			return undefined;
		},
	});
	agent.start();
	onTestFinished(() => agent.stop());
	await eventually(() => agent.connected);
	await collector.start();
	onTestFinished(() => collector.stop());
	await eventually(() => online);

	const session = edgeSession([tag, phase]);
	const bear = (next: number) => {
		for (const { topic, payload } of session.births(wholeBirth(1, [{ epoch: 7, first: 1, next }]), 1_000))
			agent.send({ topic, payload, qos: 0, retain: false });
	};
	bear(4);
	const send = (offset: number, s = offset) => {
		const samples = new SampleColumns(3);
		samples.count = offset === 1 ? 3 : 2;
		for (const index of [0, 1]) {
			samples.tagId[index] = 1;
			samples.sourceMs[index] = atMs + s * 1_000;
			samples.sourceRestTicks[index] = 12 * index;
			samples.serverLagTicks[index] = Number.NaN;
			samples.setValue(index, offset + index / 2);
		}
		if (offset === 1) {
			samples.tagId[2] = phase.id;
			samples.sourceMs[2] = atMs + 1_000;
			samples.serverLagTicks[2] = Number.NaN;
			samples.setValue(2, "SOAK");
		}
		const record = { epoch: 7, offset, last: offset, device: unit, throughMs: undefined, historical: false };
		const sent = { ...record, hash: new Uint8Array(16), samples };
		const { topic, payload } = session.data(sent, 1_000);
		agent.send({ topic, payload, qos: 0, retain: false });
	};
	for (const offset of [1, 2, 3]) send(offset);
	const all = () => well.requests.flatMap((request) => request.lines);
	const lines = () => all().filter((text) => text.startsWith("sample,") && text.includes("tag=T1"));
	await eventually(() => lines().length >= 6);
	// The window applies from the phase on, and so do its limits.
	const limits = () => all().filter((text) => text.startsWith("spec_limit,"));
	await eventually(() => limits().length > 0);
	expect(limits()).toEqual([
		`spec_limit,tag=T1,unit=U500,window=soak applies=1,batch="",high=10,lot="",low=0,version=3i ${atMs + 1_000}000000`,
	]);
	expect(lines().map((text) => text.replace(/^sample,edge_node=[^,]+,group=pilot,/, ""))).toEqual(
		[1, 2, 3].flatMap((offset) => [
			`tag=T1,unit=U500 status=0i,value=${offset} ${atMs + offset * 1_000}000000`,
			`tag=T1,unit=U500 status=0i,value=${offset + 0.5} ${atMs + offset * 1_000}001200`,
		]),
	);

	const api = `http://127.0.0.1:${apiPort}`;
	const status = async () => (await (await fetch(`${api}/api/v1/status`)).json()) as LiveStatus;
	let followers: readonly LiveFollower[] = [];
	const settled = () => followers.map(({ state }) => state).join() === "current,held";
	const endMs = performance.now() + 10_000;
	while (!settled() && performance.now() < endMs) followers = (await status()).followers ?? [];
	expect(followers).toMatchObject([
		{ name: "well", state: "current", waitingSamples: 0, refusedLines: 0 },
		{ name: "ill", state: "held", pos: 0, lastError: "401 unauthorized access" },
	]);
	const metrics = await (await fetch(`${api}/metrics`)).text();
	expect(metrics).toMatch(
		/pilotline_collector_follower_lines_total\{follower="well",outcome="written"\} ([6-9]|1\d)/,
	);

	const { code, stdout } = await runCommand(
		process.execPath,
		["--disable-warning=ExperimentalWarning", "cli/main.ts", "status", "--api", api],
		{ cwd: root, env: process.env, withinMs: 20_000 },
	);
	expect(code).toBe(1);
	expect(stdout).toMatch(/well +influxdb1 +current +0 +0 s/);
	expect(stdout).toContain("follower ill is held: 401 unauthorized access");

	// When the next version of the specification begins, what the one before had begun ends, though nobody said that the phase is over.
	await collector.stop();
	online = false;
	const next = collectorOf(4);
	await next.start();
	onTestFinished(() => next.stop());
	await eventually(() => online);
	bear(5);
	send(4, 8);
	await eventually(() => limits().length > 2);
	expect(limits().slice(1).toSorted()).toEqual([
		`spec_limit,tag=T1,unit=U500,window=soak applies=0,batch="",high=10,lot="",low=0,version=3i ${atMs + 6_000 - 1}999999`,
		`spec_limit,tag=T1,unit=U500,window=soak applies=1,batch="",high=10,lot="",low=0,version=4i ${atMs + 6_000}000000`,
	]);
});
