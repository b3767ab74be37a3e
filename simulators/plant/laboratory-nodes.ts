import {
	DataType,
	type IAddressSpace,
	type Namespace,
	StatusCodes,
	type UADataType,
	type UAObject,
	type UAVariable,
	Variant,
} from "node-opcua";
import { labResultFields, labResultNamespace, labResultType } from "./lab-result-type.ts";
import { LadsDevices } from "./lads-devices.ts";
import type { PlantLabEvent, PlantLabInstrument, PlantLabResult } from "./pipeline.ts";

/**
 * What the laboratory's server has besides its variables: each result as one structured value, and its instruments as
 * devices. Neither is a variable of the plant, so nothing waits for a subscriber of them, and they are not counted.
 */
export class LaboratoryNodes {
	readonly #space: IAddressSpace;
	readonly #namespace: Namespace;
	readonly #devices: LadsDevices;
	#result: UAVariable | undefined;

	constructor(space: IAddressSpace, namespace: Namespace) {
		this.#space = space;
		this.#namespace = namespace;
		this.#devices = new LadsDevices(space, namespace);
	}

	build(laboratory: UAObject, instruments: readonly PlantLabInstrument[], beganMs: number): void {
		this.#result = this.#namespace.addVariable({
			componentOf: laboratory,
			browseName: "Result",
			nodeId: `s=${laboratory.browseName.name}.Result`,
			description: "The newest result, whole; corrections have the next version",
			dataType: this.#type.nodeId,
			minimumSamplingInterval: 0,
		});
		this.#devices.build(laboratory, instruments, beganMs);
	}

	/** The whole result as one structured value, beside the variable of its test. */
	report(result: PlantLabResult, timeMs: number): void {
		const value = this.#space.constructExtensionObject(this.#type, labResultFields(result));
		const variant = new Variant({ dataType: DataType.ExtensionObject, value });
		this.#result?.setValueFromSource(variant, StatusCodes.Good, new Date(timeMs));
	}

	tell(event: PlantLabEvent): void {
		if (event.kind === "reported") this.#devices.reported(event.result, event.timeMs);
		else if (event.kind === "began") this.#devices.began(event.run);
		else this.#devices.ended(event.run);
	}

	get #type(): UADataType {
		const index = this.#space.getNamespaceIndex(labResultNamespace);
		const type = index < 0 ? null : this.#space.findDataType(labResultType, index);
		if (type === null) throw new Error(`expected the type ${labResultType} in the address space`);
		return type;
	}
}
