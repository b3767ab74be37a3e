// What a host application does with its connections: will and STATE.

import { type Capture, type Check, type Connection, each, type Message, said } from "./capture.ts";

export const stateTopic = "spBv1.0/STATE/pilotline";
export const clockMs = 5_000;

const wills = ({ connections }: Capture): Message[] => connections.flatMap(({ will }) => will ?? []);
const states = (capture: Capture): Message[] => said(capture, "STATE");
const isOnline = ({ state }: Message): boolean => state?.online === true;
const births = (capture: Capture): { connection: Connection; birth: Message | undefined }[] =>
	capture.connections.map((connection) => ({
		connection,
		birth: connection.said.find(({ type }) => type === "STATE"),
	}));
/** Deaths that the host published itself. */
const deaths = (capture: Capture): Message[] => states(capture).filter((message) => !isOnline(message));
const isState = ({ state }: Message, online: boolean): boolean =>
	state !== undefined &&
	state.online === online &&
	Number.isInteger(state.timestamp) &&
	Object.keys(state).length === 2;
const changeBirth = (capture: Capture, change: (birth: Message) => void): void => {
	const birth = births(capture)[0]?.birth;
	if (birth !== undefined) change(birth);
};
const changeWill = (capture: Capture, change: (will: Message) => void): void => {
	for (const will of wills(capture).slice(0, 1)) change(will);
};

const willChecks: readonly Check[] = [
	{
		ids: ["message-flow-phid-sparkplug-clean-session-311"],
		protocol: "3.1.1",
		look: ({ connections }) => each(connections, ({ clean }) => clean),
		spoil: ({ connections }) => Object.assign(connections[0] ?? {}, { clean: false }),
	},
	{
		ids: ["message-flow-phid-sparkplug-clean-session-50"],
		protocol: "5.0",
		look: ({ connections }) =>
			each(connections, ({ clean, sessionExpiryS = 0 }) => clean && sessionExpiryS === 0),
		spoil: ({ connections }) => Object.assign(connections[0] ?? {}, { sessionExpiryS: 60 }),
	},
	{
		ids: [
			"host-topic-phid-death-required",
			"operational-behavior-host-application-connect-will",
			"payloads-state-will-message",
		],
		look: ({ connections }) => each(connections, ({ will }) => will?.topic === stateTopic),
		spoil: ({ connections }) => delete connections[0]?.will,
	},
	{
		ids: ["operational-behavior-host-application-connect-will-topic"],
		look: (capture) => each(wills(capture), ({ topic }) => topic === stateTopic),
		spoil: (capture) =>
			changeWill(capture, (will) => {
				will.topic = "STATE/pilotline";
			}),
	},
	{
		ids: ["operational-behavior-host-application-connect-will-qos", "payloads-state-will-message-qos"],
		look: (capture) => each(wills(capture), ({ qos }) => qos === 1),
		spoil: (capture) =>
			changeWill(capture, (will) => {
				will.qos = 0;
			}),
	},
	{
		ids: [
			"operational-behavior-host-application-connect-will-retained",
			"payloads-state-will-message-retain",
		],
		look: (capture) => each(wills(capture), ({ retain }) => retain),
		spoil: (capture) =>
			changeWill(capture, (will) => {
				will.retain = false;
			}),
	},
	{
		ids: [
			"operational-behavior-host-application-connect-will-payload",
			"payloads-state-will-message-payload",
			"host-topic-phid-death-payload-timestamp-connect",
			"operational-behavior-host-application-death-payload",
		],
		look: (capture) =>
			each(
				wills(capture),
				(will) => isState(will, false) && Math.abs(will.atMs - Number(will.state?.timestamp)) < clockMs,
			),
		spoil: (capture) =>
			changeWill(capture, (will) => {
				will.state = { online: false, timestamp: "now" };
			}),
	},
];

const stateChecks: readonly Check[] = [
	{
		ids: [
			"host-topic-phid-birth-message",
			"principles-birth-certificates-order",
			"intro-sparkplug-host-state",
			"conformance-primary-host",
			"operational-behavior-primary-application-state-with-multiple-servers-state",
			"operational-behavior-primary-application-state-with-multiple-servers-state-subs",
			"operational-behavior-host-application-connect-birth",
			"message-flow-phid-sparkplug-state-publish",
		],
		look: ({ connections }) =>
			each(connections, (connection) => {
				const [message] = connection.said;
				return message?.type === "STATE" && isOnline(message);
			}),
		spoil: ({ connections }) => connections[0]?.said.shift(),
	},
	{
		ids: ["host-topic-phid-birth-topic", "operational-behavior-host-application-connect-birth-topic"],
		look: (capture) => each(births(capture), ({ birth }) => birth?.topic === stateTopic),
		spoil: (capture) =>
			changeBirth(capture, (birth) => {
				birth.topic = "STATE/pilotline";
			}),
	},
	{
		ids: [
			"host-topic-phid-birth-qos",
			"host-topic-phid-birth-retain",
			"payloads-state-birth",
			"operational-behavior-host-application-connect-birth-qos",
			"operational-behavior-host-application-connect-birth-retained",
		],
		look: (capture) =>
			each(
				births(capture),
				({ connection, birth }) =>
					birth?.qos === 1 &&
					birth.retain &&
					connection.subscriptions.some(({ filter, order }) => filter === stateTopic && order < birth.order),
			),
		spoil: (capture) =>
			changeBirth(capture, (birth) => {
				birth.retain = false;
			}),
	},
	{
		ids: [
			"host-topic-phid-birth-sub-required",
			"host-topic-phid-birth-required",
			"message-flow-phid-sparkplug-subscription",
			"payloads-state-subscribe",
		],
		look: (capture) =>
			each(births(capture), ({ connection: { subscriptions, acceptedOrder = 0 }, birth }) => {
				const before = subscriptions.filter(
					({ order }) => order < (birth?.order ?? 0) && order > acceptedOrder,
				);
				return (
					before.some(({ filter, qos }) => filter === stateTopic && qos === 1) &&
					before.some(({ filter }) => filter === "spBv1.0/pilot/#")
				);
			}),
		spoil: ({ connections }) => {
			if (connections[0] !== undefined) connections[0].subscriptions.length = 1;
		},
	},
	{
		ids: [
			"host-topic-phid-birth-payload",
			"host-topic-phid-birth-payload-timestamp",
			"message-flow-phid-sparkplug-state-publish-payload",
			"message-flow-phid-sparkplug-state-publish-payload-timestamp",
			"operational-behavior-host-application-connect-birth-payload",
			"payloads-state-birth-payload",
		],
		look: (capture) =>
			each(
				capture.connections.flatMap(({ said: messages, will }) =>
					messages.filter(isOnline).map((message) => ({ message, will })),
				),
				({ message, will }) => isState(message, true) && message.state?.timestamp === will?.state?.timestamp,
			),
		spoil: (capture) =>
			changeBirth(capture, (birth) => {
				birth.state = { ...birth.state, timestamp: Number(birth.state?.timestamp) + 1 };
			}),
	},
	{
		ids: ["message-flow-hid-sparkplug-state-message-delivered", "components-ph-state"],
		look: ({ connections }) =>
			each(
				connections.flatMap((connection) =>
					connection.heard
						.filter(({ topic, state, retain }) => topic === stateTopic && state?.online === false && !retain)
						.filter(({ order }) => order < (ownDeath(connection)?.order ?? Number.POSITIVE_INFINITY))
						.map((offline) => ({ connection, offline })),
				),
				({ connection, offline }) => {
					const answer = connection.said.find(
						(message) => message.order > offline.order && message.atMs - offline.atMs < 1_000,
					);
					return (
						answer !== undefined &&
						isOnline(answer) &&
						answer.state?.timestamp === connection.will?.state?.timestamp
					);
				},
			),
		spoil: ({ connections }) => {
			for (const connection of connections) connection.said.splice(1);
		},
	},
	{
		ids: [
			"host-topic-phid-death-qos",
			"host-topic-phid-death-retain",
			"operational-behavior-host-application-death-qos",
			"operational-behavior-host-application-death-retained",
		],
		look: (capture) =>
			each([...wills(capture), ...deaths(capture)], ({ qos, retain }) => qos === 1 && retain),
		spoil: (capture) => Object.assign(deaths(capture)[0] ?? {}, { retain: false }),
	},
	{
		ids: ["host-topic-phid-death-topic", "operational-behavior-host-application-death-topic"],
		look: (capture) => each([...wills(capture), ...deaths(capture)], ({ topic }) => topic === stateTopic),
		spoil: (capture) => Object.assign(deaths(capture)[0] ?? {}, { topic: "spBv1.0/STATE/another" }),
	},
	{
		ids: [
			"host-topic-phid-death-payload",
			"host-topic-phid-death-payload-timestamp-disconnect-clean",
			"host-topic-phid-death-payload-timestamp-disconnect-with-no-disconnect-packet",
			"operational-behavior-host-application-termination",
			"operational-behavior-host-application-disconnect-intentional",
		],
		look: ({ connections }) =>
			each(
				connections.filter(({ disconnect }) => disconnect !== undefined),
				({ said: messages, disconnect }) => {
					const last = messages.filter(({ order }) => order < (disconnect?.order ?? 0)).at(-1);
					return (
						last !== undefined &&
						isState(last, false) &&
						Math.abs(last.atMs - Number(last.state?.timestamp)) < 1_000
					);
				},
			),
		spoil: ({ connections }) => connections.find(({ disconnect }) => disconnect !== undefined)?.said.pop(),
	},
	{
		ids: ["operational-behavior-host-application-multi-server-timestamp"],
		look: ({ connections }) => {
			const [first, ...rest] = connections.filter(({ server }) => server === 0);
			const other = connections.filter(({ server }) => server === 1);
			const times = new Set(
				other.flatMap(({ said: messages }) => messages.filter(isOnline)).map(({ state }) => state?.timestamp),
			);
			const isNew = rest.every(({ will }) => will?.state?.timestamp !== first?.will?.state?.timestamp);
			return each([0], () => rest.length > 0 && isNew && other.length === 1 && times.size === 1);
		},
		spoil: ({ connections }) => {
			for (const { server, said: messages } of connections)
				if (server === 1)
					messages.push({ ...(messages[0] as Message), state: { online: true, timestamp: 1 } });
		},
	},
];

const ownDeath = ({ said: messages }: Connection): Message | undefined =>
	messages.find((message) => message.type === "STATE" && !isOnline(message));

export const hostChecks: readonly Check[] = [...willChecks, ...stateChecks];
