import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { composeFile, mountsOf, type Service } from "../deploy/compose-file.ts";
import { freePort } from "../helpers/free-ports.ts";
import { Mosquitto } from "../helpers/mosquitto.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { runCommand } from "../helpers/run-command.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { nodeArguments, repository } from "./run-demo.ts";

const compose = composeFile();
const secretsFolder = "/var/lib/pilotline/secrets";
const enough = 10_000;
const upWithinMs = 120_000;

/** What the collector says of itself, as far as it is looked at. */
interface CollectorStatus {
	readonly totals: { readonly samples: number; readonly gaps: number } | null;
	readonly followers: readonly { readonly writtenLines: number; readonly lastError?: string }[];
}

/** What the services of docker-compose.yml see, on this host: mounts as folders, other services at ports of the loopback. */
class Host {
	readonly #folder = temporaryFolder();
	readonly #secrets = join(this.#folder, "secrets");
	readonly #ports = new Map<string, number>();

	async prepare(): Promise<void> {
		for (const port of ["4841", "4842", "4843", "4844", "8086", "9300", "9301"])
			this.#ports.set(port, await freePort());
		await this.run("prepare");
	}

	/** A port of the containers, where it is here. */
	at(port: string): number {
		return this.#ports.get(port) ?? 0;
	}

	set(port: string, here: number): void {
		this.#ports.set(port, here);
	}

	/** Volumes of secrets lie as prepare sees them, below the folder that it is given. */
	volume(name: string): string {
		const asPrepared = mountsOf(compose.services.prepare as Service).find(({ from }) => from === name)?.to;
		const folder =
			asPrepared === undefined ? join(this.#folder, name) : asPrepared.replace(secretsFolder, this.#secrets);
		mkdirSync(folder, { recursive: true });
		return folder;
	}

	/** Text with every path that is mounted, every service's name and every port as they are here. */
	#here(service: Service, name: string, text: string): string {
		let here = text.replaceAll(secretsFolder, this.#secrets);
		for (const { from, isVolume, to } of mountsOf(service).toSorted((a, b) => b.to.length - a.to.length))
			here = here.replaceAll(to, isVolume ? this.volume(from) : this.#copy(from, name));
		for (const other of ["mosquitto", "simulator", "influxdb"])
			here = here
				.replaceAll(`//${other}:`, "//localhost:")
				.replaceAll(`host_name: ${other}`, "host_name: localhost");
		for (const [port, ours] of this.#ports)
			here = here.replace(new RegExp(`\\b${port}\\b`, "g"), String(ours));
		return here;
	}

	/** What is mounted of the tree, once for each service, because its files are rewritten. */
	#copy(from: string, name: string): string {
		const copy = join(this.volume("mounted"), name, from.replaceAll("/", "-"));
		if (!existsSync(copy)) cpSync(join(repository, from), copy, { recursive: true });
		return copy;
	}

	/** The command of a service, with its configuration rewritten for this host. */
	#command(name: string): string[] {
		const service = compose.services[name] as Service;
		const command = (service.command ?? []).map((part) => this.#here(service, name, part));
		const config = command[command.indexOf("--config") + 1];
		if (command.includes("--config") && config !== undefined) {
			for (const file of readdirSync(join(config, ".."))) {
				const path = join(config, "..", file);
				writeFileSync(path, this.#here(service, name, readFileSync(path, "utf8")));
			}
		}
		return [...nodeArguments, ...command];
	}

	async run(name: string): Promise<void> {
		const outcome = await runCommand(process.execPath, this.#command(name), {
			cwd: repository,
			withinMs: 60_000,
		});
		expect(outcome.code, outcome.stderr).toBe(0);
	}

	start(name: string): void {
		const child = spawn(process.execPath, this.#command(name), {
			cwd: repository,
			env: { ...process.env, ...compose.services[name]?.environment },
			stdio: ["ignore", "ignore", "inherit"],
		});
		onTestFinished(() => ended(child));
	}

	/** Asks as the service's health check does, until it is well. */
	async healthy(name: string): Promise<void> {
		const service = compose.services[name] as Service;
		const [, , ...check] = (service.healthcheck?.test ?? []).map((part) => this.#here(service, name, part));
		const endMs = performance.now() + upWithinMs;
		for (;;) {
			const outcome = await runCommand(process.execPath, [...nodeArguments, ...check], { cwd: repository });
			if (outcome.code === 0) return;
			if (performance.now() > endMs) throw new Error(`${name}: ${outcome.stdout}${outcome.stderr}`);
			await delay(500);
		}
	}
}

async function ended(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const exit = once(child, "exit");
	child.kill("SIGTERM");
	const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
	await exit;
	clearTimeout(late);
}

describeWithPeer("mosquitto", "the services of docker-compose.yml, as processes of this host", (broker) => {
	// In place of InfluxDB 2, whose writing path and TLS it has; it asks for no token.
	describeWithPeer("victoria-metrics", "with a database", (database) => {
		test("become healthy; the line's values come through the encrypted broker into the store, and on into the database", async () => {
			const host = new Host();
			await host.prepare();
			const settings = readFileSync(join(repository, "examples/mosquitto/mosquitto.conf"), "utf8")
				.replace("\nlistener 8883\n", "\n")
				.replaceAll("/etc/mosquitto/pilotline", host.volume("broker-secrets"));
			host.set("8883", (await Mosquitto.start(broker, settings)).port);
			const secrets = host.volume("database-secrets");
			const tls = ["-tls", `-tlsCertFile=${secrets}/server.crt`, `-tlsKeyFile=${secrets}/server.key`];
			const storage = [`-storageDataPath=${host.volume("influxdb-data")}`, "-retentionPeriod=100y"];
			const listen = `-httpListenAddr=127.0.0.1:${host.at("8086")}`;
			const child = spawn(database, [...tls, ...storage, listen, "-memory.allowedBytes=64MB"], {
				stdio: "ignore",
			});
			onTestFinished(() => ended(child));
			for (const name of ["collector", "agent", "simulator"]) host.start(name);
			for (const name of ["collector", "agent", "simulator"]) await host.healthy(name);

			const get = async (port: string, path: string): Promise<unknown> =>
				await (await fetch(`http://127.0.0.1:${host.at(port)}${path}`)).json();
			const status = async () => (await get("9300", "/api/v1/status")) as CollectorStatus;
			const endMs = performance.now() + upWithinMs;
			const isDone = ({ totals, followers }: CollectorStatus) =>
				(totals?.samples ?? 0) >= enough && (followers[0]?.writtenLines ?? 0) >= enough;
			let told = await status();
			while (!isDone(told) && performance.now() < endMs) {
				await delay(500);
				told = await status();
			}
			expect(told.totals?.samples).toBeGreaterThanOrEqual(enough);
			expect(told.totals?.gaps).toBe(0);
			expect(told.followers[0]?.writtenLines, told.followers[0]?.lastError).toBeGreaterThanOrEqual(enough);
			expect(told).toMatchObject({
				broker: { url: expect.stringMatching(/^mqtts:/), connected: true },
				insecure: ["api"],
				simulated: true,
				edgeNodes: [{ group: "pilot", edgeNode: "line-1", online: true }],
				followers: [{ name: "influxdb", kind: "influxdb2", refusedLines: 0 }],
			});
			expect(await get("9301", "/status")).toMatchObject({ insecure: { broker: false } });
		});
	});
});
