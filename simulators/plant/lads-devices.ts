// The laboratory's instruments as devices of OPC UA for laboratory and analytical devices (LADS, OPC 30500-1): each with a
// functional unit for every place that takes a sample, its state, its program, and the results of its last runs.

import {
	coerceLocalizedText,
	DataType,
	type IAddressSpace,
	type Namespace,
	nodesets,
	StatusCodes,
	type UAObject,
	type UAObjectType,
	type UAVariable,
	Variant,
	VariantArrayType,
} from "node-opcua";
import type { PlantLabInstrument, PlantLabResult, PlantLabRun } from "./pipeline.ts";

const ladsNamespace = "http://opcfoundation.org/UA/LADS/";
const deviceNamespace = "http://opcfoundation.org/UA/DI/";
const analyserNamespace = "http://opcfoundation.org/UA/AMB/";

/** Node sets of the types, each behind those it builds on. */
export const ladsNodesets = [
	nodesets.standard,
	nodesets.di,
	nodesets.amb,
	nodesets.ia,
	nodesets.machinery,
	nodesets.lads,
];

/** Results that a functional unit keeps; the oldest goes. */
const ladsResultsMax = 10;

/** States of a functional unit that a measurement goes through (OPC 30500-1, 7.3.9). */
type UnitState = "Stopped" | "Running";

interface Place {
	readonly state: UAObject;
	readonly programs: UAObject;
	readonly active: UAObject;
	readonly results: UAObject;
	/** Newest last. */
	readonly kept: { readonly id: string; readonly node: UAObject; readonly values: UAObject }[];
}

/** Builds the devices into an address space that has the LADS types, and follows the laboratory's work. */
export class LadsDevices {
	readonly #space: IAddressSpace;
	readonly #namespace: Namespace;
	readonly #places = new Map<string, Place>();

	constructor(space: IAddressSpace, namespace: Namespace) {
		this.#space = space;
		this.#namespace = namespace;
	}

	/** Adds a device for each instrument below DeviceSet, and refers to it from the laboratory's own object. */
	build(laboratory: UAObject, instruments: readonly PlantLabInstrument[], beganMs: number): void {
		const set = this.#space.findNode(`ns=${this.#index(deviceNamespace)};i=5001`) as UAObject | null;
		if (set === null) throw new Error("expected DeviceSet of OPC UA for devices in the address space");
		for (const instrument of instruments) {
			const device = this.#type("LADSDeviceType").instantiate({
				browseName: instrument.name,
				nodeId: `s=${laboratory.browseName.name}.${instrument.name}`,
				description: `${instrument.methods.join("; ")}. Simulated.`,
				organizedBy: set,
				namespace: this.#namespace,
			}) as UAObject;
			laboratory.addReference({ referenceType: "Organizes", nodeId: device.nodeId });
			this.#identify(device, instrument);
			// The device itself works, whatever its functional units do.
			this.#enter(part(device, "DeviceState"), "LADSDeviceStateMachineType", "Operate", beganMs);
			for (let place = 1; place <= instrument.places; place++)
				this.#addPlace(device, instrument, place, beganMs);
		}
	}

	began(run: PlantLabRun): void {
		const place = this.#placeOf(run);
		if (place === undefined) return;
		this.#enter(place.state, "FunctionalStateMachineType", "Running", run.beganMs);
		this.#activate(place, run, run.beganMs);
	}

	ended(run: PlantLabRun): void {
		const place = this.#placeOf(run);
		if (place === undefined) return;
		this.#enter(place.state, "FunctionalStateMachineType", "Stopped", run.endsMs);
		this.#activate(place, undefined, run.endsMs);
		this.#addResult(place, run);
	}

	/** A value that was released: a variable of its run's result, or another value of it when it is a correction. */
	reported(result: PlantLabResult, timeMs: number): void {
		for (const place of this.#places.values()) {
			const kept = place.kept.find(({ id }) => id === resultId(result.instrument, result.lot));
			if (kept === undefined) continue;
			const known = kept.values.getComponentByName(result.test) as UAVariable | null;
			const node =
				known ??
				this.#namespace.addAnalogDataItem({
					componentOf: kept.values,
					browseName: result.test,
					nodeId: `s=${kept.node.nodeId.value}.${result.test}`,
					description: `${result.method}, version ${result.version}`,
					dataType: "Double",
					engineeringUnitsRange: { low: -Number.MAX_VALUE, high: Number.MAX_VALUE },
					engineeringUnits: { displayName: { text: result.eu } } as never,
				});
			put(node as UAVariable, new Variant({ dataType: DataType.Double, value: result.value }), timeMs);
		}
	}

	#addPlace(device: UAObject, instrument: PlantLabInstrument, number: number, beganMs: number): void {
		const { name } = instrument;
		const unit = this.#type("FunctionalUnitType").instantiate({
			browseName: instrument.places === 1 ? "Measurement" : `Measurement ${number}`,
			nodeId: `s=${device.nodeId.value}.${number}`,
			componentOf: part(device, "FunctionalUnitSet"),
			namespace: this.#namespace,
			optionals: [
				"ComponentName",
				"ProgramManager",
				"ProgramManager.ActiveProgram.CurrentProgramTemplate",
				"ProgramManager.ActiveProgram.DeviceProgramRunId",
				"ProgramManager.ActiveProgram.EstimatedRuntime",
			],
		}) as UAObject;
		put(part(unit, "ComponentName"), localized(`${name}, place ${number}`), beganMs);
		const manager = part<UAObject>(unit, "ProgramManager");
		const programs = part<UAObject>(manager, "ProgramTemplateSet");
		const results = part<UAObject>(manager, "ResultSet");
		for (const set of [programs, results]) put(part(set, "NodeVersion"), text("1"), beganMs);
		for (const method of instrument.methods) this.#addProgram(programs, method, beganMs);
		const place: Place = {
			state: part(unit, "FunctionalUnitState"),
			programs,
			active: part(manager, "ActiveProgram"),
			results,
			kept: [],
		};
		this.#enter(place.state, "FunctionalStateMachineType", "Stopped", beganMs);
		this.#activate(place, undefined, beganMs);
		this.#places.set(`${name} ${number}`, place);
	}

	#addProgram(programs: UAObject, method: string, beganMs: number): void {
		const program = this.#type("ProgramTemplateType").instantiate({
			browseName: method,
			nodeId: `s=${programs.nodeId.value}.${method}`,
			componentOf: programs,
			namespace: this.#namespace,
		}) as UAObject;
		describeProgram(program, method, beganMs);
	}

	#activate({ active, programs }: Place, run: PlantLabRun | undefined, timeMs: number): void {
		const program = run === undefined ? null : programs.getComponentByName(run.method);
		const type = this.#space.findDataType("NameNodeIdDataType", this.#index(analyserNamespace));
		if (type === null) throw new Error("expected NameNodeIdDataType in the address space");
		const value = this.#space.constructExtensionObject(type, {
			name: run?.method ?? "",
			...(program === null ? {} : { nodeId: program.nodeId }),
		});
		const current = new Variant({ dataType: DataType.ExtensionObject, value });
		put(part(active, "CurrentProgramTemplate"), current, timeMs);
		put(
			part(active, "DeviceProgramRunId"),
			text(run === undefined ? "" : resultId(run.instrument, run.lot)),
			timeMs,
		);
		const runtimeMs = run === undefined ? 0 : run.endsMs - run.beganMs;
		put(
			part(active, "EstimatedRuntime"),
			new Variant({ dataType: DataType.Double, value: runtimeMs }),
			timeMs,
		);
	}

	#addResult(place: Place, run: PlantLabRun): void {
		const id = resultId(run.instrument, run.lot);
		const node = this.#type("ResultType").instantiate({
			browseName: run.sample,
			nodeId: `s=${place.results.nodeId.value}.${run.sample}`,
			componentOf: place.results,
			namespace: this.#namespace,
			optionals: ["DeviceProgramRunId", "TotalRuntime"],
		}) as UAObject;
		const { endsMs } = run;
		const write = (name: string, variant: Variant) => put(part(node, name), variant, endsMs);
		const time = (ms: number) => new Variant({ dataType: DataType.DateTime, value: new Date(ms) });
		write("Description", localized(`${run.method} of lot ${run.lot}`));
		write("ApplicationUri", text("urn:pilotline:simulated:laboratory"));
		write("SupervisoryJobId", text(run.lot));
		write("SupervisoryTaskId", text(run.sample));
		write("DeviceProgramRunId", text(id));
		write("User", text(run.operator));
		write("Started", time(run.beganMs));
		write("Stopped", time(endsMs));
		write("TotalRuntime", new Variant({ dataType: DataType.Double, value: endsMs - run.beganMs }));
		write("Samples", this.#samples(run));
		describeProgram(part(node, "ProgramTemplate"), run.method, endsMs);
		place.kept.push({ id, node, values: part(node, "VariableSet") });
		if (place.kept.length <= ladsResultsMax) return;
		const oldest = place.kept.shift();
		if (oldest !== undefined) this.#space.deleteNode(oldest.node);
	}

	#samples({ sample, lot, place }: PlantLabRun): Variant {
		const type = this.#space.findDataType("SampleInfoType", this.#index(ladsNamespace));
		if (type === null) throw new Error("expected SampleInfoType in the address space");
		const one = this.#space.constructExtensionObject(type, {
			containerId: lot,
			sampleId: sample,
			position: String(place),
			customData: "",
		});
		return new Variant({
			dataType: DataType.ExtensionObject,
			arrayType: VariantArrayType.Array,
			value: [one],
		});
	}

	#identify(device: UAObject, { name, methods }: PlantLabInstrument): void {
		const identification = part<UAObject>(device, "Identification");
		const write = (property: string, variant: Variant) => put(part(identification, property), variant, 0);
		write("Manufacturer", localized("Pilotline (simulated)"));
		write("Model", localized(methods.join("; ")));
		write("ComponentName", localized(name));
		write("AssetId", text(`L900.${name}`));
		write("SerialNumber", text(`SIM-${name}`));
		write("ProductInstanceUri", text(`urn:pilotline:simulated:laboratory:${name}`));
		for (const property of ["DeviceManual", "DeviceRevision", "SoftwareRevision", "HardwareRevision"]) {
			write(property, text(""));
		}
		write("RevisionCounter", new Variant({ dataType: DataType.Int32, value: 0 }));
	}

	/** Puts a state machine into a state: its name, and the node of the state in its type. */
	#enter(machine: UAObject, type: string, state: UnitState | "Operate", timeMs: number): void {
		const current = part<UAVariable>(machine, "CurrentState");
		put(current, localized(state), timeMs);
		const node = this.#type(type).getComponentByName(state);
		if (node === null) throw new Error(`expected a state ${state} of ${type}`);
		put(part(current, "Id"), new Variant({ dataType: DataType.NodeId, value: node.nodeId }), timeMs);
	}

	#placeOf({ instrument, place }: PlantLabRun): Place | undefined {
		return this.#places.get(`${instrument} ${place}`);
	}

	#type(name: string): UAObjectType {
		const type = this.#space.findObjectType(name, this.#index(ladsNamespace));
		if (type === null) throw new Error(`expected the type ${name} in the address space`);
		return type;
	}

	#index(namespace: string): number {
		return this.#space.getNamespaceIndex(namespace);
	}
}

/** Each lot goes once over each instrument. */
function resultId(instrument: string, lot: string): string {
	return `${instrument} ${lot}`;
}

function describeProgram(program: UAObject, method: string, timeMs: number): void {
	const created = new Variant({ dataType: DataType.DateTime, value: new Date(timeMs) });
	put(part(program, "Author"), text("Pilotline (simulated)"), timeMs);
	put(part(program, "Description"), localized(method), timeMs);
	put(part(program, "DeviceTemplateId"), text(method), timeMs);
	put(part(program, "Version"), text("1"), timeMs);
	for (const name of ["Created", "Modified"]) put(part(program, name), created, timeMs);
}

/** A child of whatever namespace; types of LADS inherit from those of devices and of analysers. */
function part<T extends UAObject | UAVariable>(parent: UAObject | UAVariable, name: string): T {
	const found = parent.getChildByName(name);
	if (found === null) throw new Error(`expected ${name} in ${parent.browseName.name}`);
	return found as T;
}

function put(node: UAVariable, value: Variant, timeMs: number): void {
	node.setValueFromSource(value, StatusCodes.Good, new Date(timeMs));
}

function text(value: string): Variant {
	return new Variant({ dataType: DataType.String, value });
}

function localized(value: string): Variant {
	return new Variant({ dataType: DataType.LocalizedText, value: coerceLocalizedText(value) });
}
