import { readFileSync } from "node:fs";
import type { AuditEntry } from "../../common/runtime/audit-chain.ts";
import { canonicalHash } from "../../common/runtime/canonical-json.ts";
import type { Clock } from "../../common/runtime/clock.ts";
import { pathFrom } from "../../common/runtime/config-values.ts";
import type { CollectorConfig } from "../config.ts";
import type { Deed } from "../people-port.ts";
import type { SpecVersion } from "../specification-port.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { Access } from "./access.ts";
import { EntryBook, type EntryBookOptions } from "./entry-book.ts";

interface PeopleOptions {
	readonly config: CollectorConfig;
	/** Versions of the specification that judge. */
	readonly versions: readonly SpecVersion[];
	readonly instance: string;
	/** Where the configuration file lies. */
	readonly directory: string;
	readonly clock: Clock;
	readonly telemetry: CollectorTelemetry;
	readonly store: EntryBookOptions["store"] & {
		lastDeed(action: string): Promise<AuditEntry | undefined>;
	};
}

/** The stage's parts, in order of starting. */
export function peopleOf(options: PeopleOptions): { entries: EntryBook; access: Access } {
	const { config, directory, clock, telemetry, store } = options;
	const entries = new EntryBook({ clock, telemetry, store, started: startedDeed(options) });
	const { file, session_idle_minutes: idleMinutes, session_hours: hours } = config.people;
	const access = new Access({
		...{ clock, telemetry, entries, login: config.api.login },
		file: file === undefined ? undefined : pathFrom(directory, file),
		sessions: { idleMs: idleMinutes * 60_000, lifetimeMs: hours * 3_600_000 },
		lastRecorded: (action) => store.lastDeed(action),
	});
	return { entries, access };
}

/** What a collector is started with: versions, and hashes of what its files say. */
function startedDeed({ config, versions, instance }: PeopleOptions): Deed {
	return {
		by: "collector",
		action: "collector.started",
		subject: config.host,
		detail: {
			...{ instance, version: programVersion(), configuration: canonicalHash(config) },
			specifications: versions.map(({ specification: { product, version }, hash }) => ({
				...{ product: product.code, version, hash },
			})),
		},
	};
}

/** As package.json has it: two folders up in the tree, three in the packed product. */
function programVersion(): string {
	for (const path of ["../../package.json", "../../../package.json"]) {
		try {
			const text = readFileSync(new URL(path, import.meta.url), "utf8");
			return String((JSON.parse(text) as { version?: unknown }).version);
		} catch {
			// Not there in this layout.
		}
	}
	return "unknown";
}
