import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { agentConfig } from "../../agent/config.ts";
import { parseConfig } from "../../common/runtime/config-file.ts";

type Changes = Record<string, unknown>;

const tags = [
	{ name: "TT01", node: "s=F500.TT01", type: "Double", low: 0, high: 1200 },
	{ name: "Heartbeat", node: "i=1001", type: "DateTime" },
];

function configOf(changes: Changes = {}, device: Changes = {}): string {
	return stringify({
		kind: "agent",
		schema: 1,
		group: "site",
		edge_node: "agent-1",
		data_dir: "data",
		status: { port: 0 },
		broker: { url: "mqtt://127.0.0.1:1883", insecure: true },
		hosts: [{ id: "collector" }],
		servers: [{ name: "kiln", endpoint: "opc.tcp://127.0.0.1:4840", insecure: true }],
		devices: [
			{
				name: "F500",
				server: "kiln",
				namespace: "urn:kiln",
				time_base: { tag: "Heartbeat" },
				tags,
				...device,
			},
		],
		...changes,
	});
}

function problemsOf(yaml: string): string[] {
	const result = parseConfig(yaml, "agent.yaml", agentConfig, {});
	return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);
}

test("a sound file is taken, with its defaults", () => {
	const result = parseConfig(configOf(), "agent.yaml", agentConfig, {});
	expect(result).toMatchObject({
		ok: true,
		value: { journal: { commit_interval_ms: 50 }, delivery: { resend_after_ms: 10_000 } },
	});
});

test("a server is secured with the best it offers and without a name, unless told otherwise", () => {
	const servers = [{ name: "kiln", endpoint: "opc.tcp://h:1" }];
	const result = parseConfig(configOf({ servers }), "agent.yaml", agentConfig, {});
	expect(result.ok && result.value.servers[0]).toMatchObject({ identity: "anonymous" });
	expect(result.ok && result.value.servers[0]).not.toHaveProperty("insecure");
});

describe("refused, with the place and what was expected:", () => {
	const server = { name: "kiln", endpoint: "opc.tcp://127.0.0.1:4840", insecure: true };
	test.each([
		[
			"insecure: false, which says nothing",
			configOf({ servers: [{ ...server, insecure: false }] }),
			/^servers\[0\]\.insecure: expected insecure: true, or no such key, found false$/,
		],
		[
			"security for a server that shall have none",
			configOf({ servers: [{ ...server, security: { mode: "Sign" } }] }),
			/^servers\[0\]\.security: expected no such key with insecure: true/,
		],
		[
			"a user on a connection that protects nothing",
			configOf({ servers: [{ ...server, identity: { username: "line", password_file: "p" } }] }),
			/^servers\[0\]\.identity: expected anonymous with insecure: true/,
		],
		[
			"a policy that is withdrawn",
			configOf({ servers: [{ ...server, insecure: undefined, security: { policy: "Basic256" } }] }),
			/^servers\[0\]\.security\.policy: expected one of Aes256_Sha256_RsaPss, Aes128_Sha256_RsaOaep, Basic256Sha256, found "Basic256"$/,
		],
		[
			"a password in the configuration, which is not repeated",
			configOf({
				servers: [
					{ ...server, insecure: undefined, identity: { username: "line", password: "Sesame-4711" } },
				],
			}),
			/^servers\[0\]\.identity: expected anonymous, username with password_file, or certificate_file with key_file, found \{"username":"line","password":"…"\}$/,
		],
		[
			"a user's certificate without its key",
			configOf({ servers: [{ ...server, insecure: undefined, identity: { certificate_file: "user.pem" } }] }),
			/^servers\[0\]\.identity: expected anonymous, username with password_file/,
		],
		[
			"a broker address with a password in it",
			configOf({ broker: { url: "mqtt://u:p@h", insecure: true } }),
			/^broker\.url: expected mqtts:.*found "mqtt:\/\/…@h"$/,
		],
		[
			"a broker without encryption that nobody asked for",
			configOf({ broker: { url: "mqtt://h" } }),
			/^broker\.insecure: expected insecure: true, because mqtt:\/\/ is not encrypted, found nothing$/,
		],
		[
			"one unencrypted address among others",
			configOf({ broker: { url: "mqtts://h", further_urls: ["mqtt://h"] } }),
			/^broker\.insecure: expected insecure: true/,
		],
		[
			"insecure: true where everything is encrypted",
			configOf({ broker: { url: "mqtts://h", insecure: true } }),
			/^broker\.insecure: expected no such key/,
		],
		[
			"a certificate without its key",
			configOf({ broker: { url: "mqtts://h", tls: { certificate_file: "a.pem" } } }),
			/^broker\.tls: expected certificate_file and key_file together/,
		],
		[
			"two primary hosts",
			configOf({
				hosts: [
					{ id: "a", primary: true },
					{ id: "b", primary: true },
				],
			}),
			/^hosts: expected one primary host at most, found b as another$/,
		],
		[
			"two servers of one name",
			configOf({ servers: [server, server] }),
			/^servers\[1\]\.name: server kiln is there twice$/,
		],
		[
			"two hosts of one name",
			configOf({ hosts: [{ id: "a" }, { id: "a" }] }),
			/^hosts\[1\]\.id: host a is there twice$/,
		],
		[
			"a device of an unknown server",
			configOf({}, { server: "mill" }),
			/^devices\[0\]\.server: expected one of kiln, found "mill"$/,
		],
		[
			"two tags that differ only in case [tck-id-case-sensitivity-metric-names]",
			configOf({}, { tags: [...tags, { name: "tt01", node: "i=1", type: "Double" }] }),
			/^devices\[0\]\.tags\[2\]\.name: tag tt01 is there twice in F500$/,
		],
		[
			"a tag with the protocol's own name",
			configOf({}, { tags: [...tags, { name: "bdSeq", node: "i=1", type: "Int64" }] }),
			/bdSeq is a name of the protocol/,
		],
		[
			"a range upside down",
			configOf({}, { tags: [{ ...tags[0], low: 5, high: 5 }, tags[1]] }),
			/expected low below high, found 5 and 5$/,
		],
		[
			"a time base that is no tag",
			configOf({}, { time_base: { tag: "Pulse" } }),
			/time_base\.tag: expected a tag of F500, found "Pulse"$/,
		],
		// The source finds it by its exact name; with another it would trust publish cycles without being asked to.
		[
			"a time base in another case",
			configOf({}, { time_base: { tag: "heartbeat" } }),
			/expected a tag of F500, found "heartbeat"$/,
		],
		[
			"a node id with a namespace index",
			configOf({}, { tags: [{ ...tags[0], node: "ns=2;s=TT01" }, tags[1]] }),
			/expected a node id such as/,
		],
		[
			"a data type that no tag has",
			configOf({}, { tags: [{ ...tags[0], type: "DataSet" }, tags[1]] }),
			/expected one of Int8, /,
		],
	])("%s", (_, yaml, problem) => {
		expect(problemsOf(yaml)).toEqual([expect.stringMatching(problem)]);
	});
});

describe("tags that leave something to the server", () => {
	const only = (device: Changes) => problemsOf(configOf({}, { time_base: "publish", tags: [], ...device }));

	test.each<[string, Changes]>([
		["a path", { tags: [{ name: "TT01", path: "Kiln/2:TT01" }] }],
		["a node id with its own namespace, and no type", { tags: [{ name: "TT01", node: "nsu=urn:x;s=TT01" }] }],
		["a wildcard alone", { browse: { from: "s=Kiln", include: ["TT*"], exclude: ["**/Diag/**"] } }],
	])("%s is taken", (_, device) => {
		expect(only(device)).toEqual([]);
	});

	test.each<[string, Changes, string]>([
		[
			"neither node nor path",
			{ tags: [{ name: "TT01" }] },
			"devices[0].tags[0].node: expected either node or path, found neither",
		],
		[
			"a path with an empty step",
			{ tags: [{ name: "TT01", path: "Kiln//TT01" }] },
			'devices[0].tags[0].path: expected a path such as Kiln/TT01 or 2:Kiln/2:TT01, found "Kiln//TT01"',
		],
		[
			"a namespace by its index, which changes",
			{ tags: [{ name: "TT01", node: "ns=2;s=TT01" }] },
			'devices[0].tags[0].node: expected a node id such as s=F500.TT01, i=1001 or nsu=urn:plant;s=F500.TT01, found "ns=2;s=TT01"',
		],
		["nothing to read", {}, "devices[0]: expected tags, tags_file or browse in F500, found none of them"],
		[
			"a wildcard without a bound",
			{ browse: { from: "Kiln", max_tags: 0 } },
			"devices[0].browse.max_tags: expected a whole number from 1 to 100000, found 0",
		],
	])("%s is refused", (_, device, problem) => {
		expect(only(device)).toEqual([problem]);
	});
});
