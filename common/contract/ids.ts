declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** A Sparkplug group: one site. */
export type GroupId = Branded<string, "GroupId">;
/** A Sparkplug edge node: one agent. */
export type EdgeNodeId = Branded<string, "EdgeNodeId">;
/** A Sparkplug device: one unit of the plant. The empty id is the edge node itself. */
export type DeviceId = Branded<string, "DeviceId">;
/** A Sparkplug host application: one collector. */
export type HostId = Branded<string, "HostId">;
/** One opening of a journal: a random integer from 1 to 2^53 − 1. */
export type Epoch = Branded<number, "Epoch">;
/** A record's place in its epoch, counted from 1. */
export type Offset = Branded<number, "Offset">;

/** The device id of records that belong to the edge node as a whole. */
export const nodeDevice = "" as DeviceId;

/** Ids become topic levels, so they cannot hold `+`, `/` or `#` [tck-id-topic-structure-namespace-valid-group-id]. */
const topicLevelPattern = /^[^+/#\p{Cc}]{1,128}$/u;

export function isTopicLevel(text: string): boolean {
	return topicLevelPattern.test(text);
}

export function isEpoch(value: number): value is Epoch {
	return Number.isSafeInteger(value) && value >= 1;
}

export function isOffset(value: number): value is Offset {
	return Number.isSafeInteger(value) && value >= 1;
}
