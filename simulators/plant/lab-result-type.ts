// The structured type of a laboratory result, as a node set: OPC UA Part 6, annex F. node-opcua takes types that are not
// its own from such a file only.

import type { PlantLabResult } from "./pipeline.ts";

export const labResultNamespace = "urn:pilotline:plant:types";
const typeId = "ns=1;i=3001";
const encodingId = "ns=1;i=5001";

/** Standard data types by their node ids in namespace 0. */
const standard = { Boolean: "i=1", UInt32: "i=7", Double: "i=11", String: "i=12", DateTime: "i=13" } as const;

interface Field {
	readonly name: string;
	readonly type: keyof typeof standard;
	readonly list?: true;
	readonly of: (result: PlantLabResult) => unknown;
}

const fields: readonly Field[] = [
	{ name: "Lot", type: "String", of: ({ lot }) => lot },
	{ name: "Sample", type: "String", of: ({ sample }) => sample },
	{ name: "Test", type: "String", of: ({ test }) => test },
	{ name: "Value", type: "Double", of: ({ value }) => value },
	{ name: "EngineeringUnit", type: "String", of: ({ eu }) => eu },
	{ name: "BelowDetectionLimit", type: "Boolean", of: ({ belowLimit }) => belowLimit },
	{ name: "Repeats", type: "Double", list: true, of: ({ repeats }) => [...repeats] },
	{ name: "Operator", type: "String", of: ({ operator }) => operator },
	{ name: "Instrument", type: "String", of: ({ instrument }) => instrument },
	{ name: "Method", type: "String", of: ({ method }) => method },
	// A method without a limit has none: not a number.
	{ name: "DetectionLimit", type: "Double", of: ({ detectionLimit }) => detectionLimit ?? Number.NaN },
	{ name: "SampleTemperature", type: "Double", of: ({ temperatureC }) => temperatureC },
	{ name: "MeasuredTime", type: "DateTime", of: ({ measuredMs }) => new Date(measuredMs) },
	{ name: "Version", type: "UInt32", of: ({ version }) => version },
	{ name: "Reason", type: "String", of: ({ reason }) => reason },
];

/** What node-opcua makes the structure from: field names in lower camel case. */
export function labResultFields(result: PlantLabResult): Record<string, unknown> {
	return Object.fromEntries(
		fields.map(({ name, of }) => [name[0]?.toLowerCase() + name.slice(1), of(result)]),
	);
}

export const labResultType = "LabResultType";

export const labResultNodeset = `<?xml version="1.0" encoding="utf-8"?>
<UANodeSet xmlns="http://opcfoundation.org/UA/2011/03/UANodeSet.xsd">
	<NamespaceUris><Uri>${labResultNamespace}</Uri></NamespaceUris>
	<Models>
		<Model ModelUri="${labResultNamespace}" Version="1.0.0" PublicationDate="2026-01-01T00:00:00Z">
			<RequiredModel ModelUri="http://opcfoundation.org/UA/" />
		</Model>
	</Models>
	<Aliases><Alias Alias="HasSubtype">i=45</Alias><Alias Alias="HasEncoding">i=38</Alias><Alias Alias="HasTypeDefinition">i=40</Alias></Aliases>
	<UADataType NodeId="${typeId}" BrowseName="1:${labResultType}">
		<DisplayName>${labResultType}</DisplayName>
		<Description>One result of the laboratory, whole: its value with repeats, operator, instrument, method and limit</Description>
		<References>
			<Reference ReferenceType="HasSubtype" IsForward="false">i=22</Reference>
			<Reference ReferenceType="HasEncoding">${encodingId}</Reference>
		</References>
		<Definition Name="1:${labResultType}">
${fields.map(({ name, type, list }) => `\t\t\t<Field Name="${name}" DataType="${standard[type]}"${list === true ? ' ValueRank="1" ArrayDimensions="0"' : ""} />`).join("\n")}
		</Definition>
	</UADataType>
	<UAObject NodeId="${encodingId}" BrowseName="Default Binary" SymbolicName="DefaultBinary">
		<DisplayName>Default Binary</DisplayName>
		<References>
			<Reference ReferenceType="HasEncoding" IsForward="false">${typeId}</Reference>
			<Reference ReferenceType="HasTypeDefinition">i=76</Reference>
		</References>
	</UAObject>
</UANodeSet>
`;
