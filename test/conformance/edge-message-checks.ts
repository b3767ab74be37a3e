// The messages of an edge node: topics, QoS, retain, times, sequence.

import { type Capture, type Check, each, first, type Message, said } from "./capture.ts";
import { edge } from "./edge-connection-checks.ts";
import { bornBeforeData, devices, sessions } from "./edge-order-checks.ts";

const node = ["NBIRTH", "NDATA", "NDEATH"] as const;
const device = ["DBIRTH", "DDATA", "DDEATH"] as const;
const births = ["NBIRTH", "DBIRTH"] as const;
const _data = ["NDATA", "DDATA"] as const;
const numbered = ["NBIRTH", "DBIRTH", "NDATA", "DDATA", "DDEATH"] as const;
/** Clocks are the same on this machine; what waits for its turn on a busy one is not late. */
const sendingMs = 5_000;

const isOwnTopic = ({ topic, type }: Message): boolean => {
	const [namespace, group, kind, name, unit, ...more] = topic.split("/");
	return (
		namespace === "spBv1.0" &&
		group === edge.group &&
		kind === type &&
		name === edge.node &&
		more.length === 0 &&
		(type.startsWith("D") ? devices.includes(unit ?? "") : unit === undefined)
	);
};

const isSentNow = ({ payload, atMs }: Message): boolean =>
	Math.abs(atMs - Number(payload?.timestamp ?? Number.NaN)) < sendingMs;

const all = (capture: Capture): Message[] => said(capture, ...node, ...device);

/** A message and what its edge node numbered before it in the same connection. */
function steps(capture: Capture): { message: Message; before: number | undefined }[] {
	return capture.connections.flatMap((connection) => {
		let before: number | undefined;
		return connection.said
			.filter(({ type }) => (numbered as readonly string[]).includes(type))
			.map((message) => {
				const step = { message, before: message.type === "NBIRTH" ? undefined : before };
				before = Number(message.payload?.seq);
				return step;
			});
	});
}

const follows = ({ message, before }: { message: Message; before: number | undefined }): boolean =>
	Number(message.payload?.seq) === (message.type === "NBIRTH" ? 0 : ((before ?? Number.NaN) + 1) % 256);

const perType: readonly Check[] = [...node, ...device].flatMap((type): Check[] => {
	const lower = type.toLowerCase();
	const own: Check[] = [];
	if (type !== "NDEATH") {
		own.push(
			{
				ids: [
					`topics-${lower}-topic`,
					...(type === "NBIRTH" ? ["message-flow-edge-node-birth-publish-nbirth-topic"] : []),
					...(type === "DBIRTH"
						? [
								"message-flow-device-birth-publish-dbirth-topic",
								"message-flow-device-birth-publish-dbirth-match-edge-node-topic",
							]
						: []),
				],
				look: (capture) => each(said(capture, type), isOwnTopic, ({ topic }) => topic),
				spoil: (capture) => {
					first(capture, type).topic += "/more";
				},
			},
			{
				ids: [
					`topics-${lower}-mqtt`,
					...(type === "NBIRTH"
						? [
								"message-flow-edge-node-birth-publish-nbirth-qos",
								"message-flow-edge-node-birth-publish-nbirth-retained",
							]
						: []),
					...(type === "DBIRTH"
						? [
								"message-flow-device-birth-publish-dbirth-qos",
								"message-flow-device-birth-publish-dbirth-retained",
							]
						: []),
					...(type === "DDEATH" ? [] : [`payloads-${lower}-qos`, `payloads-${lower}-retain`]),
				],
				look: (capture) => each(said(capture, type), ({ qos, retain }) => qos === 0 && !retain),
				spoil: (capture) => {
					first(capture, type).qos = 1;
				},
			},
			{
				ids: [`payloads-${lower}-timestamp`, ...(type === "DDEATH" ? [] : [`topics-${lower}-timestamp`])],
				look: (capture) => each(said(capture, type), isSentNow),
				spoil: (capture) => delete first(capture, type).payload?.timestamp,
			},
		);
	}
	return own;
});

const seqIds: Readonly<Record<(typeof numbered)[number], readonly string[]>> = {
	NBIRTH: [
		"topics-nbirth-seq-num",
		"payloads-nbirth-seq",
		"payloads-sequence-num-req-nbirth",
		"message-flow-edge-node-birth-publish-nbirth-payload-seq",
	],
	DBIRTH: [
		"topics-dbirth-seq",
		"payloads-dbirth-seq",
		"payloads-dbirth-seq-inc",
		"message-flow-device-birth-publish-dbirth-payload-seq",
	],
	NDATA: ["topics-ndata-seq-num", "payloads-ndata-seq", "payloads-ndata-seq-inc"],
	DDATA: ["topics-ddata-seq-num", "payloads-ddata-seq", "payloads-ddata-seq-inc"],
	DDEATH: [
		"topics-ddeath-seq-num",
		"payloads-ddeath-seq",
		"payloads-ddeath-seq-inc",
		"payloads-ddeath-seq-number",
	],
};

const ofType = (capture: Capture, type: string) =>
	steps(capture).filter(({ message }) => message.type === type);
const tellStep = ({ message, before }: { message: Message; before: number | undefined }): string =>
	`${message.topic} has seq ${message.payload?.seq} after ${before}`;

const sequence: readonly Check[] = [
	...numbered.map(
		(type): Check => ({
			ids: seqIds[type],
			look: (capture) => each(ofType(capture, type), follows, tellStep),
			spoil: (capture) => Object.assign(first(capture, type).payload ?? {}, { seq: "77" }),
		}),
	),
	{
		ids: ["payloads-sequence-num-always-included"],
		look: (capture) => each(said(capture, ...numbered), ({ payload }) => payload?.seq !== undefined),
		spoil: (capture) => delete first(capture, "DDATA").payload?.seq,
	},
	{
		// It must be seen to begin anew.
		ids: ["payloads-sequence-num-incrementing"],
		look: (capture) => {
			const { wrong } = each(steps(capture), follows, tellStep);
			return { seen: steps(capture).filter(({ before }) => before === 255).length, wrong };
		},
		spoil: (capture) => {
			for (const { message, before } of steps(capture))
				if (before === 255) Object.assign(message.payload ?? {}, { seq: "256" });
		},
	},
];

const topics: readonly Check[] = [
	{
		ids: [
			"intro-group-id-string",
			"intro-group-id-chars",
			"intro-edge-node-id-string",
			"intro-edge-node-id-chars",
			"intro-device-id-string",
			"intro-device-id-chars",
			"topic-structure",
			"topic-structure-namespace-a",
			"topic-structure-namespace-valid-group-id",
			"topic-structure-namespace-valid-edge-node-id",
			"topic-structure-namespace-valid-device-id",
			"topic-structure-namespace-device-id-associated-message-types",
			"topic-structure-namespace-device-id-non-associated-message-types",
		],
		look: (capture) => each(all(capture), isOwnTopic, ({ topic }) => topic),
		spoil: (capture) => {
			first(capture, "DDATA").topic = "spBv1.0/si+te/DDATA/agent";
		},
	},
	{
		ids: ["topic-structure-namespace-unique-device-id"],
		look: (capture) =>
			each(sessions(capture), ({ after }) => {
				const born = bornBeforeData(after).filter((name) => name !== "");
				return new Set(born).size === born.length;
			}),
		spoil: (capture) => {
			for (const { after } of sessions(capture))
				for (const message of after) if (message.type === "DBIRTH") message.device = "F500";
		},
	},
	{
		ids: ["case-sensitivity-sparkplug-ids"],
		look: (capture) => {
			const names = [...new Set(all(capture).map(({ device: name }) => name))];
			return each([names], (some) => new Set(some.map((name) => name.toLowerCase())).size === some.length);
		},
		spoil: (capture) => {
			first(capture, "DDATA").device = "f500";
		},
	},
	...births.map(
		(type): Check => ({
			ids: [
				type === "NBIRTH"
					? "message-flow-edge-node-birth-publish-nbirth-payload"
					: "message-flow-device-birth-publish-dbirth-payload",
			],
			look: (capture) => each(said(capture, type), ({ payload }) => payload !== undefined),
			spoil: (capture) => delete first(capture, type).payload,
		}),
	),
];

export const edgeMessageChecks: readonly Check[] = [...perType, ...sequence, ...topics];
