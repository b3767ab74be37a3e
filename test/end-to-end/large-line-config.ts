// The configuration of the large line, made of the small one's: the same units several times side by side, with amounts that grow
// with the batch.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { factorOf } from "../../simulators/plant/model/instruments.ts";
import { ProcessLine } from "../../simulators/plant/model/line.ts";
import type { PlantScenario } from "../../simulators/plant/model/plant.ts";
import { type ModelParameters, modelSchema } from "../../simulators/plant/parameters.ts";
import { repository } from "./run-demo.ts";

export interface LargeLineOptions {
	readonly directory: string;
	readonly seed: number;
	readonly stepS: number;
	readonly scenarios: readonly PlantScenario[];
}

interface Tag {
	name: string;
	node: string;
	low?: number;
	high?: number;
}
interface Device {
	name: string;
	tags: Tag[];
}
interface Judged {
	id: string;
	unit: string;
	tag: string;
	eu: string;
	[key: string]: unknown;
}

/** What is in the engineering unit of a tag, and so grows with it. */
const amounts =
	"low high target alert_low alert_high action_low action_high hold_low hold_high deadband reference uncertainty".split(
		" ",
	);

export const largeLine: ModelParameters = modelSchema.parse({ special_causes: 0, size: { preset: "LP" } });

/** Units of the line that do the same work as a unit of the small one, which stands for all of them. */
function unitsBeside(id: string): readonly string[] {
	return line.units.filter((unit) => unit.id === id).map(({ name }) => name);
}
const line = new ProcessLine({ parameters: largeLine, seed: 1 });

/** A window's id on the small line, and the unit that it judges. */
export const idAt = (id: string, unit: string) => `${id}@${unit}`;

/** Writes agent.yaml, collector.yaml, simulator.yaml and specification.yaml into a folder. */
export function writeLargeLine({ directory, seed, stepS, scenarios }: LargeLineOptions): void {
	const write = (name: string, content: unknown) => writeFileSync(join(directory, name), stringify(content));

	const agent = example("agent.yaml") as { devices: Device[] };
	write("agent.yaml", { ...agent, devices: agent.devices.flatMap(devicesBeside) });

	const collector = example("collector.yaml") as { route: string[] };
	write("collector.yaml", {
		...collector,
		specification: "specification.yaml",
		route: collector.route.map((id) => [...unitsBeside(id)]),
		destinations: [],
	});

	const specification = example("specification.yaml") as { windows: Judged[]; aggregates: Judged[] };
	write("specification.yaml", {
		...specification,
		windows: specification.windows.flatMap(windowsBeside),
		aggregates: specification.aggregates.flatMap(windowsBeside),
	});

	const simulator = example("simulator.yaml") as { line: object; model: object };
	write("simulator.yaml", {
		...simulator,
		line: { ...simulator.line, seed, step_s: stepS, speed: 100_000 },
		scenarios: scenarios.map(({ name, lot, train, severity, batches }) => ({
			...{ name, lot, train },
			...(severity === undefined ? {} : { severity }),
			...(batches === undefined ? {} : { batches }),
		})),
		model: { special_causes: 0, size: { preset: "LP" } },
	});
}

function example(name: string): unknown {
	return parse(readFileSync(join(repository, "examples/pilot-line", name), "utf8"));
}

function devicesBeside(device: Device): Device[] {
	const units = unitsBeside(device.name);
	if (units.length === 0) return [device];
	return units.map((name) => ({
		...device,
		name,
		tags: device.tags.map((tag) => ({
			...tag,
			node: name === device.name ? tag.node : `s=${name}.${tag.name}`,
			...(tag.low === undefined ? {} : { low: grown(tag.low, tag.name) }),
			...(tag.high === undefined ? {} : { high: grown(tag.high, tag.name) }),
		})),
	}));
}

function windowsBeside(window: Judged): Judged[] {
	return unitsBeside(window.unit).map((unit) => {
		const own: Judged = { ...window, unit, id: idAt(window.id, unit) };
		for (const key of amounts) {
			const value = own[key];
			if (typeof value === "number") own[key] = grown(value, window.tag);
		}
		return own;
	});
}

/** Without the digits that come of multiplying by 6. */
function grown(value: number, tag: string): number {
	return Number((value * factorOf(tag, line.size)).toPrecision(12));
}
