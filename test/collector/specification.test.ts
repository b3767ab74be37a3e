import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { agentConfig } from "../../agent/config.ts";
import { collectorConfig } from "../../collector/config.ts";
import { specificationConfig } from "../../collector/specification.ts";
import { loadConfigFile, parseConfig } from "../../common/runtime/config-file.ts";
import { labResultNodeset } from "../../simulators/plant/lab-result-type.ts";
import { lotTests } from "../../simulators/plant/model/laboratory-tests.ts";
import { plantVariables } from "../simulators/plant/small-line.ts";

const example = (name: string) => new URL(`../../examples/pilot-line/${name}.yaml`, import.meta.url).pathname;
const { value: agent } = loadConfigFile(example("agent"), agentConfig, {});
const { value: collector } = loadConfigFile(example("collector"), collectorConfig, {});
const { value: specification } = loadConfigFile(example("specification"), specificationConfig, {});

/** What is wrong with the example when `from` is written as `to`. */
function problemsOf(kind: "specification" | "collector", from: string | RegExp, to: string): string[] {
	const text = readFileSync(example(kind), "utf8");
	const changed = text.replace(from, to);
	expect(changed).not.toBe(text);
	const result =
		kind === "specification"
			? parseConfig(changed, "f", specificationConfig, {})
			: parseConfig(changed, "f", collectorConfig, {});
	return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe("a specification is refused", () => {
	const firstWindow = "windows[0]";
	test.each<[string, string | RegExp, string, string]>([
		[
			"with a window twice",
			"id: W200.AT01-charge",
			"id: W200.WT01-charge",
			"windows[1].id: window W200.WT01-charge is there twice",
		],
		[
			"with a baseline of what is not charted",
			"baselines: []",
			"baselines: [{ characteristic: W200/mean, version: 1, from: L1, to: L2, by: A, reason: b }]",
			"baselines[0].characteristic: expected WINDOW/mean with a window of this file, found W200/mean",
		],
		[
			"with a baseline by nobody",
			"baselines: []",
			"baselines: [{ characteristic: W200.WT01-charge/mean, version: 1, from: L1, to: L2, reason: b }]",
			"baselines[0].by: expected",
		],
		[
			"with one version of a baseline twice",
			"baselines: []",
			"baselines:\n  - &b { characteristic: W200.WT01-charge/mean, version: 1, from: L1, to: L2, by: A, reason: b }\n  - *b",
			"baselines[1].version: version 1 of the baseline of W200.WT01-charge/mean is there twice",
		],
		[
			"with low above high",
			"low: 11.07",
			"low: 12",
			`${firstWindow}.low: window W200.WT01-charge: expected low below target, found 12 and 11.13`,
		],
		[
			"with no limit",
			/\n {4}low: 11.07\n.*\n {4}high: 11.19\n.*/,
			"",
			`${firstWindow}: window W200.WT01-charge: expected low, high or both, found neither`,
		],
		[
			"with a deadband that no value could clear",
			"deadband: 0.01",
			"deadband: 0.06",
			`${firstWindow}.deadband: window W200.WT01-charge: expected a deadband below half of`,
		],
		[
			"with a negative delay",
			"on_delay_s: 30",
			"on_delay_s: -1",
			`${firstWindow}.on_delay_s: expected a number from 0 to 604800, found -1`,
		],
		[
			"with nobody concerned",
			"concerns: [technical, production_technology]",
			"concerns: []",
			`${firstWindow}.concerns: expected a list of at least 1 concerns`,
		],
		[
			"without a date",
			"effective_from: 2026-01-01T00:00:00Z",
			"effective_from:",
			"effective_from: expected a date such as 2026-01-01T00:00:00Z, found null",
		],
		[
			"with a number for a date",
			"effective_from: 2026-01-01T00:00:00Z",
			"effective_from: 2026",
			"effective_from: expected a date such as 2026-01-01T00:00:00Z, found 2026",
		],
		[
			"with a day that is none",
			"effective_from: 2026-01-01T00:00:00Z",
			"effective_from: 2026-13-01",
			"effective_from: expected a date such as 2026-01-01T00:00:00Z",
		],
	])("%s", (_, from, to, problem) => {
		const problems = problemsOf("specification", from, to);
		expect(problems).toHaveLength(1);
		expect(problems[0]).toContain(problem);
	});
});

describe("a collector's configuration is refused", () => {
	test.each<[string, string | RegExp, string, string]>([
		["with a unit twice on the route", "U650, U700]", "U650, U650]", "route[7]: U650 is there twice"],
		[
			"with a unit twice on the route, once of it beside another",
			"U650, U700]",
			"[U650, U651], U650, U700]",
			"route[7]: U650 is there twice",
		],
		["with a place of the route without a unit", "U650, U700]", "[], U700]", "route[6]: expected"],
		["with a group twice", "groups: [pilot]", "groups: [pilot, pilot]", "groups[1]: pilot is there twice"],
		[
			"with plain http that was not asked for",
			/(task-force[\s\S]*?)insecure: true/,
			"$1insecure: false",
			"destinations[0].url: expected https://, or insecure: true beside it",
		],
		[
			"with an address that is none",
			/url: \$\{PILOTLINE_WEBHOOK_URL.*/,
			"url: ftp://x",
			"destinations[0].url: expected an http(s) address",
		],
		[
			"with an event that does not exist",
			"events: [violation.raised,",
			"events: [violation.opened,",
			"destinations[0].events[0]: expected one of",
		],
		[
			"on the loopback, with what is needed beyond it",
			/# (insecure: true\n {2}port: \$\{PILOTLINE_API)/,
			"$1",
			"api.insecure: expected no such key on the loopback",
		],
		[
			"for other machines, because nobody logs in",
			/(api:\n {2}host: )127.0.0.1/,
			"$10.0.0.0",
			"api.host: expected 127.0.0.1, ::1 or localhost, or insecure: true beside it",
		],
	])("%s", (_, from, to, problem) => {
		const problems = problemsOf("collector", from, to);
		expect(problems).toHaveLength(1);
		expect(problems[0]).toContain(problem);
	});
});

describe("examples/pilot-line", () => {
	test("collector.yaml without the tag that counts is whole: then nothing is reconciled", () => {
		expect(collector.context.written).toBe("Written");
		expect(problemsOf("collector", /^ {2}written: .*\n/m, "")).toEqual([]);
	});

	test("agent.yaml lists exactly what the simulated line serves, and the heartbeat last in each unit", () => {
		const counted = agent.devices.filter(({ name }) => name !== "L900-results");
		const listed = counted.flatMap(({ name, server, tags }) =>
			tags.map(
				(tag) => `${server} ${name}/${tag.name} ${tag.node} ${tag.type} ${tag.eu} ${tag.low}–${tag.high}`,
			),
		);
		const served = plantVariables.map(
			({ server, key, nodeId, dataType, eu, span }) =>
				`${server} ${key} s=${nodeId} ${dataType} ${eu} ${span?.[0]}–${span?.[1]}`,
		);
		expect(listed.toSorted()).toEqual(served.toSorted());
		for (const { tags, time_base } of counted) {
			expect(tags.at(-1)?.name).toBe("Heartbeat");
			expect(tags.at(-2)?.name).toBe(collector.context.written);
			expect(time_base).toEqual({ tag: "Heartbeat" });
		}
	});

	test("agent.yaml reads whole laboratory results for the collector to put together, with room for every repeat", () => {
		const device = agent.devices.find(({ name }) => name === "L900-results");
		expect(device?.tags.map(({ name }) => name)).toEqual(["Result", "Heartbeat"]);
		expect(collector.laboratory).toMatchObject([{ device: "L900-results", prefix: "Result." }]);
		expect(collector.laboratory[0]?.fields.map(({ name }) => name)).toEqual(
			[...labResultNodeset.matchAll(/<Field Name="(\w+)"/g)].map(([, name]) => name),
		);
		const most = Math.max(...lotTests.map(({ repeats }) => repeats));
		expect(device?.flatten.elements_min).toBe(most);
	});

	test.each(specification.windows)(
		"window $id judges a tag that the agent sends, in the tag's own unit of measure",
		(window) => {
			const tag = agent.devices
				.find(({ name }) => name === window.unit)
				?.tags.find(({ name }) => name === window.tag);
			expect(tag).toMatchObject({ name: window.tag, eu: window.eu });
		},
	);
});
