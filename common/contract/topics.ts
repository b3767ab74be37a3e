import {
	type DeviceId,
	type EdgeNodeId,
	type GroupId,
	type HostId,
	isTopicLevel,
	nodeDevice,
} from "./ids.ts";

/** Sparkplug B message types of edge nodes and devices [tck-id-topic-structure-namespace-a]. */
export const nodeMessageTypes = ["NBIRTH", "NDATA", "NDEATH", "NCMD"] as const;
export const deviceMessageTypes = ["DBIRTH", "DDATA", "DDEATH", "DCMD"] as const;
export type MessageType = (typeof nodeMessageTypes)[number] | (typeof deviceMessageTypes)[number];

const namespace = "spBv1.0";
const types: ReadonlySet<string> = new Set([...nodeMessageTypes, ...deviceMessageTypes]);

export interface NodeTopic {
	readonly kind: "node";
	readonly group: GroupId;
	readonly type: MessageType;
	readonly edgeNode: EdgeNodeId;
	/** Empty for N… messages. */
	readonly device: DeviceId;
}

export interface StateTopic {
	readonly kind: "state";
	readonly host: HostId;
}

/** `spBv1.0/<group>/<type>/<edge node>[/<device>]`. */
export function nodeTopic(
	group: GroupId,
	type: MessageType,
	edgeNode: EdgeNodeId,
	device: DeviceId = nodeDevice,
): string {
	const base = `${namespace}/${group}/${type}/${edgeNode}`;
	return device === nodeDevice ? base : `${base}/${device}`;
}

/** `spBv1.0/STATE/<host>` [tck-id-host-topic-phid-birth-topic]. */
export function stateTopic(host: HostId): string {
	return `${namespace}/STATE/${host}`;
}

/** Everything of one group. */
export function groupFilter(group: GroupId): string {
	return `${namespace}/${group}/#`;
}

/** Takes a topic apart, or returns undefined for one that Sparkplug B does not have. */
export function parseTopic(topic: string): NodeTopic | StateTopic | undefined {
	const levels = topic.split("/");
	if (levels[0] !== namespace || levels.length < 3 || levels.length > 5) return undefined;
	if (!levels.every((level) => isTopicLevel(level))) return undefined;
	if (levels[1] === "STATE")
		return levels.length === 3 ? { kind: "state", host: levels[2] as HostId } : undefined;
	const [, group, type, edgeNode, device] = levels;
	if (type === undefined || !types.has(type) || edgeNode === undefined) return undefined;
	const isDevice = type.startsWith("D");
	// A device id is there exactly for D… messages [tck-id-topic-structure-namespace-device-id-associated-message-types].
	if (isDevice !== (device !== undefined)) return undefined;
	return {
		kind: "node",
		group: group as GroupId,
		type: type as MessageType,
		edgeNode: edgeNode as EdgeNodeId,
		device: (device ?? nodeDevice) as DeviceId,
	};
}
