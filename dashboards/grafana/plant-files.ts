import { readFileSync } from "node:fs";
import { parse } from "yaml";

export interface PlantTag {
	readonly name: string;
	readonly type: string;
	readonly eu: string | undefined;
	/** The instrument's range. */
	readonly low: number | undefined;
	readonly high: number | undefined;
}

export interface PlantWindow {
	readonly id: string;
	readonly unit: string;
	readonly tag: string;
	readonly phases: readonly string[];
	readonly low: number | undefined;
	readonly high: number | undefined;
	readonly reaction: string;
}

export interface Plant {
	readonly units: readonly { readonly name: string; readonly tags: readonly PlantTag[] }[];
	readonly windows: readonly PlantWindow[];
	readonly product: string;
	readonly version: number;
}

/** What the dashboards need of an agent's and a specification's file; both were checked by `pilotline check` before. */
export function readPlant(agentFile: string | URL, specificationFile: string | URL): Plant {
	const agent = parse(readFileSync(agentFile, "utf8")) as {
		devices: { name: string; tags: Partial<PlantTag>[] }[];
	};
	const specification = parse(readFileSync(specificationFile, "utf8")) as {
		product: { code: string };
		version: number;
		windows: (Partial<PlantWindow> & { id: string; unit: string; tag: string })[];
	};
	return {
		// What a structure is made up of only its server knows; the units that hold such have no dashboard.
		units: agent.devices
			.filter(({ tags }) => tags.every(({ type }) => type !== undefined))
			.map(({ name, tags }) => ({
				name,
				tags: tags.map((tag) => ({
					name: String(tag.name),
					type: String(tag.type),
					eu: tag.eu,
					low: tag.low,
					high: tag.high,
				})),
			})),
		windows: specification.windows.map(({ id, unit, tag, phases = [], low, high, reaction = "" }) => {
			return { id, unit, tag, phases, low, high, reaction };
		}),
		product: specification.product.code,
		version: specification.version,
	};
}
