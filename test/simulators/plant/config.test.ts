import { expect, test } from "vitest";
import { loadConfigFile, parseConfig } from "../../../common/runtime/config-file.ts";
import { simulatorConfigKind } from "../../../simulators/plant/config.ts";

const example = new URL("../../../examples/pilot-line/simulator.yaml", import.meta.url).pathname;

test("the example is a valid configuration, and takes ports from the environment", () => {
	const { value } = loadConfigFile(example, simulatorConfigKind, { PILOTLINE_OPCUA_LAB_PORT: "0" });
	expect(value.servers).toEqual({
		charge_and_mill: { port: 4841 },
		dry_and_fire: { port: 4842 },
		size_and_pack: { port: 4843 },
		laboratory: { port: 0 },
	});
	expect(value.scenarios).toEqual([]);
});

test("every mistake is found in one run, an unknown scenario among them", () => {
	const text = `kind: simulator
schema: 1
data_dir: /tmp/x
servers:
  charge_and_mill: { port: 70000 }
  dry_and_fire: { port: 1 }
  size_and_pack: { port: 2, host: 0.0.0.0 }
line: { speed: 0 }
batches_per_lot: 5
scenarios:
  - name: fire-in-the-roof
`;
	const result = parseConfig(text, "simulator.yaml", simulatorConfigKind, {});
	const problems = result.ok ? [] : result.problems.map(({ line, path }) => `${line} ${path}`);
	expect(problems).toEqual([
		"5 servers.laboratory",
		"5 servers.charge_and_mill.port",
		"7 servers.size_and_pack.host",
		"8 line.speed",
		"9 batches_per_lot",
		"11 scenarios[0].name",
	]);
	const messages = result.ok ? [] : result.problems.map(({ message }) => message);
	expect(messages.at(-1)).toMatch(/dew-point-excursion.*fire-in-the-roof/);
});

test("a train that the line does not have and an action of an interlock that there is not are told where they stand", () => {
	const text = (more: string) => `kind: simulator
schema: 1
data_dir: /tmp/x
servers:
  charge_and_mill: { port: 0 }
  dry_and_fire: { port: 0 }
  size_and_pack: { port: 0 }
  laboratory: { port: 0 }
${more}`;
	const problems = (more: string) => {
		const result = parseConfig(text(more), "simulator.yaml", simulatorConfigKind, {});
		return result.ok ? [] : result.problems.map(({ line, message }) => `${line}: ${message}`);
	};
	const scenario = "scenarios:\n  - { name: air-leak, train: 4 }";
	expect(problems(`${scenario}\nmodel: { size: { preset: LP } }`)).toEqual([]);
	expect(problems(scenario)).toEqual(["10: expected a train of the line, 1 to 1, found 4"]);
	const rule = (tag: string, action: string) => `model:\n  interlocks:\n    tags: { ${tag}: ${action} }`;
	expect(problems(rule("F500.TT01", "trip"))).toEqual([]);
	expect(problems(rule("F500.TT01", "explode"))[0]).toMatch(
		/^11: expected none, hold-batch, hold-phase, trip/,
	);
});
