// What a new configuration changes in a running agent. `pilotline plan` prints it, the reload does it: both have it from here.

import { type ConfigChange, configDiff } from "../../common/runtime/config-diff.ts";
import type { AgentConfig, DeviceConfig } from "../config.ts";

/** What a change touches, from the least to the most. */
export const touches = [
	"nothing",
	"log",
	"watching",
	"delivery",
	"journal",
	"tuning",
	"births",
	"tags",
	"device",
	"server",
	"hosts",
	"broker",
	"restart",
] as const;

export type Touch = (typeof touches)[number];

export interface PlannedChange extends ConfigChange {
	readonly touches: Touch;
}

/** What happens to the plant servers, by name, and to their devices. Who is not named is not touched. */
export interface ServerPlan {
	readonly added: readonly string[];
	readonly removed: readonly string[];
	/** Their sources are stopped and started with other settings. */
	readonly restarted: readonly string[];
	/** Their sources go on with other values of settings that need no new connection. */
	readonly tuned: readonly string[];
	/** Devices that come, leave, or leave and come again because they are read in another way or from another server. */
	readonly devicesAdded: readonly string[];
	readonly devicesRemoved: readonly string[];
	readonly devicesAnew: readonly string[];
	/** Devices that stay as they are and get other tags, or the same ones with another unit or range. */
	readonly devicesRetagged: readonly string[];
}

export interface Plan {
	readonly changes: readonly PlannedChange[];
	/** Keys that only a restart can change; while there are any, nothing of the file is taken. */
	readonly needsRestart: readonly string[];
	readonly touched: ReadonlySet<Touch>;
	readonly servers: ServerPlan;
	/** What it costs, a sentence each. */
	readonly costs: readonly string[];
}

/** The first rule whose keys a path begins with counts; `*` is any step. A key that none names needs a restart. */
const rules: readonly (readonly [string, Touch])[] = [
	["log_level", "log"],
	["reload", "watching"],
	["delivery.mode", "restart"],
	["delivery", "delivery"],
	["journal", "journal"],
	["broker", "broker"],
	["hosts", "hosts"],
	["servers.*.lateness_ms", "tuning"],
	["servers.*.verify_after_s", "tuning"],
	["servers.*.return_after_s", "tuning"],
	["servers.*.backfill", "tuning"],
	["servers", "server"],
	["devices.*.server", "device"],
	// Its rows are compared as tags, wherever they come from.
	["devices.*.tags_file", "nothing"],
	["devices.*.flatten", "tags"],
	["devices.*.browse", "tags"],
	["devices.*.tags.*.name", "tags"],
	["devices.*.tags.*.node", "tags"],
	["devices.*.tags.*.path", "tags"],
	["devices.*.tags.*.type", "tags"],
	["devices.*.tags.*.eu", "births"],
	["devices.*.tags.*.low", "births"],
	["devices.*.tags.*.high", "births"],
	// How a tag is watched is settled when its item is created.
	["devices.*.tags.*.*", "device"],
	["devices.*.tags", "tags"],
	["devices", "device"],
];

/** Compares what runs with what shall run. Pure; both are whole, with what their CSV files add. */
export function planReload(before: AgentConfig, after: AgentConfig): Plan {
	const changes = configDiff(before, after).map(
		(change): PlannedChange => ({ ...change, touches: touchOf(change) }),
	);
	const servers = serverPlan(changes, before, after);
	const touched = new Set(changes.map(({ touches }) => touches));
	const needsRestart = changes.filter(({ touches }) => touches === "restart").map(({ where }) => where);
	return {
		...{ changes, needsRestart, touched, servers },
		costs: costsOf(changes, servers, before, after),
	};
}

function touchOf({ path, kind }: ConfigChange): Touch {
	// Only among tags does the order say something: which of two with one source time is first.
	if (kind === "reordered" && path.length === 1) return "nothing";
	const isUnder = (keys: readonly string[]) =>
		keys.length <= path.length && keys.every((key, depth) => key === "*" || key === path[depth]);
	return rules.find(([keys]) => isUnder(keys.split(".")))?.[1] ?? "restart";
}

function serverPlan(changes: readonly PlannedChange[], before: AgentConfig, after: AgentConfig): ServerPlan {
	const whole = (top: string, kind: string) =>
		changes.filter(({ path, kind: is }) => path[0] === top && path.length === 2 && is === kind).map(nameIn);
	const devicesAdded = whole("devices", "added");
	const devicesRemoved = whole("devices", "removed");
	const within = (top: string, isMeant: (touch: Touch) => boolean) => [
		...new Set(
			changes
				.filter(({ path, touches }) => path[0] === top && path.length > 2 && isMeant(touches))
				.map(nameIn),
		),
	];
	const devicesAnew = within("devices", (touch) => touch === "device");
	const retagged = within("devices", (touch) => touch === "tags" || touch === "births");
	const restarted = within("servers", (touch) => touch === "server");
	const tuned = within("servers", (touch) => touch === "tuning");
	const stays = (name: string) => before.servers.some((server) => server.name === name);
	return {
		added: after.servers.map(({ name }) => name).filter((name) => !stays(name)),
		removed: whole("servers", "removed"),
		restarted,
		tuned: tuned.filter((name) => !restarted.includes(name)),
		...{ devicesAdded, devicesRemoved, devicesAnew },
		devicesRetagged: retagged.filter((name) => !devicesAnew.includes(name)),
	};
}

function nameIn({ path }: PlannedChange): string {
	return path[1] as string;
}

function costsOf(
	changes: readonly PlannedChange[],
	servers: ServerPlan,
	before: AgentConfig,
	after: AgentConfig,
): string[] {
	const costs: string[] = [];
	const has = (touch: Touch) => changes.some(({ touches }) => touches === touch);
	const gap =
		"what is missed is a gap (cause reconfigured), read from the server's history where it keeps one";
	const tagsOf = (config: AgentConfig, isMeant: (device: DeviceConfig) => boolean) =>
		tagsText(config.devices.filter(isMeant));
	const on = (name: string) => (device: DeviceConfig) => device.server === name;
	const called = (name: string) => (device: DeviceConfig) => device.name === name;
	for (const name of servers.restarted)
		costs.push(`server ${name} reconnects, silent meanwhile: ${tagsOf(after, on(name))}; ${gap}`);
	for (const name of servers.removed)
		costs.push(`server ${name} is left, read no more from it: ${tagsOf(before, on(name))}`);
	for (const name of servers.added)
		costs.push(`server ${name} is connected to, read from it: ${tagsOf(after, on(name))}`);
	for (const name of servers.devicesAdded)
		costs.push(`device ${name} comes with ${tagsOf(after, called(name))}; no other device is touched`);
	for (const name of servers.devicesRemoved) {
		const tags = tagsOf(before, called(name));
		costs.push(`device ${name} leaves with ${tags}; it dies (DDEATH) once its records are confirmed`);
	}
	const reconnecting = new Set([...servers.restarted, ...servers.added]);
	for (const name of servers.devicesAnew) {
		if (reconnecting.has(after.devices.find(called(name))?.server ?? "")) continue;
		const tags = tagsOf(after, called(name));
		costs.push(`device ${name} is watched anew, silent for a moment: ${tags}; ${gap}`);
	}
	if (has("tags"))
		costs.push("tags that come are watched, tags that leave are not; a tag that stays keeps its queue");
	if (has("journal"))
		costs.push("the journal has other bounds; what is beyond a smaller one is dropped and becomes a gap");
	if (has("hosts"))
		costs.push("the broker is connected to anew; a host that comes gets what the journal still holds");
	if (has("broker")) costs.push("the broker is connected to anew; the journal holds what arrives meanwhile");
	const areOthers =
		servers.devicesAdded.length + servers.devicesRemoved.length + servers.devicesAnew.length > 0;
	if (areOthers || has("births") || has("tags")) costs.push("every device is born again");
	return costs;
}

/** How many tags, as far as the files tell; what a wildcard finds only the server knows. */
function tagsText(devices: readonly DeviceConfig[]): string {
	const tags = devices.reduce((sum, device) => sum + device.tags.length, 0);
	const isMore = devices.some(({ browse }) => browse !== undefined);
	return `${isMore ? "at least " : ""}${tags} ${tags === 1 ? "tag" : "tags"}`;
}
