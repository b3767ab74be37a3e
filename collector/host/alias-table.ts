import {
	type Datatype,
	datatypeName,
	isArray,
	isInteger64,
	isNumeric,
} from "../../common/contract/datatype.ts";
import { deliveryMetrics } from "../../common/contract/delivery.ts";

/** What a metric of a birth is to us. */
export type MetricRole =
	| "tag"
	| "epoch"
	| "offset"
	| "through"
	| "detail"
	| "held"
	| "version"
	| "control"
	| "unknown";

export interface MetricDefinition {
	readonly name: string;
	readonly role: MetricRole;
	readonly datatype: Datatype;
	/** The series of a tag; 0 for every other role. */
	readonly series: number;
	readonly device: string;
	/** −1 when it has none. */
	readonly alias: number;
}

const roles: Readonly<Record<string, MetricRole>> = {
	[deliveryMetrics.epoch]: "epoch",
	[deliveryMetrics.offset]: "offset",
	[deliveryMetrics.through]: "through",
	[deliveryMetrics.detail]: "detail",
	[deliveryMetrics.held]: "held",
	[deliveryMetrics.version]: "version",
	[deliveryMetrics.host]: "control",
	[deliveryMetrics.confirmed]: "control",
	[deliveryMetrics.resendFrom]: "control",
	[deliveryMetrics.resendTo]: "control",
};

/** The role of a metric by its name and data type. */
export function roleOf(name: string, datatype: number): MetricRole {
	const role = roles[name];
	if (role !== undefined) return role;
	if (name === "bdSeq" || name.startsWith("Node Control/") || name.startsWith("Device Control/"))
		return "control";
	const type = datatypeName(datatype);
	if (type === undefined) return "unknown";
	const storable =
		isNumeric(datatype as Datatype) ||
		isInteger64(datatype as Datatype) ||
		isArray(datatype as Datatype) ||
		["String", "Text", "UUID", "Bytes", "File"].includes(type);
	return storable ? "tag" : "unknown";
}

/**
 * Aliases of one edge node, valid until its next birth. An alias is unique over the edge node and all its devices
 * [tck-id-payloads-alias-uniqueness], so one table serves them all; a device's rows go with its birth or death.
 */
export class AliasTable {
	readonly #byAlias = new Map<number, MetricDefinition>();
	/** Per device: what its last birth declared, by name, with the aliases given. */
	readonly #byDevice = new Map<string, { names: Map<string, MetricDefinition>; aliases: number[] }>();

	clear(): void {
		this.#byAlias.clear();
		this.#byDevice.clear();
	}

	clearDevice(device: string): void {
		for (const alias of this.#byDevice.get(device)?.aliases ?? []) {
			if (this.#byAlias.get(alias)?.device === device) this.#byAlias.delete(alias);
		}
		this.#byDevice.delete(device);
	}

	define(definition: MetricDefinition): void {
		const { alias } = definition;
		let known = this.#byDevice.get(definition.device);
		if (known === undefined) {
			known = { names: new Map(), aliases: [] };
			this.#byDevice.set(definition.device, known);
		}
		known.names.set(definition.name, definition);
		if (alias < 0) return;
		known.aliases.push(alias);
		this.#byAlias.set(alias, definition);
	}

	/** The definition behind an alias, or behind a name when the metric has none. */
	find(device: string, alias: number, name: string | undefined): MetricDefinition | undefined {
		if (alias >= 0) return this.#byAlias.get(alias);
		return name === undefined ? undefined : this.#byDevice.get(device)?.names.get(name);
	}

	get size(): number {
		return this.#byAlias.size;
	}
}
