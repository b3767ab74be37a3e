// What an edge node does with its MQTT connection: CONNECT, will, subscriptions, primary host, servers, and its end.

import {
	type Capture,
	type Check,
	type Connection,
	each,
	type Message,
	metric,
	metricsOf,
} from "./capture.ts";

export const edge = { group: "site", node: "agent", host: "collector" } as const;
const nodeTopic = (type: string) => `spBv1.0/${edge.group}/${type}/${edge.node}`;
const hostTopic = `spBv1.0/STATE/${edge.host}`;

const wills = ({ connections }: Capture): Message[] => connections.flatMap(({ will }) => will ?? []);
const withBirth = ({ connections }: Capture): Connection[] =>
	connections.filter(({ said }) => said.some(({ type }) => type === "NBIRTH"));
const birthOf = ({ said }: Connection): Message | undefined => said.find(({ type }) => type === "NBIRTH");
const bdSeq = (message: Message | undefined): number => Number(metric(message, "bdSeq")?.long_value ?? -1);
const firstBorn = (capture: Capture): Connection => {
	const [found] = withBirth(capture);
	if (found === undefined) throw new Error("expected a connection with a birth");
	return found;
};
const spoilWill = (capture: Capture, change: (will: Message) => void) => {
	for (const will of wills(capture).slice(0, 1)) change(will);
};

/** The STATE of the primary host that counted before a moment: its times never go back. */
function stateBefore(
	{ heard }: Connection,
	order: number,
): { online: boolean; timestamp: number } | undefined {
	let known: { online: boolean; timestamp: number } | undefined;
	for (const { topic, state, order: at } of heard) {
		if (topic !== hostTopic || at > order) continue;
		const timestamp = Number(state?.timestamp);
		if (known === undefined || timestamp >= known.timestamp)
			known = { online: state?.online === true, timestamp };
	}
	return known;
}

/** Messages by which the primary host is validly offline while this connection stands. */
function offlines(connection: Connection): Message[] {
	return connection.heard.filter(
		(message) =>
			message.topic === hostTopic &&
			message.state?.online === false &&
			Number(message.state.timestamp) >= (stateBefore(connection, message.order - 1)?.timestamp ?? 0),
	);
}

/** Offline messages that are late, because a later session of the host has spoken. */
const lateOfflines = (connection: Connection): Message[] =>
	connection.heard.filter(
		(message) =>
			message.topic === hostTopic &&
			message.state?.online === false &&
			Number(message.state.timestamp) < (stateBefore(connection, message.order - 1)?.timestamp ?? 0),
	);

const leftOnPurpose = ({ connections }: Capture): Connection[] =>
	connections.filter(
		(connection) => birthOf(connection) !== undefined && connection.disconnect !== undefined,
	);

const endsWithDeath = ({ said, disconnect }: Connection): boolean =>
	said.filter(({ order }) => order < (disconnect?.order ?? Number.POSITIVE_INFINITY)).at(-1)?.type ===
	"NDEATH";

export const edgeConnectionChecks: readonly Check[] = [
	{
		ids: ["principles-persistence-clean-session-311"],
		protocol: "3.1.1",
		look: ({ connections }) => each(connections, ({ clean }) => clean),
		spoil: ({ connections }) => Object.assign(connections[0] ?? {}, { clean: false }),
	},
	{
		ids: ["principles-persistence-clean-session-50"],
		protocol: "5.0",
		look: ({ connections }) =>
			each(connections, ({ clean, sessionExpiryS = 0 }) => clean && sessionExpiryS === 0),
		spoil: ({ connections }) => Object.assign(connections[0] ?? {}, { sessionExpiryS: 60 }),
	},
	{
		ids: ["message-flow-edge-node-birth-publish-will-message", "payloads-ndeath-will-message"],
		look: ({ connections }) => each(connections, ({ will }) => will !== undefined),
		spoil: ({ connections }) => delete connections[0]?.will,
	},
	{
		ids: ["message-flow-edge-node-birth-publish-will-message-topic", "topics-ndeath-topic"],
		look: (capture) => each(wills(capture), ({ topic }) => topic === nodeTopic("NDEATH")),
		spoil: (capture) =>
			spoilWill(capture, (will) => {
				will.topic = "spBv1.0/site/NDEATH/another";
			}),
	},
	{
		ids: ["message-flow-edge-node-birth-publish-will-message-payload"],
		look: (capture) => each(wills(capture), ({ payload }) => payload !== undefined),
		spoil: (capture) => spoilWill(capture, (will) => delete will.payload),
	},
	{
		ids: ["message-flow-edge-node-birth-publish-will-message-payload-bdSeq", "topics-nbirth-bdseq-increment"],
		look: (capture) => {
			const all = wills(capture);
			return each(
				all.map((will, index) => ({ will, index })),
				({ will, index }) =>
					metric(will, "bdSeq")?.datatype === 4 &&
					bdSeq(will) === (index === 0 ? 0 : (bdSeq(all[index - 1]) + 1) % 256),
			);
		},
		spoil: (capture) =>
			spoilWill(capture, (will) => Object.assign(metric(will, "bdSeq") ?? {}, { long_value: "7" })),
	},
	{
		ids: ["message-flow-edge-node-birth-publish-will-message-qos", "payloads-ndeath-will-message-qos"],
		look: (capture) => each(wills(capture), ({ qos }) => qos === 1),
		spoil: (capture) =>
			spoilWill(capture, (will) => {
				will.qos = 0;
			}),
	},
	{
		ids: [
			"message-flow-edge-node-birth-publish-will-message-will-retained",
			"payloads-ndeath-will-message-retain",
		],
		look: (capture) => each(wills(capture), ({ retain }) => !retain),
		spoil: (capture) =>
			spoilWill(capture, (will) => {
				will.retain = true;
			}),
	},
	{
		ids: ["message-flow-edge-node-birth-publish-connect"],
		look: (capture) =>
			each(
				withBirth(capture),
				(connection) =>
					(connection.acceptedOrder ?? Number.POSITIVE_INFINITY) < (birthOf(connection)?.order ?? 0),
			),
		spoil: (capture) => delete firstBorn(capture).acceptedOrder,
	},
	{
		ids: ["message-flow-edge-node-ncmd-subscribe"],
		look: (capture) =>
			each(withBirth(capture), (connection) =>
				connection.subscriptions.some(
					({ filter, qos, order }) =>
						filter === nodeTopic("NCMD") && qos === 1 && order < (birthOf(connection)?.order ?? 0),
				),
			),
		spoil: (capture) => {
			for (const subscription of firstBorn(capture).subscriptions) subscription.qos = 0;
		},
	},
	{
		ids: ["operational-behavior-primary-application-state-with-multiple-servers-state-subs"],
		look: (capture) =>
			each(withBirth(capture), ({ subscriptions }) =>
				subscriptions.some(({ filter, qos }) => filter === hostTopic && qos === 1),
			),
		spoil: (capture) => {
			firstBorn(capture).subscriptions.length = 0;
		},
	},
	{
		ids: ["principles-birth-certificates-order"],
		look: ({ connections }) =>
			each(
				connections.filter(({ said }) => said.length > 0),
				({ said }) => said[0]?.type === "NBIRTH",
			),
		spoil: (capture) => firstBorn(capture).said.shift(),
	},
	{
		ids: [
			"message-flow-edge-node-birth-publish-phid-wait",
			"message-flow-edge-node-birth-publish-phid-wait-id",
			"message-flow-edge-node-birth-publish-phid-wait-online",
			"message-flow-edge-node-birth-publish-phid-wait-timestamp",
			"operational-behavior-edge-node-birth-sequence-wait",
		],
		look: (capture) =>
			each(
				withBirth(capture),
				(connection) => stateBefore(connection, birthOf(connection)?.order ?? 0)?.online === true,
			),
		spoil: (capture) => {
			for (const message of firstBorn(capture).heard)
				if (message.topic === hostTopic) message.state = { online: false, timestamp: 1 };
		},
	},
	{
		ids: [
			"message-flow-edge-node-birth-publish-phid-offline",
			"operational-behavior-edge-node-termination-host-offline",
			"operational-behavior-primary-application-state-with-multiple-servers-walk",
		],
		look: (capture) =>
			each(
				withBirth(capture).flatMap((connection) =>
					offlines(connection).map((offline) => ({ connection, offline })),
				),
				({ connection, offline }) => {
					const after = connection.said.filter(({ order }) => order > offline.order);
					return after.at(-1)?.type === "NDEATH" && (connection.disconnect?.order ?? 0) > offline.order;
				},
			),
		spoil: (capture) => {
			for (const connection of withBirth(capture))
				if (offlines(connection).length > 0) delete connection.disconnect;
		},
	},
	{
		ids: ["operational-behavior-edge-node-termination-host-offline-reconnect"],
		look: (capture) =>
			each(
				capture.connections.filter((connection) => offlines(connection).length > 0),
				(connection) =>
					capture.connections[capture.connections.indexOf(connection) + 1]?.server !== connection.server,
			),
		spoil: ({ connections }) => {
			for (const connection of connections) connection.server = 0;
		},
	},
	{
		ids: ["operational-behavior-edge-node-termination-host-offline-timestamp"],
		look: (capture) =>
			each(
				capture.connections.flatMap((connection) =>
					lateOfflines(connection).map((offline) => ({ connection, offline })),
				),
				({ connection, offline }) =>
					connection.said.some(({ type, order }) => order > offline.order && type === "DDATA"),
			),
		spoil: ({ connections }) => {
			for (const connection of connections) {
				const [late] = lateOfflines(connection);
				if (late !== undefined) connection.said = connection.said.filter(({ order }) => order < late.order);
			}
		},
	},
	{
		ids: ["operational-behavior-primary-application-state-with-multiple-servers-single-server"],
		look: ({ connections }) =>
			each(
				connections.slice(1),
				(connection) =>
					(connections[connections.indexOf(connection) - 1]?.closedOrder ?? Number.POSITIVE_INFINITY) <
					connection.order,
			),
		spoil: ({ connections }) => delete connections[0]?.closedOrder,
	},
	{
		ids: [
			"operational-behavior-edge-node-intentional-disconnect-ndeath",
			"operational-behavior-edge-node-intentional-disconnect-packet",
			"payloads-ndeath-will-message-publisher",
		],
		look: (capture) => each(leftOnPurpose(capture), endsWithDeath),
		spoil: (capture) => leftOnPurpose(capture)[0]?.said.pop(),
	},
	{
		ids: ["payloads-ndeath-will-message-publisher-disconnect-mqtt311"],
		protocol: "3.1.1",
		look: (capture) => each(leftOnPurpose(capture), endsWithDeath),
		spoil: (capture) => leftOnPurpose(capture)[0]?.said.pop(),
	},
	{
		ids: ["payloads-ndeath-will-message-publisher-disconnect-mqtt50"],
		protocol: "5.0",
		look: (capture) => each(leftOnPurpose(capture), ({ disconnect }) => disconnect?.reason === 4),
		spoil: (capture) => Object.assign(leftOnPurpose(capture)[0]?.disconnect ?? {}, { reason: 0 }),
	},
	{
		ids: ["payloads-ndeath-bdseq", "payloads-nbirth-bdseq-repeat", "topics-nbirth-bdseq-matching"],
		look: (capture) =>
			each(
				capture.connections.flatMap((connection) =>
					connection.said
						.filter(({ type }) => type === "NBIRTH" || type === "NDEATH")
						.map((message) => ({ message, will: connection.will })),
				),
				({ message, will }) => bdSeq(message) === bdSeq(will),
			),
		spoil: (capture) =>
			Object.assign(metric(birthOf(firstBorn(capture)), "bdSeq") ?? {}, { long_value: "99" }),
	},
	{
		ids: ["topics-ndeath-payload"],
		look: (capture) =>
			each(
				deaths(capture),
				(death) => metricsOf(death).length === 1 && metricsOf(death)[0]?.name === "bdSeq",
			),
		spoil: (capture) => metricsOf(deaths(capture)[0]).push({ name: "more" }),
	},
	{
		ids: ["topics-ndeath-seq", "payloads-ndeath-seq"],
		look: (capture) =>
			each(deaths(capture), ({ payload }) => payload !== undefined && payload.seq === undefined),
		spoil: (capture) => Object.assign(deaths(capture)[0]?.payload ?? {}, { seq: "3" }),
	},
];

function deaths(capture: Capture): Message[] {
	return [
		...wills(capture),
		...capture.connections.flatMap(({ said }) => said.filter(({ type }) => type === "NDEATH")),
	];
}
