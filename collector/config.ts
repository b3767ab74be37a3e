import ipaddr from "ipaddr.js";
import { z } from "zod";
import { brokerSection } from "../common/runtime/broker-config.ts";
import type { ConfigKind } from "../common/runtime/config-file.ts";
import {
	fileHead,
	keys,
	list,
	oneOf,
	port,
	text,
	topicLevel,
	whole,
} from "../common/runtime/config-values.ts";
import { logLevels } from "../common/runtime/logger.ts";
import { type FollowerConfig, follower, followerFindings } from "./follower-config.ts";
import {
	type LabField,
	type LabServerConfig,
	laboratoryFindings,
	laboratorySection,
} from "./laboratory-config.ts";
import { concerns } from "./specification.ts";

/** Messages a destination can ask for. */
const messageTypes = [
	"violation.raised",
	"violation.cleared",
	"alert.raised",
	"alert.cleared",
	"lot.judged",
	"laboratory.overdue",
	"laboratory.received",
	"material.judged",
] as const;

const destination = keys({
	name: topicLevel,
	url: text.refine((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol), {
		error: "expected an http(s) address",
	}),
	/** Needed for http://, which anybody on the way can read. */
	insecure: z.boolean({ error: "expected true or false" }).default(false),
	/** Networks of the plant that this destination may lie in, as CIDR; public addresses need no entry. */
	allow_networks: z
		.array(
			text.refine((network) => ipaddr.isValidCIDR(network), {
				error: "expected a network such as 10.20.0.0/16",
			}),
		)
		.default([]),
	/** The file with the signing secret, whsec_ and 24 to 64 bytes in base64. */
	secret_file: text,
	/** What it is told of; empty means everything. */
	events: z.array(oneOf(messageTypes)).default([]),
	/** Only what concerns one of these; empty means everything. */
	concerns: z.array(oneOf(concerns)).default([]),
	timeout_ms: whole({ min: 100, max: 30_000 }).default(15_000),
});

const schema = keys({
	...fileHead("collector"),
	/** The Sparkplug host id; agents name it in their `hosts`. */
	host: topicLevel,
	/** Sparkplug groups to take. */
	groups: list(topicLevel, 1, "groups"),
	/** The line is simulated: the page says so. */
	simulated: z.boolean({ error: "expected true or false" }).default(false),
	data_dir: text,
	log_level: oneOf(logLevels).default("info"),
	broker: brokerSection,
	sparkplug: keys({
		/** So long a message may come after its followers, as it does behind a cluster of servers. */
		reorder_timeout_ms: whole({ min: 0, max: 60_000 }).default(2_000),
	}).prefault({}),
	/** The page, the API, /metrics and the probes. */
	api: keys({
		host: text.default("127.0.0.1"),
		port,
		/** Needed beyond the loopback, because nothing that is sent is encrypted. */
		insecure: z
			.literal(true, { error: "expected insecure: true, or no such key on the loopback" })
			.optional(),
		/** Who must be logged in: whoever writes, or whoever reads as well. */
		login: oneOf(["writing", "required"]).default("writing"),
	}),
	/** Who there is, and how long they stay logged in. */
	people: keys({
		/** Written by `pilotline people`; without it nobody logs in, and nothing can be entered. */
		file: text.optional(),
		/** A session that nobody uses ends. */
		session_idle_minutes: whole({ min: 1, max: 1_440 }).default(30),
		/** And one that somebody uses ends, too. */
		session_hours: whole({ min: 1, max: 168 }).default(12),
	}).prefault({}),
	/** A file, or a list of files: versions of one product's specification. */
	specification: z
		.union([text, list(text, 1, "files")], { error: "expected a file or a list of files" })
		.transform((files) => (typeof files === "string" ? [files] : files)),
	/** Tags by which every unit tells what it is doing. */
	context: keys({
		batch: text.default("Batch"),
		lot: text.default("Lot"),
		recipe: text.default("Recipe"),
		phase: text.default("Phase"),
		/**
		 * The tag by which a unit counts every value it has written, the count itself and what its cycle still writes
		 * at the same source time included. When it is left out, nothing is reconciled.
		 */
		written: text.optional(),
	}).prefault({}),
	/**
	 * Units a batch passes, in order; a lot is complete when it has left the last. Where several do the same work side by
	 * side, the list of them stands for a unit.
	 */
	route: list(
		z.union([topicLevel, list(topicLevel, 1, "units")], { error: "expected a unit or a list of units" }),
		1,
		"units",
	),
	/** The tag by which any unit tells what went into what; when it is left out, nobody asks. */
	genealogy: keys({
		tag: text,
		/** Of each of these a lot must be known of every batch, or its lot is proposed for hold; any one will do when left out. */
		materials: z.array(text, { error: "expected a list of materials" }).default([]),
	}).optional(),
	intake: keys({
		/** Samples waiting for the store before the broker is held back. */
		waiting_samples_max: whole({ min: 1_000, max: 10_000_000 }).default(200_000),
		/** Samples in one transaction. */
		commit_samples_max: whole({ min: 500, max: 1_000_000 }).default(20_000),
		commit_interval_ms: whole({ min: 0, max: 1_000 }).default(100),
	}).prefault({}),
	/** How samples are kept; see the collector's README. */
	store: keys({
		/** Samples go from the hot table into a Parquet part when the oldest of them was received so long ago … */
		seal_after_minutes: whole({ min: 1, max: 1_440 }).default(60),
		/** … or when there are so many. */
		seal_samples_max: whole({ min: 10_000, max: 20_000_000 }).default(5_000_000),
		/** Parts whose newest sample is older are deleted; for ever when left out. */
		keep_days: whole({ min: 1, max: 36_600 }).optional(),
		/** The oldest parts are deleted while all are larger; without bound when left out. */
		keep_mb: whole({ min: 64, max: 1_000_000_000 }).optional(),
		/** Memory of each of the two DuckDBs: one makes parts, the other reads them. */
		memory_mb: whole({ min: 64, max: 65_536 }).default(384),
		/** Threads of the one that reads; the other has one. */
		query_threads: whole({ min: 1, max: 64 }).default(2),
		/** What each may write to data_dir beside its memory while it sorts. */
		temporary_mb: whole({ min: 64, max: 1_048_576 }).default(4_096),
	}).prefault({}),
	/** Servers that tell laboratory results as structures. */
	laboratory: laboratorySection,
	destinations: z.array(destination).default([]),
	/** Databases that get everything; at most so many, because each reads the store for itself. */
	followers: z.array(follower).max(16, { error: "expected at most 16 followers" }).default([]),
});

/** Whether only this machine reaches what listens there. */
function isLoopback(host: string): boolean {
	return ["127.0.0.1", "::1", "localhost"].includes(host);
}

export type CollectorConfig = z.output<typeof schema>;
export type DestinationConfig = CollectorConfig["destinations"][number];
export type { FollowerConfig, LabField, LabServerConfig };

export const collectorConfig: ConfigKind<typeof schema> = {
	schema,
	crossCheck(config) {
		const found: { path: (string | number)[]; message: string }[] = [];
		if (isLoopback(config.api.host) && config.api.insecure)
			found.push({ path: ["api", "insecure"], message: "expected no such key on the loopback" });
		if (!isLoopback(config.api.host) && !config.api.insecure) {
			const message =
				"expected 127.0.0.1, ::1 or localhost, or insecure: true beside it, because whoever reaches it can read everything";
			found.push({ path: ["api", "host"], message });
		}
		const names = new Set<string>();
		for (const [index, { name, url, insecure }] of config.destinations.entries()) {
			const at = ["destinations", index];
			if (names.has(name))
				found.push({ path: [...at, "name"], message: `destination ${name} is there twice` });
			names.add(name);
			if (new URL(url).protocol === "http:" && !insecure) {
				found.push({ path: [...at, "url"], message: "expected https://, or insecure: true beside it" });
			}
		}
		for (const key of ["groups", "route"] as const) {
			const seen = new Set<string>();
			for (const [index, names] of config[key].entries()) {
				for (const name of [names].flat()) {
					if (seen.has(name)) found.push({ path: [key, index], message: `${name} is there twice` });
					seen.add(name);
				}
			}
		}
		if (config.api.login === "required" && config.people.file === undefined)
			found.push({ path: ["api", "login"], message: "expected people.file beside it: nobody could read" });
		return [...found, ...laboratoryFindings(config.laboratory), ...followerFindings(config.followers)];
	},
};
