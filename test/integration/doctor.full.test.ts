import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { stringify } from "yaml";
import { Agent } from "../../agent/agent.ts";
import { agentConfig } from "../../agent/config.ts";
import { type DoctorOptions, examine } from "../../cli/doctor/doctor.ts";
import { Collector } from "../../collector/collector.ts";
import { collectorConfig } from "../../collector/config.ts";
import { systemClock } from "../../common/runtime/clock.ts";
import { loadConfigFile } from "../../common/runtime/config-file.ts";
import { routeOpcuaLog } from "../../common/runtime/opcua-log.ts";
import { specificationOf } from "../collector/quality/told-story.ts";
import { freePort } from "../helpers/free-ports.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { runCommand } from "../helpers/run-command.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { root } from "../static/rules/repository.ts";
import { cert } from "./cert-command.ts";
import { AgentFolder, securedServer } from "./secured-line.ts";
import {
	agent as agentUser,
	collector as collectorUser,
	observer,
	passwordOf,
	type ShippedBroker,
	secondAgent,
	shippedBroker,
} from "./shipped-broker.ts";
import { namespaceUri, SmallOpcuaServer } from "./small-opcua-server.ts";
import { runningBroker } from "./tags-rig.ts";

/** What doctor finds, with `collector` and what else the command line has. */
async function examined(config: string, only: readonly string[], rest: Partial<DoctorOptions> = {}) {
	const options = { config, only, sample: 20, timeout: 60, json: true, env: {}, ...rest };
	const report = await examine(options);
	const of = (check: string) => report.findings.find((finding) => finding.check === check);
	return { ...report, of };
}

/** Runs it as a process of its own. */
async function doctor(config: string, ...args: string[]) {
	const program = ["--disable-warning=ExperimentalWarning", join(root, "cli", "main.ts"), "doctor"];
	return await runCommand(process.execPath, [...program, "--config", config, ...args], { cwd: root });
}

/** A folder with an agent's configuration, which `change` completes. */
function agentFile(keys: Record<string, unknown>): string {
	const file = join(temporaryFolder(), "agent.yaml");
	const base = {
		...{
			kind: "agent",
			schema: 1,
			group: "pilot",
			edge_node: "line-1",
			data_dir: "data",
			status: { port: 0 },
		},
		broker: { url: "mqtt://127.0.0.1:1", insecure: true },
		hosts: [{ id: "pilotline" }],
	};
	writeFileSync(file, stringify({ ...base, ...keys }));
	return file;
}

function plant(port: number, tags: object[], server: object = { insecure: true }) {
	return {
		servers: [
			{ name: "small", endpoint: `opc.tcp://127.0.0.1:${port}`, publishing_interval_ms: 50, ...server },
		],
		devices: [{ name: "F500", server: "small", namespace: namespaceUri, time_base: "publish", tags }],
	};
}

/** A collector for the group of these tests; the address of its API. */
async function runningCollector(broker: object): Promise<string> {
	const directory = temporaryFolder();
	const port = await freePort();
	const config = collectorConfig.schema.parse({
		...{ kind: "collector", schema: 1, host: "pilotline", groups: ["pilot"], data_dir: "data" },
		...{ specification: "-", route: ["F500"], api: { port }, broker },
	});
	const log = pino({ level: "silent" });
	const collector = new Collector({
		...{ config, specification: specificationOf([]), directory, clock: systemClock, log },
	});
	await collector.start();
	onTestFinished(() => collector.stop());
	return `http://127.0.0.1:${port}`;
}

const temperature = { name: "TT01", node: "s=TT01", type: "Double" };

test("a plant server is looked at from its port to the first values; a tag that it does not have is named", async () => {
	const server = new SmallOpcuaServer(temporaryFolder());
	onTestFinished(() => server.stop());
	await server.start();
	server.write("TT01", 20, Date.now());
	const tags = [
		temperature,
		{ name: "Ghost", node: "s=Ghost", type: "Double" },
		{ name: "Lost", node: "s=Lost" },
	];
	const { ok, of, findings } = await examined(agentFile(plant(server.port, tags)), ["servers"]);
	expect(ok).toBe(false);
	expect(findings.map(({ about, check, level }) => `${about} ${check} ${level}`)).toEqual(
		[
			"port ok",
			"endpoints ok",
			"security warn",
			"session ok",
			"clock ok",
			"limits ok",
			"tags fail",
			"first values warn",
		].map((text) => `server small ${text}`),
	);
	expect(of("tags")?.found).toMatch(/^2 known, 1 not: F500\/Lost: /);
	expect(of("first values")?.found).toMatch(
		/^1 of 2 tags read have one, in \d+ ms; F500\/Ghost BadNodeIdUnknown$/,
	);
	await server.stop();
	const gone = await examined(agentFile(plant(server.port, [temperature])), ["servers"]);
	expect([gone.ok, gone.findings.length]).toEqual([false, 1]);
	expect(gone.of("port")).toMatchObject({ level: "fail", found: expect.stringContaining("ECONNREFUSED") });
});

test("a certificate that nobody has approved is named with the command that approves it", async () => {
	const server = await securedServer();
	const agent = new AgentFolder();
	agent.write(server.port);
	const before = await examined(agent.config, ["servers"]);
	expect(before.ok).toBe(false);
	const trust = before.of("trust");
	expect(trust).toMatchObject({ level: "fail", found: expect.stringContaining("not_trusted") });
	const thumbprint = /cert trust ([0-9a-f]{40})/.exec(trust?.advice ?? "")?.[1] ?? "";
	expect((await cert(agent, "trust", thumbprint)).code).toBe(0);
	const after = await examined(agent.config, ["servers"]);
	expect(after.ok).toBe(true);
	expect(after.of("security")).toMatchObject({
		level: "ok",
		found: "Aes256_Sha256_RsaPss, SignAndEncrypt; both certificates are trusted",
	});
});

test("disk, clock and host are measured; a secret that everybody may read is a warning, one that is missing a fault", async () => {
	const password = join(temporaryFolder(), "password");
	writeFileSync(password, "secret\n", { mode: 0o644 });
	const broker = (password_file: string) => ({
		...{ url: "mqtt://127.0.0.1:1", insecure: true, username: "u", password_file },
	});
	const file = agentFile({ ...plant(1, [temperature]), broker: broker(password) });
	const { of, findings } = await examined(file, ["disk", "host"], { rate: 1_000 });
	expect(of("broker.password_file")).toMatchObject({
		level: "warn",
		advice: expect.stringContaining("chmod 600"),
	});
	expect(of("fsync")?.found).toMatch(/^p50 \d+\.\d ms, p99 \d+\.\d ms of \d+$/);
	expect(of("writing")?.found).toMatch(/^\d+ MiB\/s, synced$/);
	// 1 GiB, 1,000 values a second of some 15 bytes.
	const hours = /^1\.0 GiB are ([\d.]+) hours at /.exec(of("journal")?.found ?? "")?.[1];
	expect(Number(hours)).toBeGreaterThan(10);
	expect(Number(hours)).toBeLessThan(40);
	expect(findings.map(({ check }) => check)).toEqual(
		expect.arrayContaining(["memory", "open files", "room"]),
	);
	const missing = await examined(agentFile({ ...plant(1, [temperature]), broker: broker("nowhere") }), [
		"host",
	]);
	expect([missing.ok, missing.of("broker.password_file")?.level]).toEqual([false, "fail"]);
});

test("the command prints a table or one document, and says by its exit code whether something fails", async () => {
	const file = agentFile(plant(1, [temperature]));
	const [table, json, wrong] = await Promise.all([
		doctor(file, "--only", "servers"),
		doctor(file, "--only", "host", "--json"),
		doctor(file, "--only", "moon"),
	]);
	expect([table.code, table.stderr]).toEqual([1, ""]);
	expect(table.stdout).toMatch(
		/^agent pilot\/line-1, not running\n\nabout +check +found\nserver small +port +FAIL +/,
	);
	expect(table.stdout).toContain("0 ok, 0 warnings, 1 failed.");
	const { findings, ...head } = JSON.parse(json.stdout);
	expect([json.code, head]).toEqual([
		0,
		{ ok: true, group: "pilot", edgeNode: "line-1", agentRunning: false },
	]);
	expect(findings).toEqual(
		["memory", "processors", "open files"].map((check) => ({
			...{ about: "host", check, level: expect.any(String), found: expect.any(String) },
			advice: expect.any(String),
		})),
	);
	expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("expected one of servers, broker")]);
});

test("a broker that speaks MQTT 3.1.1 alone does not say what may be published, and nothing is guessed", async () => {
	const broker = await runningBroker();
	const heard: string[] = [];
	const client = await connectAsync(broker.url, { reconnectPeriod: 0 });
	onTestFinished(() => client.endAsync(true));
	client.on("message", (topic) => heard.push(topic));
	await client.subscribeAsync("spBv1.0/pilot/#");
	const collectorUrl = await runningCollector({ url: broker.url, insecure: true });
	const file = agentFile({ ...plant(1, [temperature]), broker: { url: broker.url, insecure: true } });
	const { ok, of } = await examined(file, ["broker"], { collector: collectorUrl });
	expect(ok).toBe(true);
	expect(of("login")).toMatchObject({ level: "ok", found: "MQTT 3.1.1, without a user" });
	expect(of("publishing")).toMatchObject({
		level: "unknown",
		found: expect.stringMatching(/^cannot be known: /),
	});
	expect(heard).toEqual([]);
});

describeWithPeer("mosquitto", "with the broker's shipped rights", (program) => {
	/** A collector on that broker, and what an observer hears from the line meanwhile. */
	async function collected({ url, caFile }: ShippedBroker) {
		const password_file = join(temporaryFolder(), "password");
		writeFileSync(password_file, `${passwordOf(collectorUser)}\n`, { mode: 0o600 });
		const tls = { ca_file: caFile };
		const collectorUrl = await runningCollector({ url, tls, username: collectorUser, password_file });
		const heard: string[] = [];
		const client = await connectAsync(url, {
			...{ username: observer, password: passwordOf(observer), rejectUnauthorized: false },
			reconnectPeriod: 0,
		});
		onTestFinished(() => client.endAsync(true));
		client.on("message", (topic) => heard.push(topic));
		await client.subscribeAsync("spBv1.0/pilot/#", { qos: 1 });
		return { collectorUrl, heard };
	}

	function lineFile(broker: ShippedBroker, user: string, port: number, rest: Record<string, unknown> = {}) {
		const password_file = join(temporaryFolder(), "password");
		writeFileSync(password_file, `${passwordOf(user)}\n`, { mode: 0o600 });
		return agentFile({
			...plant(port, [temperature]),
			broker: { url: broker.url, tls: { ca_file: broker.caFile }, username: user, password_file },
			...rest,
		});
	}

	test("TLS, login and rights are asked for before the first start, and nobody is given anything", async () => {
		const broker = await shippedBroker(program);
		const { collectorUrl, heard } = await collected(broker);
		const look = (file: string) => examined(file, ["broker"], { collector: collectorUrl });
		const right = await look(lineFile(broker, agentUser, 1));
		expect(right.ok).toBe(true);
		expect(right.of("publishing")).toMatchObject({ level: "ok" });
		expect(right.of("host pilotline")).toMatchObject({ level: "ok", found: "online" });
		expect(right.of("TLS")?.found).toMatch(/^the broker's certificate .* days left$/);

		const other = await look(lineFile(broker, secondAgent, 1));
		expect(other.ok).toBe(false);
		const topics = [
			"NBIRTH/line-1",
			"NDATA/line-1",
			"NDEATH/line-1",
			"DBIRTH/line-1/F500",
			"DDATA/line-1/F500",
			"DDEATH/line-1/F500",
		];
		expect(other.of("publishing")).toMatchObject({
			level: "fail",
			found: `refused: ${topics.map((topic) => `spBv1.0/pilot/${topic} (0x87)`).join(", ")}`,
		});
		const stranger = { url: broker.url, tls: { ca_file: broker.caFile }, username: "nobody" };
		const login = await look(agentFile({ ...plant(1, [temperature]), broker: stranger }));
		expect(login.of("login")).toMatchObject({ level: "fail" });
		const untrusting = { url: broker.url, username: "nobody" };
		const tls = await look(agentFile({ ...plant(1, [temperature]), broker: untrusting }));
		expect(tls.of("TLS")).toMatchObject({
			level: "fail",
			found: expect.stringMatching(/certificate comes from an authority that is not in tls\.ca_file/),
		});
		expect(heard).toEqual([]);
	});

	test("beside a running agent it sees a value in the store and leaves the agent's connection alone", async () => {
		routeOpcuaLog(pino({ level: "silent" }));
		const broker = await shippedBroker(program);
		const { collectorUrl, heard } = await collected(broker);
		const server = new SmallOpcuaServer(temporaryFolder());
		onTestFinished(() => server.stop());
		await server.start();
		server.write("TT01", 20, Date.now());
		const statusPort = await freePort();
		const file = lineFile(broker, agentUser, server.port, { status: { port: statusPort } });
		const { value: config, directory } = loadConfigFile(file, agentConfig, {});
		const agent = new Agent({ config, directory, clock: systemClock, log: pino({ level: "silent" }) });
		onTestFinished(() => agent.stop());
		await agent.start();
		const stored = async () =>
			(await fetch(`${collectorUrl}/api/v1/tags`)).json() as Promise<{ tags: unknown[] }>;
		await expect.poll(async () => (await stored()).tags.length, { timeout: 20_000 }).toBe(1);
		const births = () => heard.filter((topic) => /[ND](?:BIRTH|DEATH)/.test(topic));
		const before = births();
		const { findings, of, agentRunning } = await examined(file, ["servers", "broker", "store", "host"], {
			collector: collectorUrl,
		});
		expect([agentRunning, findings.filter(({ level }) => level === "fail")]).toEqual([true, []]);
		expect(of("publishing")).toMatchObject({
			level: "ok",
			found: expect.stringMatching(/^by the running agent, \d+ records unconfirmed$/),
		});
		expect(of("value")?.found).toMatch(/^F500\/TT01, source time .*, the newest of 1 tags$/);
		expect(of("edge node")).toMatchObject({ level: "ok", found: "online" });
		expect(of("agent")?.found).toContain("is pilot/line-1");
		expect(births()).toEqual(before);
	});
});
