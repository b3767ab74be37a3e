// What Pilotline does not publish; that it does not is looked at, too.

import { type Check, each, firstMetric, metricsOf } from "./capture.ts";

const datatypeDataSet = 16;
const datatypeTemplate = 19;

const template = (suffixes: readonly string[]) => suffixes.map((suffix) => `payloads-template-${suffix}`);

export const unpublishedChecks: readonly Check[] = [
	{
		ids: [
			"topics-nbirth-templates",
			...template([
				"definition-nbirth-only",
				"definition-is-definition",
				"definition-ref",
				"definition-members",
				"definition-nbirth",
				"definition-parameters",
				"definition-parameters-default",
				"instance-is-definition",
				"instance-ref",
				"instance-members",
				"instance-members-birth",
				"instance-members-data",
				"instance-parameters",
				"version",
				"ref-definition",
				"ref-instance",
				"is-definition",
				"is-definition-definition",
				"is-definition-instance",
				"parameter-name-required",
				"parameter-name-type",
				"parameter-value-type",
				"parameter-type-value",
				"parameter-type-req",
				"parameter-value",
			]),
		],
		none: "no template is published",
		look: ({ connections }) =>
			each(
				connections
					.flatMap(({ said }) => said.flatMap(metricsOf))
					.filter(
						({ datatype, template_value }) => datatype === datatypeTemplate || template_value !== undefined,
					),
				() => false,
			),
		spoil: (capture) => spoilAny(capture, { template_value: {} }),
	},
	{
		ids: [
			"payloads-dataset-column-size",
			"payloads-dataset-column-num-headers",
			"payloads-dataset-types-def",
			"payloads-dataset-types-num",
			"payloads-dataset-types-type",
			"payloads-dataset-types-value",
			"payloads-dataset-parameter-type-req",
			"payloads-template-dataset-value",
		],
		none: "no DataSet is published",
		look: ({ connections }) =>
			each(
				connections
					.flatMap(({ said }) => said.flatMap(metricsOf))
					.filter(
						({ datatype, dataset_value }) => datatype === datatypeDataSet || dataset_value !== undefined,
					),
				() => false,
			),
		spoil: (capture) => spoilAny(capture, { dataset_value: {} }),
	},
];

export const edgeUnpublishedChecks: readonly Check[] = [
	{
		ids: ["message-flow-device-dcmd-subscribe"],
		none: "nothing of a device can be written",
		look: ({ connections }) =>
			each(
				connections
					.flatMap(({ subscriptions }) => subscriptions)
					.filter(({ filter }) => filter.includes("/DCMD/")),
				() => false,
			),
		spoil: ({ connections }) =>
			connections[0]?.subscriptions.push({ order: 1, filter: "spBv1.0/site/DCMD/agent/F500", qos: 1 }),
	},
];

/** A host has no property sets in its commands. */
export const hostUnpublishedChecks: readonly Check[] = [
	{
		ids: [
			"payloads-propertyset-keys-array-size",
			"payloads-propertyset-values-array-size",
			"payloads-metric-propertyvalue-type-type",
			"payloads-metric-propertyvalue-type-value",
		],
		none: "no property is published",
		look: ({ connections }) =>
			each(
				connections
					.flatMap(({ said }) => said.flatMap(metricsOf))
					.filter(({ properties }) => properties !== undefined),
				() => false,
			),
		spoil: (capture) => spoilAny(capture, { properties: {} }),
	},
];

function spoilAny(capture: Parameters<Check["look"]>[0], fields: object): void {
	const types = capture.connections.flatMap(({ said }) => said.map(({ type }) => type));
	Object.assign(firstMetric(capture, types.includes("DBIRTH") ? "DBIRTH" : "NCMD"), fields);
}
