import { expect, test } from "vitest";
import { collectorConfig } from "../../collector/config.ts";

const base = {
	...{
		kind: "collector",
		schema: 1,
		host: "h",
		groups: ["g"],
		data_dir: "d",
		specification: "s",
		route: ["U"],
	},
	...{ broker: { url: "mqtts://127.0.0.1:1" }, api: { port: 0 } },
};
const one = { name: "one", kind: "influxdb1", url: "https://influx.plant:8086", database: "plant" };

/** Problems as `key: message`. */
function problems(...followers: object[]): string[] {
	const parsed = collectorConfig.schema.safeParse({ ...base, followers });
	if (!parsed.success)
		return parsed.error.issues.map(({ path, message }) => `${path.slice(2).join(".")}: ${message}`);
	return (collectorConfig.crossCheck?.(parsed.data) ?? []).map(
		({ path, message }) => `${path.slice(2).join(".")}: ${message}`,
	);
}

test.each([
	[one],
	[{ ...one, username: "u", password_file: "p", retention_policy: "rp" }],
	[
		{
			name: "two",
			kind: "influxdb2",
			url: "https://influx.plant/path",
			org: "o",
			bucket: "b",
			token_file: "t",
		},
	],
	[{ name: "three", kind: "influxdb3", url: "http://127.0.0.1:8181", database: "d" }],
	[{ ...one, url: "http://localhost:8086" }],
	[{ ...one, url: "http://[::1]:8086" }],
	[{ ...one, url: "http://influx.plant:8086", insecure: true }],
])("%j is taken", (follower) => {
	expect(problems(follower)).toEqual([]);
});

test.each<[object, string]>([
	[
		{ ...one, url: "http://influx.plant:8086" },
		"url: expected https://, or insecure: true beside it, because others can read http://",
	],
	[
		{ ...one, url: "http://127.evil.example" },
		"url: expected https://, or insecure: true beside it, because others can read http://",
	],
	[
		{ ...one, url: "https://user:pw@influx.plant" },
		"url: expected an http(s) address without user and query",
	],
	[{ ...one, url: "ftp://influx.plant" }, "url: expected an http(s) address without user and query"],
	[{ ...one, name: "../one" }, "name: expected 1 to 64 letters, digits, - or _"],
	[{ ...one, database: undefined }, "kind: expected database beside kind: influxdb1"],
	[{ ...one, bucket: "b" }, "bucket: expected no such key beside kind: influxdb1"],
	[{ ...one, username: "u" }, "username: expected username and password_file together, found one of them"],
	[
		{ ...one, kind: "influxdb2", bucket: "b", org: "o" },
		"database: expected no such key beside kind: influxdb2",
	],
	[{ ...one, kind: "influxdb4" }, "kind: expected one of influxdb1, influxdb2, influxdb3"],
	[{ ...one, batch_rows: 0 }, "batch_rows: expected a whole number from 1 to 50000"],
	[
		{ ...one, url: "http://localhost", ca_file: "c" },
		"ca_file: expected no such key, because http:// has no certificate",
	],
])("%j: %s", (follower, message) => {
	expect(problems(follower)).toEqual([message]);
});

test("two followers of one name would share a file", () => {
	expect(problems(one, { ...one, name: "ONE" })).toEqual(["name: follower ONE is there twice"]);
});
