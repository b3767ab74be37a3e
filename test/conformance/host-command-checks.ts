// What a host application asks of edge nodes.

import { type Capture, type Check, each, type Message, type Metric, metricsOf, said } from "./capture.ts";
import { clockMs, stateTopic } from "./host-checks.ts";

const commandTopic = "spBv1.0/pilot/NCMD/line-1";
const rebirth = "Node Control/Rebirth";

const commands = (capture: Capture): Message[] => said(capture, "NCMD");
const commandMetrics = (capture: Capture): Metric[] => commands(capture).flatMap(metricsOf);
const requests = (capture: Capture): Metric[] =>
	commandMetrics(capture).filter(({ name }) => name === rebirth);
export const hostCommandChecks: readonly Check[] = [
	{
		ids: [
			"topics-ncmd-topic",
			"operational-behavior-data-commands-ncmd-verb",
			"operational-behavior-data-commands-ncmd-rebirth-verb",
			"topic-structure",
			"topic-structure-namespace-a",
			"topic-structure-namespace-device-id-associated-message-types",
			"topic-structure-namespace-device-id-non-associated-message-types",
		],
		look: (capture) =>
			each(
				capture.connections.flatMap(({ said: messages }) => messages),
				({ topic, type }) => (type === "NCMD" ? topic === commandTopic : topic === stateTopic),
				({ topic }) => topic,
			),
		spoil: (capture) => Object.assign(commands(capture)[0] ?? {}, { topic: `${commandTopic}/U500` }),
	},
	{
		ids: ["topics-ncmd-mqtt", "payloads-ncmd-qos", "payloads-ncmd-retain"],
		look: (capture) => each(commands(capture), ({ qos, retain }) => qos === 0 && !retain),
		spoil: (capture) => Object.assign(commands(capture)[0] ?? {}, { qos: 1 }),
	},
	{
		ids: ["topics-ncmd-timestamp", "payloads-ncmd-timestamp", "payloads-timestamp-in-UTC"],
		look: (capture) =>
			each(
				commands(capture),
				({ payload, atMs }) => Math.abs(atMs - Number(payload?.timestamp ?? 0)) < clockMs,
			),
		spoil: (capture) => delete commands(capture)[0]?.payload?.timestamp,
	},
	{
		ids: ["payloads-ncmd-seq"],
		look: (capture) => each(commands(capture), ({ payload }) => payload?.seq === undefined),
		spoil: (capture) => Object.assign(commands(capture)[0]?.payload ?? {}, { seq: "1" }),
	},
	{
		ids: ["topics-ncmd-payload", "payloads-name-requirement"],
		look: (capture) =>
			each(
				commands(capture),
				(command) =>
					metricsOf(command).length > 0 &&
					metricsOf(command).every(({ name, alias }) => name !== undefined || alias !== undefined),
			),
		spoil: (capture) => Object.assign(commands(capture)[0]?.payload ?? {}, { metrics: [] }),
	},
	{
		ids: ["payloads-name-cmd-requirement", "payloads-metric-timestamp-in-UTC"],
		look: (capture) =>
			each(commandMetrics(capture), ({ timestamp }) => Math.abs(Date.now() - Number(timestamp)) < 600_000),
		spoil: (capture) => Object.assign(commandMetrics(capture)[0] ?? {}, { timestamp: "5" }),
	},
	{
		ids: ["payloads-alias-data-cmd-requirement"],
		look: (capture) =>
			each(commandMetrics(capture), ({ name, alias }) =>
				alias === undefined ? name === rebirth : name === undefined,
			),
		spoil: (capture) => Object.assign(commandMetrics(capture)[0] ?? {}, { name: "both" }),
	},
	{
		ids: [
			"payloads-metric-datatype-not-req",
			"payloads-metric-datatype-value",
			"payloads-metric-datatype-value-type",
		],
		look: (capture) => each(commandMetrics(capture), ({ datatype }) => datatype === undefined),
		spoil: (capture) => Object.assign(commandMetrics(capture)[0] ?? {}, { datatype: 4 }),
	},
	{
		ids: [
			"operational-behavior-data-commands-ncmd-metric-name",
			"operational-behavior-data-commands-ncmd-metric-value",
		],
		look: (capture) => {
			const born = capture.connections
				.flatMap(({ heard }) => heard.filter(({ type }) => type === "NBIRTH"))
				.flatMap(metricsOf);
			return each(commandMetrics(capture), (one) => {
				const own = born.find(({ name, alias }) =>
					one.alias === undefined ? name === one.name : alias === one.alias,
				);
				const field = { 4: "long_value", 11: "boolean_value", 12: "string_value" }[own?.datatype ?? 0];
				return field !== undefined && one[field as keyof Metric] !== undefined;
			});
		},
		spoil: (capture) => Object.assign(commandMetrics(capture)[0] ?? {}, { alias: "99" }),
	},
	{
		ids: [
			"operational-behavior-data-commands-ncmd-rebirth-name",
			"operational-behavior-data-commands-ncmd-rebirth-value",
		],
		look: (capture) => each(requests(capture), ({ boolean_value }) => boolean_value === true),
		spoil: (capture) => Object.assign(requests(capture)[0] ?? {}, { boolean_value: false }),
	},
	{
		ids: [
			"topics-dcmd-topic",
			"topics-dcmd-mqtt",
			"topics-dcmd-timestamp",
			"topics-dcmd-payload",
			"payloads-dcmd-timestamp",
			"payloads-dcmd-seq",
			"payloads-dcmd-qos",
			"payloads-dcmd-retain",
			"operational-behavior-data-commands-dcmd-verb",
			"operational-behavior-data-commands-dcmd-metric-name",
			"operational-behavior-data-commands-dcmd-metric-value",
		],
		none: "the collector writes to no device",
		look: (capture) =>
			each(
				said(capture, "DCMD"),
				() => false,
				({ topic }) => topic,
			),
		spoil: ({ connections }) => {
			const [connection] = connections;
			connection?.said.push({ ...(connection.said[0] as Message), type: "DCMD" });
		},
	},
];
