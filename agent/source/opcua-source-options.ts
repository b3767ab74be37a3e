import type { Clock } from "../../common/runtime/clock.ts";
import type { DeviceConfig, ServerConfig } from "../config.ts";
import type { CycleSink, ReadableTag, Recovered } from "../pipeline.ts";
import type { TagBook } from "../tag-book.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import type { LeftOfDevice, LeftSource } from "./left-source.ts";
import type { ServerSecurity } from "./server-security.ts";
import type { TagResolver } from "./source-tags.ts";

export interface OpcuaSourceOptions {
	readonly server: ServerConfig;
	readonly security: ServerSecurity;
	/** The devices read through this server. */
	readonly devices: readonly DeviceConfig[];
	readonly tags: TagBook;
	/** Where an earlier run of this agent stopped. */
	readonly recovered: Recovered;
	readonly sink: CycleSink;
	readonly clock: Clock;
	readonly telemetry: AgentTelemetry;
	/** What is known of a device's tags now; by default, those of which nothing is left to the server. */
	readonly known?: ((device: DeviceConfig) => readonly ReadableTag[]) | undefined;
	/** Asks the server for the rest, and says so by `tagsChanged`. */
	readonly resolver?: TagResolver | undefined;
	/** What the source of the same server left that this one takes the place of. */
	readonly left?: LeftSource | undefined;
	/** What sources of this run, that one among them, left of devices that are read here now. */
	readonly leftDevices?: ReadonlyMap<string, LeftOfDevice> | undefined;
}
