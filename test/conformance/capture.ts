/** A metric as the published schema names its fields; 64-bit integers are decimal text. */
export interface Metric {
	name?: string;
	alias?: string;
	timestamp?: string;
	datatype?: number;
	is_historical?: boolean;
	is_transient?: boolean;
	is_null?: boolean;
	properties?: { keys?: string[]; values?: { type?: unknown; is_null?: boolean; int_value?: number }[] };
	int_value?: number;
	long_value?: string;
	float_value?: number;
	double_value?: number;
	boolean_value?: boolean;
	string_value?: string;
	bytes_value?: number[];
	dataset_value?: object;
	template_value?: object;
}

export interface Payload {
	timestamp?: string;
	seq?: string;
	metrics?: Metric[];
}

/** A message as it passed; `order` counts everything that passed in the whole capture. */
export interface Message {
	order: number;
	/** Wall clock. */
	atMs: number;
	topic: string;
	/** NBIRTH, STATE and so on; empty when the topic is none of Sparkplug's. */
	type: string;
	device: string;
	qos: number;
	retain: boolean;
	/** Undefined for STATE, and for bytes that are not a Sparkplug payload. */
	payload?: Payload;
	/** The JSON of a STATE message. */
	state?: { online?: unknown; timestamp?: unknown };
}

/** One MQTT connection of the party that is looked at, from its CONNECT on. */
export interface Connection {
	/** The index of the server in the list that the party was given. */
	server: number;
	order: number;
	atMs: number;
	protocol: "3.1.1" | "5.0";
	clean: boolean;
	/** MQTT 5.0; absent means 0. */
	sessionExpiryS?: number;
	will?: Message;
	acceptedOrder?: number;
	subscriptions: { order: number; filter: string; qos: number }[];
	said: Message[];
	heard: Message[];
	disconnect?: { order: number; reason: number };
	closedOrder?: number;
}

export interface Capture {
	connections: Connection[];
}

/** What one look at a capture found: how many occasions there were, and each that was wrong, in words. */
export interface Looked {
	seen: number;
	wrong: string[];
}

/** A way to tell whether a capture keeps to clauses of the specification. */
export interface Check {
	/** Clauses, without `tck-id-`. */
	readonly ids: readonly string[];
	/** Clauses of one version of MQTT only. */
	readonly protocol?: "3.1.1" | "5.0";
	/** There is nothing to see, for this reason, and it would be wrong if there were. */
	readonly none?: string;
	look(capture: Capture): Looked;
	/** Makes a capture that keeps to the clauses one that does not, by the least change. */
	spoil(capture: Capture): void;
}

/** Looks at each of the items; `is` tells whether one is as it must be. */
export function each<T>(
	items: readonly T[],
	is: (item: T) => boolean,
	tell: (item: T) => string = (item) => JSON.stringify(item)?.slice(0, 300) ?? "nothing",
): Looked {
	return { seen: items.length, wrong: items.filter((item) => !is(item)).map(tell) };
}

export function said(capture: Capture, ...types: string[]): Message[] {
	return capture.connections.flatMap((connection) =>
		connection.said.filter(({ type }) => types.includes(type)),
	);
}

/** The first message of a type; a capture of a whole scenario has each. */
export function first(capture: Capture, type: string): Message {
	const message = said(capture, type)[0];
	if (message === undefined) throw new Error(`expected a ${type} in the capture, found none`);
	return message;
}

export function metricsOf(message: Message | undefined): Metric[] {
	return message?.payload?.metrics ?? [];
}

export function metric(message: Message | undefined, name: string): Metric | undefined {
	return metricsOf(message).find((one) => one.name === name);
}

/** The first metric of the first message of a type. */
export function firstMetric(capture: Capture, type: string): Metric {
	const found = metricsOf(first(capture, type))[0];
	if (found === undefined) throw new Error(`expected a metric in the first ${type}, found none`);
	return found;
}
