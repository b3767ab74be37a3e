import { z } from "zod";
import { keys, list, oneOf, text, topicLevel } from "../common/runtime/config-values.ts";

/** What a field of a server's structure says of a result; the names of `LabResult`, in the words of configuration. */
const labFields = [
	"lot",
	"material",
	"sample",
	"test",
	"value",
	"eu",
	"below",
	"repeats",
	"operator",
	"instrument",
	"calibration_due",
	"method",
	"detection_limit",
	"temperature",
	"measured",
	"version",
	"reason",
] as const;

export type LabField = (typeof labFields)[number];

/** The fields of the simulated laboratory's `LabResultType`, in their order. */
const usualFields: { is: LabField; name: string }[] = [
	{ is: "lot", name: "Lot" },
	{ is: "sample", name: "Sample" },
	{ is: "test", name: "Test" },
	{ is: "value", name: "Value" },
	{ is: "eu", name: "EngineeringUnit" },
	{ is: "below", name: "BelowDetectionLimit" },
	{ is: "repeats", name: "Repeats" },
	{ is: "operator", name: "Operator" },
	{ is: "instrument", name: "Instrument" },
	{ is: "method", name: "Method" },
	{ is: "detection_limit", name: "DetectionLimit" },
	{ is: "temperature", name: "SampleTemperature" },
	{ is: "measured", name: "MeasuredTime" },
	{ is: "version", name: "Version" },
	{ is: "reason", name: "Reason" },
];

/** A server that tells results as a structure, which the agent takes apart into tags. */
const labServer = keys({
	/** The device whose tags these are. */
	device: topicLevel,
	/** What a field's name has before it in the tag's name: `Result.` makes `Result.Lot`. */
	prefix: text.default("Result."),
	/** The fields, in the order in which the structure has them: where one result ends shows by it. */
	fields: list(keys({ is: oneOf(labFields), name: text }), 1, "fields").default(usualFields),
});

export type LabServerConfig = z.output<typeof labServer>;

export const laboratorySection = z.array(labServer, { error: "expected a list of servers" }).default([]);

const needed: readonly LabField[] = ["lot", "test", "value"];

/** Fields that are needed or there twice, and devices that are there twice with one prefix. */
export function laboratoryFindings(
	servers: readonly LabServerConfig[],
): { path: (string | number)[]; message: string }[] {
	return servers.flatMap(({ device, prefix, fields }, index) => {
		const at = ["laboratory", index];
		const found: { path: (string | number)[]; message: string }[] = [];
		const isTwice = servers.findIndex((one) => one.device === device && one.prefix === prefix) !== index;
		if (isTwice) found.push({ path: at, message: `${device} with the prefix ${prefix} is there twice` });
		for (const is of needed) {
			if (!fields.some((field) => field.is === is))
				found.push({ path: [...at, "fields"], message: `expected a field that is ${is}` });
		}
		for (const [place, { is, name }] of fields.entries()) {
			const first = fields.findIndex((field) => field.is === is || field.name === name);
			if (first !== place)
				found.push({ path: [...at, "fields", place], message: `${is} or ${name} is there twice` });
		}
		// How long a list is shows by what stands behind it.
		if (fields.at(-1)?.is === "repeats")
			found.push({
				path: [...at, "fields", fields.length - 1],
				message: "expected a field behind repeats, so that it is known when they end",
			});
		return found;
	});
}
