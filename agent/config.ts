import { z } from "zod";
import { tagDatatypes } from "../common/contract/datatype.ts";
import { brokerSection, statusSection } from "../common/runtime/broker-config.ts";
import type { ConfigKind } from "../common/runtime/config-file.ts";
import {
	bytes,
	fileHead,
	keys,
	list,
	number,
	oneOf,
	text,
	topicLevel,
	whole,
} from "../common/runtime/config-values.ts";
import { logLevels } from "../common/runtime/logger.ts";
import { isBrowsePath, isObjectsFolder, parseNodeText } from "../common/runtime/opcua-names.ts";
import { samplingKeys, samplingProblems } from "./sampling-config.ts";
import { includeTagFiles } from "./tags-file.ts";

const MiB = 1024 ** 2;

const journalSection = keys({
	/** All segments together: what fits into an outage of the collector. */
	max_bytes: bytes({ min: MiB, max: 1024 * 1024 * MiB }).default(1024 * MiB),
	/** What goes when that is full: the oldest segment, or the newest values. Either way the loss is written down. */
	when_full: oneOf(["drop_oldest", "drop_newest"] as const).default("drop_oldest"),
	/** Unconfirmed segments older than this go, too; without it data waits as long as it takes. */
	max_age_s: whole({ min: 60, max: 10 * 366 * 86_400 }).optional(),
	/** One file, at most half of `max_bytes`. Confirmed data is deleted a segment at a time. */
	segment_bytes: bytes({ min: 64 * 1024, max: 1024 * MiB }).default(16 * MiB),
	/** The longest time between two fsyncs while data arrives: what a power cut can cost. */
	commit_interval_ms: whole({ min: 1, max: 100 }).default(50),
	/** Records not yet on disk or just written, kept in memory. */
	memory_bytes: bytes({ min: MiB, max: 1024 * MiB }).default(32 * MiB),
});

const endpoint = text.refine((url) => /^opc\.tcp:\/\/[^\s]+$/.test(url), {
	error: "expected opc.tcp://host:port",
});

const server = keys({
	name: text,
	endpoint,
	/** The same plant through redundant servers, in the order of preference; one of them is used at a time. */
	further_endpoints: z
		.array(endpoint, { error: "expected a list of endpoints" })
		.max(7, { error: "expected at most 7 further endpoints" })
		.default([]),
	/** So long a server that is preferred must have been healthy before the agent goes back to it. */
	return_after_s: whole({ min: 10, max: 86_400 }).default(300),
	/** A connection without security must be asked for by name; the status page shows it. */
	insecure: z.literal(true, { error: "expected insecure: true, or no such key" }).optional(),
	/** Less than the best of what the server offers, or another name than the endpoint's host. */
	security: keys({
		/** Only this one; without it the best that the server offers. */
		policy: oneOf(["Aes256_Sha256_RsaPss", "Aes128_Sha256_RsaOaep", "Basic256Sha256"] as const).optional(),
		/** Only this one; without it SignAndEncrypt where the server offers it. */
		mode: oneOf(["SignAndEncrypt", "Sign"] as const).optional(),
		/** What the server's certificate must name, where that is not the host of the endpoint. */
		server_name: text.optional(),
	}).optional(),
	/** Who the agent is to the server; secrets stand in files of their own. */
	identity: z
		.union(
			[
				z.literal("anonymous"),
				keys({ username: text, password_file: text }),
				keys({ certificate_file: text, key_file: text }),
			],
			{
				error: "expected anonymous, username with password_file, or certificate_file with key_file",
			},
		)
		.default("anonymous"),
	publishing_interval_ms: whole({ min: 10, max: 60_000 }).default(500),
	...samplingKeys,
	sampling_interval_ms: samplingKeys.sampling_interval_ms.default(0),
	queue_size: samplingKeys.queue_size.default("auto"),
	discard: samplingKeys.discard.default("oldest"),
	/** With `time_base: publish`: values may reach the server's queue this much after their source time. */
	lateness_ms: whole({ min: 0, max: 600_000 }).default(1_000),
	connect_timeout_ms: whole({ min: 500, max: 60_000 }).default(5_000),
	/** A tag of which nothing was heard for so long is read once, to see that its node and its item are still there. */
	verify_after_s: whole({ min: 1, max: 86_400 }).default(300),
	/** What an outage left out is read from the server's own history, where it keeps one. */
	backfill: oneOf(["oldest_first", "newest_first", "off"] as const).default("oldest_first"),
});

/** What may be left to the server, and the engineering unit and range that births tell. */
const tag = keys({
	name: topicLevel,
	/** `nsu=URI;s=F500.TT01`, or `s=F500.TT01` in the device's namespace. */
	node: text
		.refine((id) => parseNodeText(id) !== undefined, {
			error: "expected a node id such as s=F500.TT01, i=1001 or nsu=urn:plant;s=F500.TT01",
		})
		.optional(),
	/** A browse path below the Objects folder, such as Kiln/TT01 or 2:Kiln/2:TT01; the server is asked for the node. */
	path: text.refine(isBrowsePath, { error: "expected a path such as Kiln/TT01 or 2:Kiln/2:TT01" }).optional(),
	/** Without it the server says type, unit and range; what is given here wins. */
	type: oneOf(tagDatatypes).optional(),
	eu: text.optional(),
	low: number({ min: -1e300, max: 1e300 }).optional(),
	high: number({ min: -1e300, max: 1e300 }).optional(),
	...samplingKeys,
});

/** Every variable below a node that the patterns keep; what the server has changes, and is looked at again. */
const browsed = keys({
	/** A node id or a browse path. */
	from: text.refine(
		(from) => parseNodeText(from) !== undefined || isBrowsePath(from) || isObjectsFolder(from),
		{ error: "expected a node id such as s=Kiln, or a path such as Kiln, 2:Kiln or /Objects" },
	),
	include: z.array(text, { error: "expected a list of patterns" }).default([]),
	exclude: z.array(text, { error: "expected a list of patterns" }).default([]),
	/** What is found beyond is left out, counted and named in the log. */
	max_tags: whole({ min: 1, max: 100_000 }).default(5_000),
	/** Looked at again after this time, and at each new session. */
	again_s: whole({ min: 10, max: 7 * 86_400 }).default(3_600),
});

const device = keys({
	name: topicLevel,
	server: text,
	/** The URI of the namespace; its index may change when the server restarts. */
	namespace: text,
	/** What proves that nothing is missing up to a time: `publish` cycles, or a tag that is written last. */
	time_base: z.union([z.literal("publish"), keys({ tag: text })], {
		error: "expected publish, or tag: NAME of the tag that is written last in each cycle",
	}),
	tags: list(tag, 0, "tags").default([]),
	/** Lists and structures become a tag per value: `Name[0]`, `Name.Field`. Elements beyond are counted and left out. */
	flatten: keys({
		/** Tags of one list from the beginning, for lists that are empty before their first value. */
		elements_min: whole({ min: 0, max: 1_000 }).default(0),
		/** Tags of one list, at most. */
		elements_max: whole({ min: 0, max: 1_000 }).default(64),
		/** Tags of one variable, at most; a variable with more is left out as a whole. */
		parts_max: whole({ min: 1, max: 10_000 }).default(1_000),
	})
		.refine(({ elements_min, elements_max }) => elements_min <= elements_max, {
			path: ["elements_min"],
			error: "expected at most elements_max",
		})
		.prefault({}),
	/** Further tags from a CSV file. */
	tags_file: text.optional(),
	browse: browsed.optional(),
	...samplingKeys,
});

/** Nothing is published on a server where this host is offline; with several servers the next one is tried. */
const primary = z.literal(true, { error: "expected primary: true for one host, or no such key" });

const schema = keys({
	...fileHead("agent"),
	group: topicLevel,
	edge_node: topicLevel,
	data_dir: text,
	log_level: oneOf(logLevels).default("info"),
	status: statusSection,
	/** This file is read again on SIGHUP; with `watch` also by itself when it, or a file that it names, has changed. */
	reload: keys({ watch: z.boolean({ error: "expected true or false" }).default(false) }).prefault({}),
	broker: brokerSection,
	/** Host applications whose confirmation the journal waits for; it keeps what any of them has not confirmed. */
	hosts: list(keys({ id: topicLevel, primary: primary.optional() }), 0, "hosts").default([]),
	/**
	 * `confirmed`: a record is kept until every host has it on disk; a backlog is sent `window_bytes` ahead of the
	 * confirmations, and again after `resend_after_ms` without progress. `rolling`: for hosts that confirm nothing.
	 */
	delivery: keys({
		mode: oneOf(["confirmed", "rolling"] as const).default("confirmed"),
		window_bytes: bytes({ min: 64 * 1024, max: 256 * MiB }).default(4 * MiB),
		resend_after_ms: whole({ min: 500, max: 600_000 }).default(10_000),
	}).prefault({}),
	journal: journalSection.prefault({}),
	servers: list(server, 1, "servers"),
	devices: list(device, 1, "devices"),
});

export type AgentConfig = z.output<typeof schema>;
export type ServerConfig = AgentConfig["servers"][number];
export type DeviceConfig = AgentConfig["devices"][number];
export type TagConfig = DeviceConfig["tags"][number];
/** How samples are taken: what a tag or a device has of its own. */
export type SamplingConfig = Pick<TagConfig, keyof typeof samplingKeys>;

type Found = { path: (string | number)[]; message: string };

/** What one value alone cannot tell: names that must exist, names that must not repeat. */
function crossCheck(config: AgentConfig): Found[] {
	const found: Found[] = [];
	const servers = new Set<string>();
	for (const [index, { name }] of config.servers.entries()) {
		if (servers.has(name))
			found.push({ path: ["servers", index, "name"], message: `server ${name} is there twice` });
		servers.add(name);
	}
	for (const [index, server] of config.servers.entries()) {
		const { insecure, security, identity, endpoint, further_endpoints = [] } = server;
		const at = ["servers", index];
		for (const { key, message } of samplingProblems(server)) found.push({ path: [...at, key], message });
		for (const [place, further] of further_endpoints.entries())
			if (further === endpoint || further_endpoints.indexOf(further) < place)
				found.push({ path: [...at, "further_endpoints", place], message: `${further} is there twice` });
		if (insecure === undefined) continue;
		if (security !== undefined) {
			found.push({
				path: [...at, "security"],
				message: "expected no such key with insecure: true, which asks for no security; remove one of them",
			});
		}
		// Without a trusted certificate of the server even an encrypted password is anybody's who stands in between.
		if (identity !== undefined && identity !== "anonymous") {
			found.push({
				path: [...at, "identity"],
				message:
					"expected anonymous with insecure: true, because nothing protects an identity on its way; remove insecure",
			});
		}
	}
	if (config.hosts?.length === 0 && config.delivery?.mode !== "rolling") {
		found.push({
			path: ["hosts"],
			message: "expected at least one host that confirms, or delivery with mode: rolling",
		});
	}
	if (config.journal !== undefined && config.journal.segment_bytes > config.journal.max_bytes / 2) {
		found.push({
			path: ["journal", "segment_bytes"],
			message: `expected at most half of max_bytes (${config.journal.max_bytes}), found ${config.journal.segment_bytes}`,
		});
	}
	for (const [index, { id }] of config.hosts.filter(({ primary }) => primary).entries()) {
		if (index > 0)
			found.push({ path: ["hosts"], message: `expected one primary host at most, found ${id} as another` });
	}
	const hosts = new Set<string>();
	for (const [index, { id }] of config.hosts.entries()) {
		if (hosts.has(id)) found.push({ path: ["hosts", index, "id"], message: `host ${id} is there twice` });
		hosts.add(id);
	}
	// Sparkplug names should not collide when lower-cased [tck-id-case-sensitivity-edge-node-id].
	const devices = new Set<string>();
	for (const [index, device] of config.devices.entries()) {
		const at = ["devices", index];
		if (devices.has(device.name.toLowerCase())) {
			found.push({
				path: [...at, "name"],
				message: `device ${device.name} is there twice (upper and lower case count as one)`,
			});
		}
		devices.add(device.name.toLowerCase());
		if (!servers.has(device.server)) {
			found.push({
				path: [...at, "server"],
				message: `expected one of ${[...servers].join(", ")}, found "${device.server}"`,
			});
		}
		found.push(
			...checkTags(
				device,
				at,
				config.servers.find(({ name }) => name === device.server),
			),
		);
	}
	return found;
}

function checkTags(device: DeviceConfig, at: (string | number)[], server?: ServerConfig): Found[] {
	const found: Found[] = [];
	const names = new Set<string>();
	for (const { key, message } of samplingProblems(device)) found.push({ path: [...at, key], message });
	if (device.tags.length === 0 && device.tags_file === undefined && device.browse === undefined)
		found.push({
			path: at,
			message: `expected tags, tags_file or browse in ${device.name}, found none of them`,
		});
	for (const [index, tag] of device.tags.entries()) {
		const path = [...at, "tags", index];
		for (const { key, message } of tagProblems(tag, device.name, names))
			found.push({ path: [...path, key], message });
	}
	const base = device.time_base;
	const mixed = mixedPolling(device, server);
	if (mixed !== undefined) found.push({ path: [...at, "time_base"], message: mixed });
	if (
		base !== "publish" &&
		device.tags_file === undefined &&
		!device.tags.some(({ name }) => name === base.tag)
	) {
		found.push({
			path: [...at, "time_base", "tag"],
			message: `expected a tag of ${device.name}, found "${base.tag}"`,
		});
	}
	return found;
}

/** What is read at another time than the tag that is written last may be older than it, and come later. */
function mixedPolling(device: DeviceConfig, server: ServerConfig | undefined): string | undefined {
	if (device.time_base === "publish") return undefined;
	const base = device.time_base.tag;
	const intervalOf = ({ polling = device.polling ?? server?.polling }: SamplingConfig) =>
		polling === undefined || polling === "off" ? undefined : polling.interval_ms;
	const heartbeat = device.tags.find(({ name }) => name === base);
	const other = device.tags.find((tag) => intervalOf(tag) !== intervalOf(heartbeat ?? device));
	if (other === undefined) return undefined;
	return `expected ${base} to be polled as all other tags of ${device.name} are, found ${other.name} with another polling; give them one, or take time_base: publish`;
}

/** What one tag among the tags before it has wrong; its name is added to `names`. */
function tagProblems(
	tag: TagConfig,
	device: string,
	names: Set<string>,
): { key: keyof TagConfig; message: string }[] {
	const found: { key: keyof TagConfig; message: string }[] = [];
	if (names.has(tag.name.toLowerCase()))
		found.push({ key: "name", message: `tag ${tag.name} is there twice in ${device}` });
	names.add(tag.name.toLowerCase());
	if (/^(Delivery|Node Control|Device Control)$/.test(tag.name) || tag.name === "bdSeq")
		found.push({ key: "name", message: `${tag.name} is a name of the protocol; choose another` });
	if ((tag.node === undefined) === (tag.path === undefined)) {
		const both = tag.node === undefined ? "neither" : "both";
		found.push({ key: "node", message: `expected either node or path, found ${both}` });
	}
	if (tag.low !== undefined && tag.high !== undefined && tag.low >= tag.high)
		found.push({ key: "low", message: `expected low below high, found ${tag.low} and ${tag.high}` });
	found.push(...samplingProblems(tag));
	return found;
}

export const agentConfig: ConfigKind<typeof schema> = {
	schema,
	crossCheck,
	include: (config, directory) => includeTagFiles(config, directory, { tag, tagProblems, mixedPolling }),
};
