// What stands in the messages of an edge node: metrics, aliases, data types, times, properties.

import {
	type Capture,
	type Check,
	each,
	first,
	firstMetric,
	type Message,
	type Metric,
	metric,
	metricsOf,
	said,
} from "./capture.ts";

const rebirth = "Node Control/Rebirth";
const births = ["NBIRTH", "DBIRTH"] as const;
const data = ["NDATA", "DDATA"] as const;
const valueFields = [
	"int_value",
	"long_value",
	"float_value",
	"double_value",
	"boolean_value",
	"string_value",
	"bytes_value",
	"dataset_value",
	"template_value",
] as const;

const hasValue = (one: Metric): boolean => valueFields.some((field) => one[field] !== undefined);
const valueText = (one: Metric): string => JSON.stringify(valueFields.map((field) => one[field]));
const all = (capture: Capture, ...types: string[]): Metric[] => said(capture, ...types).flatMap(metricsOf);
const tell = (one: Metric): string => JSON.stringify(one).slice(0, 200);

/** Data messages, each with the metrics of the births that hold for it, by alias. */
function withBirths(capture: Capture): { message: Message; born: Map<string, Metric> }[] {
	return capture.connections.flatMap(({ said: messages }) => {
		let born = new Map<string, Map<string, Metric>>();
		return messages.flatMap((message) => {
			if (message.type === "NBIRTH") born = new Map();
			if (message.type === "NBIRTH" || message.type === "DBIRTH")
				born.set(message.device, new Map(metricsOf(message).map((one) => [one.alias ?? "", one])));
			return (data as readonly string[]).includes(message.type)
				? [{ message, born: born.get(message.device) ?? new Map() }]
				: [];
		});
	});
}

const inOrder = (message: Message): boolean => {
	const times = metricsOf(message)
		.filter(({ is_historical }) => is_historical !== true)
		.map(({ timestamp }) => Number(timestamp));
	return times.every((time, index) => index === 0 || time >= (times[index - 1] as number));
};

const swapTimes = (message: Message): void => {
	const metrics = metricsOf(message);
	const [one, last] = [metrics[0], metrics.at(-1)];
	if (one !== undefined) one.timestamp = String(Number(last?.timestamp) + 1_000);
};

/** Tag values that say nothing new: the same metric, time and value twice under one birth. */
function repeated(capture: Capture, type: string): { seen: number; wrong: string[] } {
	let seen = 0;
	const wrong: string[] = [];
	for (const { said: messages } of capture.connections) {
		let known = new Set<string>();
		for (const message of messages) {
			if (message.type === "NBIRTH") known = new Set();
			if (message.type !== type) continue;
			for (const one of metricsOf(message)) {
				if (one.is_transient === true) continue;
				seen++;
				const key = `${message.device} ${one.alias} ${one.timestamp} ${valueText(one)}`;
				if (known.has(key)) wrong.push(key);
				known.add(key);
			}
		}
	}
	return { seen, wrong };
}

const repeatOne = (capture: Capture, type: string): void => {
	for (const { said: messages } of capture.connections) {
		const at = messages.findIndex(
			(message) =>
				message.type === type && metricsOf(message).some(({ is_transient }) => is_transient !== true),
		);
		if (at >= 0) messages.splice(at, 0, structuredClone(messages[at] as Message));
	}
};

const change = (capture: Capture, type: string, how: (one: Metric) => void): void =>
	how(firstMetric(capture, type));
const changeRebirth = (capture: Capture, fields: Metric): void => {
	Object.assign(metric(first(capture, "NBIRTH"), rebirth) ?? {}, fields);
};
const rebirths = (capture: Capture): (Metric | undefined)[] =>
	said(capture, "NBIRTH").map((message) => metric(message, rebirth));

type Property = { key: string; type?: unknown; int_value?: number };
const properties = (capture: Capture, ...types: string[]): Property[] =>
	all(capture, ...types).flatMap(({ properties: set }) =>
		(set?.values ?? []).map((value, index) => ({ ...value, key: set?.keys?.[index] ?? "" })),
	);
const qualities = (capture: Capture): Property[] =>
	properties(capture, ...births, ...data).filter(({ key }) => key === "Quality");
const changeProperty = (capture: Capture, fields: object): void => {
	for (const { properties: set } of all(capture, ...births, ...data)) {
		const value = set?.values?.[set.keys?.indexOf("Quality") ?? 0];
		if (value !== undefined) Object.assign(value, fields);
	}
};
const sets = (capture: Capture) =>
	all(capture, ...births, ...data).flatMap(({ properties: set }) => (set === undefined ? [] : [set]));

const birthContents: readonly Check[] = births.flatMap((type): Check[] => {
	const lower = type.toLowerCase();
	const own = type === "NBIRTH" ? "NDATA" : "DDATA";
	return [
		{
			ids: [`topics-${lower}-metric-reqs`, `operational-behavior-data-publish-${lower}`],
			look: (capture) =>
				each(
					withBirths(capture).filter(({ message }) => message.type === own),
					({ message, born }) => metricsOf(message).every(({ alias = "?" }) => born.has(alias)),
					({ message }) => message.topic,
				),
			spoil: (capture) => change(capture, own, (one) => Object.assign(one, { alias: "123456" })),
		},
		{
			ids: [`topics-${lower}-metrics`, `operational-behavior-data-publish-${lower}-values`],
			look: (capture) =>
				each(
					all(capture, type),
					(one) =>
						(one.name ?? "") !== "" &&
						one.datatype !== undefined &&
						(one.is_null === true ? !hasValue(one) : hasValue(one)),
					tell,
				),
			spoil: (capture) =>
				change(capture, type, (one) => {
					for (const field of valueFields) delete one[field];
					delete one.is_null;
				}),
		},
		{
			ids: [`operational-behavior-data-publish-${lower}-order`],
			look: (capture) => each(said(capture, type, own), inOrder, ({ topic }) => topic),
			spoil: (capture) => swapTimes(first(capture, type)),
		},
		{
			ids: [
				`topics-${own.toLowerCase()}-payload`,
				`operational-behavior-data-publish-${lower}-change`,
				...(own === "DDATA" ? ["principles-rbe-recommended"] : []),
			],
			look: (capture) => repeated(capture, own),
			spoil: (capture) => repeatOne(capture, own),
		},
	];
});

const control: readonly Check[] = [
	{
		ids: ["topics-nbirth-bdseq-included", "payloads-nbirth-bdseq"],
		look: (capture) =>
			each(said(capture, "NBIRTH"), (message) => metric(message, "bdSeq")?.long_value !== undefined),
		spoil: (capture) => Object.assign(metric(first(capture, "NBIRTH"), "bdSeq") ?? {}, { name: "bdseq" }),
	},
	{
		ids: ["message-flow-edge-node-birth-publish-nbirth-payload-bdSeq"],
		look: (capture) => each(said(capture, "NBIRTH"), (message) => metric(message, "bdSeq")?.datatype === 4),
		spoil: (capture) => Object.assign(metric(first(capture, "NBIRTH"), "bdSeq") ?? {}, { datatype: 8 }),
	},
	{
		ids: ["operational-behavior-data-commands-rebirth-name"],
		look: (capture) => each(rebirths(capture), (one) => one !== undefined),
		spoil: (capture) => changeRebirth(capture, { name: "Node Control/rebirth" }),
	},
	{
		ids: ["operational-behavior-data-commands-rebirth-name-aliases"],
		look: (capture) => each(rebirths(capture), (one) => one !== undefined && one.alias === undefined),
		spoil: (capture) => changeRebirth(capture, { alias: "3" }),
	},
	{
		ids: ["operational-behavior-data-commands-rebirth-datatype"],
		look: (capture) => each(rebirths(capture), (one) => one?.datatype === 11),
		spoil: (capture) => changeRebirth(capture, { datatype: 3 }),
	},
	{
		ids: [
			"operational-behavior-data-commands-rebirth-value",
			"topics-nbirth-rebirth-metric",
			"payloads-nbirth-rebirth-req",
		],
		look: (capture) => each(rebirths(capture), (one) => one?.datatype === 11 && one.boolean_value === false),
		spoil: (capture) => changeRebirth(capture, { boolean_value: true }),
	},
];

const names: readonly Check[] = [
	{
		ids: ["payloads-name-requirement"],
		look: (capture) =>
			each(
				all(capture, ...births, ...data),
				({ name, alias }) => name !== undefined || alias !== undefined,
				tell,
			),
		spoil: (capture) => change(capture, "DDATA", (one) => delete one.alias),
	},
	{
		ids: ["payloads-alias-uniqueness"],
		look: (capture) => {
			const wrong: string[] = [];
			let seen = 0;
			for (const { said: messages } of capture.connections) {
				const owners = new Map<string, string>();
				for (const message of messages.filter(({ type }) => (births as readonly string[]).includes(type))) {
					for (const { alias, name } of metricsOf(message)) {
						if (alias === undefined) continue;
						seen++;
						const owner = `${message.device}/${name}`;
						if ((owners.get(alias) ?? owner) !== owner)
							wrong.push(`${alias}: ${owners.get(alias)}, ${owner}`);
						owners.set(alias, owner);
					}
				}
			}
			return { seen, wrong };
		},
		spoil: (capture) => {
			const { alias = "" } = metricsOf(first(capture, "NBIRTH")).find((one) => one.alias !== undefined) ?? {};
			change(capture, "DBIRTH", (one) => Object.assign(one, { alias }));
		},
	},
	{
		ids: ["payloads-alias-birth-requirement"],
		look: (capture) =>
			each(
				all(capture, ...births).filter(({ name }) => name !== rebirth),
				({ name, alias }) => name !== undefined && alias !== undefined,
				tell,
			),
		spoil: (capture) => change(capture, "DBIRTH", (one) => delete one.alias),
	},
	{
		ids: ["payloads-alias-data-cmd-requirement"],
		look: (capture) =>
			each(all(capture, ...data), ({ name, alias }) => name === undefined && alias !== undefined, tell),
		spoil: (capture) => change(capture, "DDATA", (one) => Object.assign(one, { name: "both" })),
	},
	{
		ids: ["case-sensitivity-metric-names"],
		look: (capture) =>
			each(said(capture, ...births), (message) => {
				const lower = metricsOf(message).map(({ name = "" }) => name.toLowerCase());
				return new Set(lower).size === lower.length;
			}),
		spoil: (capture) => {
			const birth = first(capture, "DBIRTH");
			birth.payload?.metrics?.push({
				...firstMetric(capture, "DBIRTH"),
				name: metricsOf(birth)[0]?.name?.toUpperCase() ?? "",
			});
		},
	},
];

const fields: readonly Check[] = [
	{
		ids: ["payloads-name-birth-data-requirement", "payloads-metric-timestamp-in-UTC"],
		look: (capture) =>
			each(
				said(capture, ...births, ...data).flatMap((message) =>
					metricsOf(message).map((one) => ({ one, atMs: message.atMs })),
				),
				({ one: { timestamp }, atMs }) =>
					timestamp !== undefined && Math.abs(atMs - Number(timestamp)) < 600_000,
				({ one }) => tell(one),
			),
		spoil: (capture) => change(capture, "DDATA", (one) => delete one.timestamp),
	},
	{
		ids: ["payloads-timestamp-in-UTC"],
		look: (capture) =>
			each(
				said(capture, ...births, ...data, "DDEATH"),
				({ payload, atMs }) => Math.abs(atMs - Number(payload?.timestamp ?? 0)) < 60_000,
			),
		spoil: (capture) => Object.assign(first(capture, "NDATA").payload ?? {}, { timestamp: "3600000" }),
	},
	{
		ids: ["payloads-metric-datatype-req"],
		look: (capture) => each(all(capture, ...births), ({ datatype }) => datatype !== undefined, tell),
		spoil: (capture) => change(capture, "DBIRTH", (one) => delete one.datatype),
	},
	{
		ids: ["payloads-metric-datatype-value", "payloads-metric-datatype-value-type"],
		look: (capture) =>
			each(
				all(capture, ...births),
				({ datatype = 0 }) => Number.isInteger(datatype) && datatype >= 1 && datatype <= 34,
				tell,
			),
		spoil: (capture) => change(capture, "DBIRTH", (one) => Object.assign(one, { datatype: 0 })),
	},
	{
		ids: ["payloads-metric-datatype-not-req"],
		look: (capture) => each(all(capture, ...data), ({ datatype }) => datatype === undefined, tell),
		spoil: (capture) => change(capture, "DDATA", (one) => Object.assign(one, { datatype: 10 })),
	},
	{
		ids: ["payloads-propertyset-keys-array-size", "payloads-propertyset-values-array-size"],
		look: (capture) =>
			each(sets(capture), ({ keys = [], values = [] }) => keys.length === values.length && keys.length > 0),
		spoil: (capture) => sets(capture)[0]?.keys?.push("more"),
	},
	{
		ids: [
			"payloads-metric-propertyvalue-type-type",
			"payloads-metric-propertyvalue-type-value",
			"payloads-metric-propertyvalue-type-req",
		],
		look: (capture) =>
			each(
				properties(capture, ...births),
				({ type }) => typeof type === "number" && type >= 1 && type <= 21 && ![16, 17, 18, 19].includes(type),
			),
		spoil: (capture) => changeProperty(capture, { type: 17 }),
	},
	{
		ids: ["payloads-propertyset-quality-value-type"],
		look: (capture) => each(qualities(capture), ({ type }) => type === 3),
		spoil: (capture) => changeProperty(capture, { type: 7 }),
	},
	{
		ids: ["payloads-propertyset-quality-value-value"],
		look: (capture) => each(qualities(capture), ({ int_value = -1 }) => [0, 192, 500].includes(int_value)),
		spoil: (capture) => changeProperty(capture, { int_value: 64 }),
	},
];

export const edgePayloadChecks: readonly Check[] = [...birthContents, ...control, ...names, ...fields];
