// The order in which an edge node says what it says.

import { type Capture, type Check, each, first, type Message, metric, said } from "./capture.ts";

const data = ["NDATA", "DDATA"] as const;
export const devices = ["F500", "M300"];

/** Every birth with what follows it up to the next one. */
export function sessions(capture: Capture): { birth: Message; after: Message[] }[] {
	return capture.connections.flatMap((connection) => {
		const found: { birth: Message; after: Message[] }[] = [];
		for (const message of connection.said) {
			if (message.type === "NBIRTH") found.push({ birth: message, after: [] });
			else found.at(-1)?.after.push(message);
		}
		return found;
	});
}

/** For each birth the devices that were born before the first data message. */
export const bornBeforeData = (after: readonly Message[]): string[] => {
	const firstData = after.findIndex(({ type }) => type === "NDATA" || type === "DDATA");
	return after.slice(0, firstData === -1 ? after.length : firstData).map(({ device: name }) => name);
};

const allDevicesFirst = ({ after }: { after: readonly Message[] }): boolean =>
	devices.every((name) => bornBeforeData(after).includes(name));

const moveBirthBack = (capture: Capture, type: "NDATA" | "DDATA") => {
	const [connection] = capture.connections.filter(({ said: messages }) => messages.length > 0);
	const moved = first(capture, type);
	if (connection === undefined) return;
	connection.said = [moved, ...connection.said.filter((message) => message !== moved)];
	moved.order = 0;
};

export const edgeOrderChecks: readonly Check[] = [
	{
		ids: ["message-flow-device-birth-publish-nbirth-wait"],
		look: ({ connections }) =>
			each(
				connections.filter(({ said: messages }) => messages.some(({ type }) => type === "DBIRTH")),
				({ said: messages }) =>
					messages.findIndex(({ type }) => type === "NBIRTH") ===
					messages.findIndex(({ type }) => type === "DBIRTH" || type === "NBIRTH"),
			),
		spoil: ({ connections }) => {
			for (const connection of connections)
				connection.said = connection.said.filter(({ type }) => type !== "NBIRTH");
		},
	},
	{
		ids: ["payloads-dbirth-order"],
		look: (capture) => each(sessions(capture), allDevicesFirst, ({ birth }) => `birth ${birth.order}`),
		spoil: (capture) => {
			for (const connection of capture.connections)
				connection.said = connection.said.filter(({ type }) => type !== "DBIRTH");
		},
	},
	...data.map(
		(type): Check => ({
			ids: [`payloads-${type.toLowerCase()}-order`],
			look: (capture) => {
				const looked = each(sessions(capture), allDevicesFirst, ({ birth }) => `birth ${birth.order}`);
				const early = capture.connections.filter(
					({ said: messages }) => messages.length > 0 && messages[0]?.type === type,
				);
				return {
					seen: said(capture, type).length,
					wrong: [...looked.wrong, ...early.map(() => `${type} before every birth`)],
				};
			},
			spoil: (capture) => moveBirthBack(capture, type),
		}),
	),
	{
		ids: ["operational-behavior-data-commands-rebirth-action-1"],
		look: (capture) => each(rebirths(capture), ({ between }) => between.every(({ type }) => !isData(type))),
		spoil: (capture) => {
			for (const connection of capture.connections) {
				const request = connection.heard.find(isRebirth);
				if (request === undefined) continue;
				const late = { ...first(capture, "DDATA"), order: request.order + 0.5, atMs: request.atMs + 300 };
				connection.said = [...connection.said, late].sort((a, b) => a.order - b.order);
			}
		},
	},
	{
		ids: ["operational-behavior-data-commands-rebirth-action-2"],
		look: (capture) =>
			each(
				rebirths(capture),
				({ birth, between, after }) =>
					birth !== undefined &&
					between.every(({ type }) => type !== "NDEATH") &&
					devices.every((name) => bornBeforeData(after).includes(name)),
			),
		spoil: (capture) => {
			for (const connection of capture.connections)
				if (connection.heard.some(isRebirth))
					connection.said = connection.said.filter(({ type }) => type !== "DBIRTH");
		},
	},
	{
		ids: ["operational-behavior-data-commands-rebirth-action-3"],
		look: (capture) =>
			each(
				rebirths(capture),
				({ birth, will }) =>
					metric(birth, "bdSeq")?.long_value !== undefined &&
					metric(birth, "bdSeq")?.long_value === metric(will, "bdSeq")?.long_value,
			),
		spoil: (capture) => {
			for (const { birth } of rebirths(capture))
				Object.assign(metric(birth, "bdSeq") ?? {}, { long_value: "200" });
		},
	},
	{
		ids: ["operational-behavior-device-ddeath"],
		look: (capture) =>
			each(
				capture.connections.flatMap(({ said: messages }) =>
					messages
						.filter(({ type }) => type === "DDEATH")
						.map((death) =>
							messages.find((next) => next.device === death.device && next.order > death.order),
						),
				),
				(next) => next === undefined || next.type === "DBIRTH",
			),
		spoil: (capture) => {
			for (const { said: messages } of capture.connections) {
				const death = messages.find(({ type }) => type === "DDEATH");
				if (death !== undefined)
					messages.splice(messages.indexOf(death) + 1, 0, {
						...death,
						type: "DDATA",
						order: death.order + 0.5,
					});
			}
		},
	},
];

const isData = (type: string): boolean => (data as readonly string[]).includes(type);
const isRebirth = (message: Message): boolean =>
	metric(message, "Node Control/Rebirth")?.boolean_value === true;
/** What was on its way already when the request came. */
const onItsWayMs = 250;

/** Each request for a rebirth, with what the edge node said from then on. */
function rebirths(capture: Capture) {
	return capture.connections.flatMap(({ heard, said: messages, will }) =>
		heard.filter(isRebirth).map((request) => {
			const later = messages.filter(
				({ order: at, atMs, type }) =>
					at > request.order && (type === "NBIRTH" || atMs - request.atMs > onItsWayMs || !isData(type)),
			);
			const at = later.findIndex(({ type }) => type === "NBIRTH");
			return {
				will,
				birth: later[at],
				between: later.slice(0, at === -1 ? later.length : at),
				after: at === -1 ? [] : later.slice(at + 1),
			};
		}),
	);
}
