import type { CertificateWatch } from "../../common/runtime/certificate-watch.ts";
import type { Clock } from "../../common/runtime/clock.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import type { AgentConfig, DeviceConfig, ServerConfig } from "../config.ts";
import type { CycleSink, ReadableTag, Recovered, SampleSource, SourceState } from "../pipeline.ts";
import type { TagBook } from "../tag-book.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import type { CertificateStore } from "./certificate-store.ts";
import { readIdentity } from "./identity.ts";
import type { LeftOfDevice, LeftSource } from "./left-source.ts";
import { OpcuaSource } from "./opcua-source.ts";
import type { OpcuaSourceOptions } from "./opcua-source-options.ts";
import type { OwnIdentity } from "./own-identity.ts";
import { ResolutionFile } from "./resolution/resolution-file.ts";
import { ServerResolution, type TagsResolved } from "./resolution/server-resolution.ts";
import { ServerSecurity } from "./server-security.ts";

/** A source whose devices can change while it runs; one that cannot do it is stopped and started for it. */
export type PlantSource = SampleSource &
	Partial<Pick<OpcuaSource, "addDevice" | "removeDevice" | "left" | "tune">>;
export type CreateSource = (options: OpcuaSourceOptions) => PlantSource;

/** Of servers and devices, by name; who is in none of the lists is not touched. */
export interface ServerChanges {
	readonly added: readonly string[];
	readonly removed: readonly string[];
	readonly restarted: readonly string[];
	/** Servers of which only settings change that need no new connection. */
	readonly tuned: readonly string[];
	readonly devicesAdded: readonly string[];
	readonly devicesRemoved: readonly string[];
	readonly devicesAnew: readonly string[];
	readonly devicesRetagged: readonly string[];
}

export interface PlantServersOptions {
	/** Where the configuration lies; its paths start there. */
	readonly directory: string;
	readonly dataDirectory: string;
	readonly store: CertificateStore;
	readonly own: OwnIdentity;
	readonly clock: Clock;
	readonly telemetry: AgentTelemetry;
	readonly certificates: CertificateWatch;
	/** A server has said that a device has other tags. */
	readonly onResolved: TagsResolved;
	/** Another driver than OPC UA; it gets what an OPC UA source gets. */
	readonly create?: CreateSource | undefined;
}

/** What sources need beside their servers. */
interface Surroundings {
	readonly tags: TagBook;
	readonly recovered: Recovered;
	readonly sink: CycleSink;
}

interface PlantServer {
	readonly config: ServerConfig;
	readonly resolution: ServerResolution;
	readonly source: PlantSource;
}

/** A change that can be made without fail. */
export interface PreparedServers {
	/** The tags of each device that changes, which the tag book must know before `make`. */
	readonly tags: ReadonlyMap<string, readonly ReadableTag[]>;
	/** Stops the sources that are not to go on as they are; within some seconds. */
	leave(): Promise<void>;
	/** In one turn of the event loop; the tag book has the tags configured. */
	make(): void;
}

/** The plant servers of the agent with their devices, which come, change and go while it runs. */
export class PlantServers implements Part {
	readonly name = "sources";
	readonly #options: PlantServersOptions;
	#devices: ReadonlyMap<string, DeviceConfig> = new Map();
	readonly #resolutions = new Map<string, ServerResolution>();
	readonly #servers = new Map<string, PlantServer>();
	/** Of devices that nobody reads at present: what is known of them, should they come again. */
	readonly #left = new Map<string, LeftOfDevice>();
	#surroundings: Surroundings | undefined;
	#isRunning = false;

	constructor(options: PlantServersOptions) {
		this.#options = options;
	}

	/** Reads what servers have said of their tags. @throws CodedError DATA_DAMAGED, DATA_FORMAT_NEWER */
	async open({ servers, devices }: AgentConfig): Promise<void> {
		for (const { name } of servers) this.#resolutions.set(name, await this.#resolutionOf(name, devices));
		this.#devices = new Map(devices.map((device) => [device.name, device]));
	}

	async #resolutionOf(server: string, devices: readonly DeviceConfig[]): Promise<ServerResolution> {
		const { dataDirectory, clock, telemetry, onResolved } = this.#options;
		return new ServerResolution({
			...{ server, clock, telemetry, onChanged: onResolved },
			devices: devices.filter((device) => device.server === server),
			file: await ResolutionFile.open(dataDirectory, server),
		});
	}

	/** What is known of a device's tags now. */
	known(device: DeviceConfig): readonly ReadableTag[] {
		return this.#resolutions.get(device.server)?.known(device) ?? [];
	}

	/** Makes the sources; the tag book has every tag that is known. */
	fill(servers: readonly ServerConfig[], surroundings: Surroundings): void {
		this.#surroundings = surroundings;
		for (const server of servers) this.#add(server, undefined, new Map());
	}

	start(): void {
		this.#isRunning = true;
		if (this.#isSecured) this.#options.own.start();
		for (const { source } of this.#servers.values()) source.start();
	}

	async stop(): Promise<void> {
		this.#isRunning = false;
		this.#options.own.stop();
		await Promise.all([...this.#servers.values()].map(({ source }) => source.stop()));
	}

	/** Those that are reached without security, by name. */
	get plain(): string[] {
		return [...this.#servers.values()]
			.filter(({ config }) => config.insecure === true)
			.map(({ config }) => config.name);
	}

	get #isSecured(): boolean {
		return this.plain.length < this.#servers.size;
	}

	states(): SourceState[] {
		return [...this.#servers.values()].map(({ source }) => source.state());
	}

	sourceOf(device: string): PlantSource | undefined {
		return this.#servers.get(this.#devices.get(device)?.server ?? "")?.source;
	}

	/** A device that only old records know has no server to come back. */
	isLost(device: string): boolean {
		return this.sourceOf(device)?.isConnected !== true;
	}

	/**
	 * Everything about a change that can fail: secrets are read, and what new servers have said before.
	 * @throws CodedError CONFIG_UNREADABLE, DATA_DAMAGED, DATA_FORMAT_NEWER; nothing is changed then
	 */
	async prepare(changes: ServerChanges, next: AgentConfig): Promise<PreparedServers> {
		const { directory } = this.#options;
		for (const server of next.servers) await readIdentity(server, directory);
		const resolutions = new Map<string, ServerResolution>();
		for (const name of changes.added) resolutions.set(name, await this.#resolutionOf(name, next.devices));
		const { devicesAdded, devicesAnew, devicesRetagged } = changes;
		const changed = new Set([...devicesAdded, ...devicesAnew, ...devicesRetagged]);
		const tags = new Map<string, readonly ReadableTag[]>();
		for (const device of next.devices) {
			if (!changed.has(device.name)) continue;
			const resolution = resolutions.get(device.server) ?? this.#resolutions.get(device.server);
			const before = devicesRetagged.includes(device.name) ? this.#devices.get(device.name) : undefined;
			tags.set(device.name, resolution?.knownOf(device, before) ?? []);
		}
		for (const name of changes.devicesRemoved) tags.set(name, []);
		const restarted = this.#toRestart(changes, next);
		const ending = [...restarted, ...changes.removed].flatMap((name) => this.#servers.get(name) ?? []);
		return {
			tags,
			leave: async () => {
				await Promise.all(ending.map(({ source }) => source.stop()));
			},
			make: () => {
				for (const [name, resolution] of resolutions) this.#resolutions.set(name, resolution);
				this.#make(changes, next, { tags, restarted });
			},
		};
	}

	/** Servers whose settings changed, and those whose driver cannot follow its devices. */
	#toRestart(changes: ServerChanges, next: AgentConfig): Set<string> {
		const restarted = new Set(changes.restarted);
		for (const name of changes.tuned)
			if (this.#servers.get(name)?.source.tune === undefined) restarted.add(name);
		const { devicesAdded, devicesRemoved, devicesAnew } = changes;
		for (const name of [...devicesAdded, ...devicesRemoved, ...devicesAnew]) {
			const after = next.devices.find((device) => device.name === name);
			for (const server of [this.#devices.get(name)?.server, after?.server]) {
				const known = this.#servers.get(server ?? "");
				if (
					known !== undefined &&
					known.source.addDevice === undefined &&
					!changes.removed.includes(known.config.name)
				)
					restarted.add(known.config.name);
			}
		}
		return restarted;
	}

	#make(
		changes: ServerChanges,
		next: AgentConfig,
		{
			tags,
			restarted,
		}: { tags: ReadonlyMap<string, readonly ReadableTag[]>; restarted: ReadonlySet<string> },
	): void {
		const sources = new Map<string, LeftSource | undefined>();
		for (const name of [...restarted, ...changes.removed]) {
			const left = this.#servers.get(name)?.source.left?.();
			sources.set(name, left);
			for (const [device, of] of left?.devices ?? []) this.#left.set(device, of);
			this.#servers.delete(name);
		}
		for (const device of [...changes.devicesRemoved, ...changes.devicesAnew]) {
			const left = this.sourceOf(device)?.removeDevice?.(device);
			if (left !== undefined) this.#left.set(device, left);
		}
		const touched = new Set<string | undefined>();
		const touch = () => {
			for (const device of tags.keys()) touched.add(this.#devices.get(device)?.server);
		};
		touch();
		this.#devices = new Map(next.devices.map((device) => [device.name, device]));
		touch();
		for (const name of changes.removed) this.#forget(name);
		for (const [server, resolution] of this.#resolutions)
			if (touched.has(server)) resolution.devicesChanged(this.#devicesOf(server), tags);
		const { devicesAdded, devicesAnew, devicesRetagged } = changes;
		for (const name of [...devicesAdded, ...devicesAnew]) {
			const device = this.#devices.get(name);
			const source = this.sourceOf(name);
			if (device === undefined || source === undefined) continue;
			source.addDevice?.(device, tags.get(name) ?? [], this.#takeLeft(name));
		}
		for (const name of devicesRetagged)
			this.sourceOf(name)?.tagsChanged?.({ device: name, tags: tags.get(name) ?? [], gone: new Set() });
		for (const server of next.servers) {
			const running = this.#servers.get(server.name);
			if (running !== undefined) {
				if (!changes.tuned.includes(server.name)) continue;
				running.source.tune?.(server);
				this.#servers.set(server.name, { ...running, config: server });
				continue;
			}
			const leftDevices = new Map<string, LeftOfDevice>();
			for (const { name } of this.#devicesOf(server.name)) {
				const left = this.#takeLeft(name);
				if (left !== undefined) leftDevices.set(name, left);
			}
			const source = this.#add(server, sources.get(server.name), leftDevices);
			if (this.#isRunning) source.start();
		}
		if (this.#isRunning && this.#isSecured) this.#options.own.start();
	}

	#forget(server: string): void {
		this.#resolutions.delete(server);
		this.#options.certificates.forget(`opcua_server:${server}`);
		this.#options.telemetry.serverRemoved(server);
	}

	#takeLeft(device: string): LeftOfDevice | undefined {
		const left = this.#left.get(device);
		this.#left.delete(device);
		return left;
	}

	#devicesOf(server: string): DeviceConfig[] {
		return [...this.#devices.values()].filter((device) => device.server === server);
	}

	#add(
		server: ServerConfig,
		left: LeftSource | undefined,
		leftDevices: ReadonlyMap<string, LeftOfDevice>,
	): PlantSource {
		const { directory, store, own, clock, telemetry, certificates } = this.#options;
		const resolution = this.#resolutions.get(server.name);
		if (resolution === undefined || this.#surroundings === undefined)
			throw new Error(`server ${server.name} was not opened`);
		const create: CreateSource = this.#options.create ?? ((options) => new OpcuaSource(options));
		const source = create({
			...this.#surroundings,
			...{ server, clock, telemetry, left, leftDevices },
			security: new ServerSecurity({ server, directory, store, own, clock, telemetry, certificates }),
			devices: this.#devicesOf(server.name),
			known: (device) => this.known(device),
			resolver: resolution,
		});
		this.#servers.set(server.name, { config: server, resolution, source });
		return source;
	}
}
