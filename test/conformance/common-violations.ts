// What other implementations were seen to get wrong, each as the least change of a recording of ours.

import { type Capture, firstMetric, type Message, type Metric, metric, metricsOf, said } from "./capture.ts";

export interface CommonViolation {
	readonly title: string;
	readonly role: "edge" | "host";
	/** The clause that it breaks, without `tck-id-`. */
	readonly id: string;
	spoil(capture: Capture): void;
}

const wills = ({ connections }: Capture): Message[] => connections.flatMap(({ will }) => will ?? []);
const deaths = (capture: Capture): Message[] => [...wills(capture), ...said(capture, "NDEATH")];
const online = (capture: Capture): Message[] =>
	said(capture, "STATE").filter(({ state }) => state?.online === true);
const rebirthsHeard = ({ connections }: Capture) =>
	connections.filter(({ heard }) =>
		heard.some((message) => metric(message, "Node Control/Rebirth")?.boolean_value === true),
	);

export const commonViolations: readonly CommonViolation[] = [
	{
		title: "1. the will has QoS 0",
		...{ role: "edge", id: "payloads-ndeath-will-message-qos" },
		spoil: (capture) => {
			for (const will of wills(capture)) will.qos = 0;
		},
	},
	{
		title: "2. the NCMD subscription has QoS 0",
		...{ role: "edge", id: "message-flow-edge-node-ncmd-subscribe" },
		spoil: ({ connections }) => {
			for (const { subscriptions } of connections) for (const one of subscriptions) one.qos = 0;
		},
	},
	{
		title: "3. NDEATH has a seq",
		...{ role: "edge", id: "topics-ndeath-seq" },
		spoil: (capture) => {
			for (const { payload } of deaths(capture)) if (payload !== undefined) payload.seq = "0";
		},
	},
	{
		title: "4. NDEATH has no bdSeq",
		...{ role: "edge", id: "topics-ndeath-payload" },
		spoil: (capture) => {
			for (const { payload } of deaths(capture)) if (payload !== undefined) payload.metrics = [];
		},
	},
	{
		title: "4. NDEATH has its bdSeq by alias",
		...{ role: "edge", id: "topics-ndeath-payload" },
		spoil: (capture) => {
			for (const one of deaths(capture).flatMap(metricsOf)) {
				delete one.name;
				one.alias = "1";
			}
		},
	},
	{
		title: "5. a rebirth begins with NDEATH",
		...{ role: "edge", id: "operational-behavior-data-commands-rebirth-action-2" },
		spoil: (capture) => {
			for (const connection of rebirthsHeard(capture)) {
				const { order = 0, atMs = 0 } =
					connection.heard.find((message) => metric(message, "Node Control/Rebirth") !== undefined) ?? {};
				const death = { ...(wills(capture)[0] as Message), order: order + 0.5, atMs };
				connection.said = [...connection.said, death].sort((a, b) => a.order - b.order);
			}
		},
	},
	{
		title: "5. a rebirth has another bdSeq",
		...{ role: "edge", id: "operational-behavior-data-commands-rebirth-action-3" },
		spoil: (capture) => {
			for (const { said: messages } of rebirthsHeard(capture))
				for (const message of messages.filter(({ type }) => type === "NBIRTH").slice(1))
					Object.assign(metric(message, "bdSeq") ?? {}, { long_value: "9" });
		},
	},
	{
		title: "6. two devices have a metric of one alias",
		...{ role: "edge", id: "payloads-alias-uniqueness" },
		spoil: (capture) => {
			for (const birth of said(capture, "DBIRTH"))
				for (const [index, one] of metricsOf(birth).entries()) one.alias = String(index + 1);
		},
	},
	{
		title: "6. MQTT 5.0 is configured and never applied: no session expiry of 0",
		...{ role: "edge", id: "principles-persistence-clean-session-50" },
		spoil: ({ connections }) => {
			for (const connection of connections) connection.sessionExpiryS = 4_294_967_295;
		},
	},
	{
		title: "8. a command carries bdSeq",
		...{ role: "host", id: "payloads-alias-data-cmd-requirement" },
		spoil: (capture) => {
			const [command] = said(capture, "NCMD");
			command?.payload?.metrics?.push({ name: "bdSeq", datatype: 4, long_value: "0" });
		},
	},
	{
		title: "9. data that was queued while offline goes out before the birth",
		...{ role: "edge", id: "principles-birth-certificates-order" },
		spoil: (capture) => {
			const [queued] = said(capture, "DDATA");
			for (const { said: messages } of capture.connections)
				if (messages.length > 0 && queued !== undefined) messages.unshift({ ...queued, order: 0 });
		},
	},
	{
		title: "10. STATE of version 2.2",
		...{ role: "host", id: "host-topic-phid-birth-topic" },
		spoil: (capture) => {
			for (const message of online(capture)) message.topic = message.topic.slice("spBv1.0/".length);
		},
	},
	{
		title: "10. the host's birth has another time than its will",
		...{ role: "host", id: "host-topic-phid-birth-payload-timestamp" },
		spoil: (capture) => {
			for (const message of online(capture)) message.state = { online: true, timestamp: message.atMs + 7 };
		},
	},
	{
		title: "10. the host leaves its own late will standing",
		...{ role: "host", id: "message-flow-hid-sparkplug-state-message-delivered" },
		spoil: ({ connections }) => {
			for (const connection of connections) connection.said.splice(1);
		},
	},
	{
		title: "11. bdSeq jumps",
		...{ role: "edge", id: "topics-nbirth-bdseq-increment" },
		spoil: (capture) => {
			for (const [index, will] of wills(capture).entries())
				Object.assign(metric(will, "bdSeq") ?? {}, { long_value: String(index * 2) });
		},
	},
	{
		title: "13. a metric is first seen in data",
		...{ role: "edge", id: "topics-dbirth-metric-reqs" },
		spoil: (capture) => {
			firstMetric(capture, "DDATA").alias = "777777";
		},
	},
	{
		title: "13. a birth has a metric without a data type",
		...{ role: "edge", id: "payloads-metric-datatype-req" },
		spoil: (capture) => delete firstMetric(capture, "DBIRTH").datatype,
	},
	{
		title: "13. a null is sent as a value",
		...{ role: "edge", id: "operational-behavior-data-publish-dbirth-values" },
		spoil: (capture) => {
			const isNull = ({ is_null }: Metric): boolean => is_null === true;
			for (const one of said(capture, "DBIRTH").flatMap(metricsOf).filter(isNull)) one.double_value = 0;
		},
	},
	{
		title: "13. a quality is none of 0, 192 and 500",
		...{ role: "edge", id: "payloads-propertyset-quality-value-value" },
		spoil: (capture) => {
			for (const { properties } of said(capture, "DDATA").flatMap(metricsOf))
				for (const value of properties?.values ?? []) if (value.type === 3) value.int_value = 64;
		},
	},
];
