import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { agentConfig } from "../../agent/config.ts";
import { readConfigFile } from "../../common/runtime/config-file.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const device = {
	name: "F500",
	server: "kiln",
	namespace: "urn:kiln",
	time_base: "publish",
	tags_file: "tags.csv",
};

function read(csv: string | undefined, devices: object[] = [device]) {
	const folder = temporaryFolder();
	const file = join(folder, "agent.yaml");
	writeFileSync(
		file,
		stringify({
			...{ kind: "agent", schema: 1, group: "site", edge_node: "agent-1", data_dir: "data" },
			...{ status: { port: 0 }, broker: { url: "mqtt://127.0.0.1:1883", insecure: true } },
			...{ hosts: [{ id: "collector" }], devices },
			servers: [{ name: "kiln", endpoint: "opc.tcp://127.0.0.1:4840", insecure: true }],
		}),
	);
	const list = join(folder, "tags.csv");
	if (csv !== undefined) writeFileSync(list, csv);
	const result = readConfigFile(file, agentConfig, {});
	const prefix = `${relative(process.cwd(), list)}:`;
	return result.ok
		? { tags: result.value.devices.map(({ tags }) => tags), problems: [] }
		: {
				tags: [],
				problems: result.problems.map(
					({ file: where, line, column, path, message }) =>
						`${`${where}:` === prefix ? "" : "yaml "}${line}:${column}: ${path}: ${message}`,
				),
			};
}

test("rows of a file are tags behind those of the device, each for the device that it names", () => {
	const { tags, problems } = read(
		"device;name;node;path;type;eu;low;high\nF500;TT01;s=TT01;;Double;°C;0;1200,5\n;TT02;;Kiln/TT02;;;;\nF501;TT03;nsu=urn:x;s=3\n".replace(
			"nsu=urn:x;s=3",
			'"nsu=urn:x;s=3"',
		),
		[
			{ ...device, tags: [{ name: "TT00", node: "s=TT00", type: "Int32" }] },
			{ ...device, name: "F501" },
		],
	);
	expect(problems).toEqual([]);
	expect(tags).toEqual([
		[
			{ name: "TT00", node: "s=TT00", type: "Int32" },
			{ name: "TT01", node: "s=TT01", type: "Double", eu: "°C", low: 0, high: 1_200.5 },
			{ name: "TT02", path: "Kiln/TT02" },
		],
		[
			{ name: "TT02", path: "Kiln/TT02" },
			{ name: "TT03", node: "nsu=urn:x;s=3" },
		],
	]);
});

test("every mistake in a file is told with its row and column, all at once", () => {
	const { problems } = read(
		[
			"device,name,node,path,type,low,high",
			"F999,TT01,s=TT01",
			",TT02,TT02",
			",TT03,s=TT03,Kiln/TT03",
			",TT04,s=TT04,,Real",
			",TT05,s=TT05,,Double,warm",
			",TT06,s=TT06,,Double,5,1",
			",tt06,s=TT06",
			",a/b,s=AB",
		].join("\n"),
	);
	expect(problems).toEqual([
		'2:1: device: expected a device that names this file (F500), found "F999"',
		'3:7: node: expected a node id such as s=F500.TT01, i=1001 or nsu=urn:plant;s=F500.TT01, found "TT02"',
		"4:7: node: expected either node or path, found both",
		expect.stringMatching(/^5:15: type: expected one of Int8, .*, found "Real"$/),
		'6:22: low: expected a number from -1e+300 to 1e+300, found "warm"',
		"7:22: low: expected low below high, found 5 and 1",
		"8:2: name: tag tt06 is there twice in F500",
		'9:2: name: expected 1 to 128 characters without + / #, found "a/b"',
	]);
});

test("a file that is not there, or lacks the time base, is told", () => {
	expect(read(undefined).problems).toEqual([
		expect.stringMatching(/^1:1: : cannot read .*tags\.csv: ENOENT/),
	]);
	expect(read("name,node\nTT01,s=TT01", [{ ...device, time_base: { tag: "Heartbeat" } }]).problems).toEqual([
		"1:1: : expected a row with the name Heartbeat, which is the time base of F500",
	]);
});

test("how samples of a tag are taken stands in columns of its own, with the decimal sign of the file", () => {
	const { tags, problems } = read(
		[
			"name;node;sampling_interval_ms;queue_size;discard;deadband;longest_silence_s;trigger;polling_interval_ms",
			"TT01;s=1;250;auto;newest;0,5;60;status_value;",
			"TT02;s=2;;100;;2%;;;1000",
		].join("\n"),
	);
	expect(problems).toEqual([]);
	expect(tags).toEqual([
		[
			{
				...{ name: "TT01", node: "s=1", sampling_interval_ms: 250, queue_size: "auto", discard: "newest" },
				...{ deadband: { kind: "absolute", width: 0.5 }, longest_silence_s: 60, trigger: "status_value" },
			},
			{
				...{ name: "TT02", node: "s=2", queue_size: 100, deadband: { kind: "percent", width: 2 } },
				polling: { interval_ms: 1_000 },
			},
		],
	]);
});

test("what is wrong with them has its place; tags that are polled beside the time base are told", () => {
	const wrong = read("name,node,deadband,polling_interval_ms\nTT01,s=1,wide,10\n").problems;
	expect(wrong).toEqual([
		'2:10: deadband: expected a deadband such as 0.5, 1% or percent: 1, found "wide"',
		expect.stringMatching(/^2:15: polling_interval_ms: expected a whole number from 50/),
	]);
	const device500 = { ...device, time_base: { tag: "TT01" } };
	const { problems } = read("name,node,polling_interval_ms\nTT01,s=1,\nTT02,s=2,1000\n", [device500]);
	expect(problems).toEqual([expect.stringContaining("found TT02 with another polling")]);
});
