import { z } from "zod";
import { bytes, keys, oneOf, text, whole } from "../common/runtime/config-values.ts";

const followerKinds = ["influxdb1", "influxdb2", "influxdb3"] as const;

const yes = z.boolean({ error: "expected true or false" });

/** One entry of `followers`: a database that gets everything the store has. */
export const follower = keys({
	/** May stand in file names. */
	name: text.refine((name) => /^[A-Za-z0-9_-]{1,64}$/.test(name), {
		error: "expected 1 to 64 letters, digits, - or _",
	}),
	kind: oneOf(followerKinds),
	url: text.refine((url) => URL.canParse(url) && isPlainAddress(new URL(url)), {
		error: "expected an http(s) address without user and query",
	}),
	/** Needed for http:// to another machine, which anybody on the way can read. */
	insecure: yes.default(false),
	/** Authorities that may vouch for the address, PEM; without it those that Node.js knows. */
	ca_file: text.optional(),
	/** influxdb1 and influxdb3. */
	database: text.optional(),
	/** influxdb1; without it the database's default. */
	retention_policy: text.optional(),
	/** influxdb2. */
	org: text.optional(),
	bucket: text.optional(),
	/** influxdb1. */
	username: text.optional(),
	password_file: text.optional(),
	/** The file whose first line is the token; influxdb2 and influxdb3, and influxdb1 behind a newer server. */
	token_file: text.optional(),
	/** Where a follower that is new begins. */
	start: oneOf(["beginning", "now"] as const).default("beginning"),
	batch_rows: whole({ min: 1, max: 50_000 }).default(5_000),
	batch_bytes: bytes({ min: 1_024, max: 32 * 1024 ** 2 }).default(1024 ** 2),
	/** From one write to the next when it has caught up. */
	flush_interval_ms: whole({ min: 50, max: 60_000 }).default(1_000),
	timeout_ms: whole({ min: 100, max: 300_000 }).default(30_000),
	rows_per_second_max: whole({ min: 1, max: 10_000_000 }).default(20_000),
	backlog: keys({
		/** The store keeps what the follower has not got, up to so many samples. */
		samples_max: whole({ min: 0, max: 100_000_000_000 }).default(100_000_000),
		age_max_h: whole({ min: 1, max: 100_000 }).default(168),
	}).prefault({}),
	/** Of the file with what the database refused. */
	dead_letter_bytes_max: bytes({ min: 10_000, max: 10 * 1024 ** 3 }).default(64 * 1024 ** 2),
});

export type FollowerConfig = z.output<typeof follower>;

/** What each kind needs, and what means nothing to it. */
const keysOf = {
	influxdb1: { needed: ["database"], foreign: ["org", "bucket"] },
	influxdb2: {
		needed: ["org", "bucket"],
		foreign: ["database", "retention_policy", "username", "password_file"],
	},
	influxdb3: {
		needed: ["database"],
		foreign: ["org", "bucket", "retention_policy", "username", "password_file"],
	},
} as const;

/** Problems between the keys of the followers, with their places under `followers`. */
export function followerFindings(
	followers: readonly FollowerConfig[],
): { path: (string | number)[]; message: string }[] {
	const found: { path: (string | number)[]; message: string }[] = [];
	const names = new Set<string>();
	for (const [index, one] of followers.entries()) {
		const complain = (key: string, message: string) =>
			found.push({ path: ["followers", index, key], message });
		const url = new URL(one.url);
		// File names that differ only in case are one file on some machines.
		if (names.has(one.name.toLowerCase())) complain("name", `follower ${one.name} is there twice`);
		names.add(one.name.toLowerCase());
		for (const key of keysOf[one.kind].needed)
			if (one[key] === undefined) complain("kind", `expected ${key} beside kind: ${one.kind}`);
		for (const key of keysOf[one.kind].foreign)
			if (one[key] !== undefined) complain(key, `expected no such key beside kind: ${one.kind}`);
		if ((one.username === undefined) !== (one.password_file === undefined))
			complain("username", "expected username and password_file together, found one of them");
		if (one.username !== undefined && one.token_file !== undefined)
			complain("token_file", "expected a user or a token, found both");
		if (isInsecure(url) && !one.insecure)
			complain("url", "expected https://, or insecure: true beside it, because others can read http://");
		if (url.protocol === "http:" && one.ca_file !== undefined)
			complain("ca_file", "expected no such key, because http:// has no certificate");
	}
	return found;
}

/** Whether what goes to the address can be read by others on its way. */
export function isInsecure(url: URL): boolean {
	return url.protocol === "http:" && !/^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
}

function isPlainAddress(url: URL): boolean {
	return /^https?:$/.test(url.protocol) && url.username + url.password + url.search + url.hash === "";
}
