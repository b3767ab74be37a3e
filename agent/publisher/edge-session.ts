import { ByteWriter } from "../../common/contract/bytes.ts";
import { type Datatype, datatypes } from "../../common/contract/datatype.ts";
import {
	deliveryMetrics,
	deliveryVersion,
	encodeDetail,
	encodeHeld,
	type HeldEpoch,
	nodeAliases,
	tagProperty,
} from "../../common/contract/delivery.ts";
import { type DeviceId, type EdgeNodeId, type GroupId, nodeDevice } from "../../common/contract/ids.ts";
import { PayloadWriter, type PropertyValue, statusProperties } from "../../common/contract/payload-writer.ts";
import { SampleColumns } from "../../common/contract/samples.ts";
import { isGood } from "../../common/contract/status.ts";
import { nodeTopic } from "../../common/contract/topics.ts";
import type { Tag } from "../tag-book.ts";
import type { CurrentValue, CurrentValues } from "./current-values.ts";

/** A message of this edge node; QoS 0, not retained [tck-id-payloads-nbirth-qos, tck-id-topics-ndata-mqtt]. */
export interface EdgeMessage {
	readonly topic: string;
	readonly payload: Buffer;
}

/** A record ready to be sent: what the journal knows, and its samples decoded. */
export interface OutgoingRecord {
	readonly epoch: number;
	readonly offset: number;
	/** The last offset it occupies: its own, or the end of a dropped range. */
	readonly last: number;
	readonly device: string;
	readonly throughMs: number | undefined;
	readonly hash: Uint8Array;
	readonly samples: SampleColumns;
	readonly historical: boolean;
}

/** What NBIRTH says besides the tags. */
export interface NodeBirth {
	readonly bdSeq: number;
	readonly held: readonly HeldEpoch[];
	/** Records wait that may hold tags which are no longer configured, so these are declared, too. */
	readonly backlog: boolean;
	readonly isDead: (device: string) => boolean;
}

interface DeviceAliases {
	readonly epoch: number;
	readonly offset: number;
	readonly through: number;
	readonly detail: number;
}

const rebirthMetric = "Node Control/Rebirth";
const noHash = new Uint8Array(16);
const noSamples = new SampleColumns(0);

/**
 * Writes the messages of one Sparkplug session of this edge node. It owns the sequence number and the aliases;
 * it has no clock, no socket and no timer.
 */
export class EdgeSession {
	readonly #group: GroupId;
	readonly #edgeNode: EdgeNodeId;
	readonly #tags: readonly Tag[];
	readonly #current: CurrentValues;
	readonly #writer = new PayloadWriter();
	readonly #detail = new ByteWriter(8192);
	/** Tags by device, the edge node itself under the empty id. */
	readonly #devices = new Map<DeviceId, Tag[]>();
	readonly #datatype: Datatype[] = [];
	readonly #deliveryAliases = new Map<DeviceId, DeviceAliases>();
	#seq = 0;
	#withBacklog = false;

	/** `tags`: the tag book's list, which is looked at anew whenever all births are written. */
	constructor(options: {
		group: GroupId;
		edgeNode: EdgeNodeId;
		tags: readonly Tag[];
		current: CurrentValues;
	}) {
		this.#group = options.group;
		this.#edgeNode = options.edgeNode;
		this.#tags = options.tags;
		this.#current = options.current;
		this.#takeTags();
	}

	/** What births declare and data is encoded against: the tags of this moment. */
	#takeTags(): void {
		this.#devices.clear();
		this.#deliveryAliases.clear();
		this.#devices.set(nodeDevice, []);
		let alias = 0;
		for (const tag of this.#tags) {
			const device = tag.device as DeviceId;
			const siblings = this.#devices.get(device);
			if (siblings === undefined) this.#devices.set(device, [tag]);
			else siblings.push(tag);
			this.#datatype[tag.id] = tag.datatype;
			// A tag's alias is its id, so aliases are unique over the whole edge node [tck-id-payloads-alias-uniqueness].
			alias = Math.max(alias, tag.id);
		}
		for (const device of this.#devices.keys()) {
			const own = device === nodeDevice;
			this.#deliveryAliases.set(device, {
				epoch: own ? nodeAliases[deliveryMetrics.epoch] : ++alias,
				offset: own ? nodeAliases[deliveryMetrics.offset] : ++alias,
				through: own ? nodeAliases[deliveryMetrics.through] : ++alias,
				detail: own ? nodeAliases[deliveryMetrics.detail] : ++alias,
			});
		}
	}

	/** The will, and the message before a clean end: bdSeq by name and nothing else [tck-id-payloads-ndeath-seq]. */
	death(bdSeq: number, nowMs: number): EdgeMessage {
		this.#writer.begin(nowMs);
		this.#writer.metric({
			name: "bdSeq",
			timestampMs: nowMs,
			datatype: datatypes.Int64,
			withDatatype: true,
			value: bdSeq,
		});
		return this.#message("NDEATH", nodeDevice);
	}

	/** Devices of this edge node; those that only old records know are born with a backlog alone. */
	get devices(): readonly string[] {
		return [...this.#devices.keys()].filter((device) => device !== nodeDevice && this.#isAlive(device));
	}

	/** NBIRTH with seq 0, then one DBIRTH per device [tck-id-topics-nbirth-seq-num, tck-id-message-flow-edge-node-birth-publish-connect]. */
	*births(birth: NodeBirth, nowMs: number): Generator<EdgeMessage> {
		this.#takeTags();
		this.#withBacklog = birth.backlog;
		this.#seq = 0;
		this.#writer.begin(nowMs, 0);
		yield this.#declared("NBIRTH", nodeDevice, nowMs, () =>
			this.#declareNode(birth.bdSeq, birth.held, nowMs),
		);
		for (const device of this.devices) if (!birth.isDead(device)) yield this.deviceBirth(device, nowMs);
	}

	/** A device that lives again, or has something to send [tck-id-topics-dbirth-seq-num]. */
	deviceBirth(device: string, nowMs: number): EdgeMessage {
		this.#writer.begin(nowMs, this.#nextSeq());
		return this.#declared("DBIRTH", device as DeviceId, nowMs);
	}

	/** Nothing but time and sequence [tck-id-payloads-ddeath-seq-inc]. */
	deviceDeath(device: string, nowMs: number): EdgeMessage {
		this.#writer.begin(nowMs, this.#nextSeq());
		return this.#message("DDEATH", device as DeviceId);
	}

	/** Everything in order of time, whatever the tags' order is [tck-id-operational-behavior-data-publish-dbirth-order]. */
	#declared(
		type: "NBIRTH" | "DBIRTH",
		device: DeviceId,
		nowMs: number,
		declareOwn: () => void = () => undefined,
	): EdgeMessage {
		const tags = this.#devices.get(device) ?? [];
		const current = tags
			.filter(({ configured }) => configured || this.#withBacklog)
			.map((tag) => ({ tag, current: this.#current.get(tag.id, nowMs) }))
			.sort((a, b) => a.current.sourceMs - b.current.sourceMs);
		const later = current.findIndex(({ current: { sourceMs } }) => sourceMs > nowMs);
		const until = later === -1 ? current.length : later;
		for (const { tag, current: value } of current.slice(0, until)) this.#declareTag(tag, tags, value);
		declareOwn();
		this.#declareDelivery(device, nowMs);
		for (const { tag, current: value } of current.slice(until)) this.#declareTag(tag, tags, value);
		return this.#message(type, device);
	}

	#isAlive(device: DeviceId): boolean {
		return this.#withBacklog || (this.#devices.get(device) ?? []).some(({ configured }) => configured);
	}

	/**
	 * One record as exactly one message; never split or merged. What is ours in it has the time of the first sample, so
	 * that the times in a message never go back [tck-id-operational-behavior-data-publish-nbirth-order].
	 */
	data(record: OutgoingRecord, nowMs: number): EdgeMessage {
		const device = record.device as DeviceId;
		const aliases = this.#aliases(device);
		this.#writer.begin(nowMs, this.#nextSeq());
		const { samples, historical } = record;
		const recordMs = historical || samples.count === 0 ? nowMs : Math.max(0, samples.sourceMs[0] as number);
		this.#delivery(aliases.epoch, datatypes.Int64, record.epoch, recordMs);
		this.#delivery(aliases.offset, datatypes.Int64, record.offset, recordMs);
		if (record.throughMs !== undefined)
			this.#delivery(aliases.through, datatypes.DateTime, record.throughMs, recordMs);
		encodeDetail(
			this.#detail,
			{ hash: record.hash, lastOffset: record.last },
			record.samples,
			0,
			record.samples.count,
		);
		this.#deliveryDetail(aliases.detail, recordMs);
		for (let index = 0; index < samples.count; index++) {
			const tagId = samples.tagId[index] as number;
			this.#writer.sample(tagId, this.#datatype[tagId] as Datatype, samples, index, historical);
		}
		return this.#message(device === nodeDevice ? "NDATA" : "DDATA", device);
	}

	/** A message without samples: silence up to `throughMs` is known to be silence. */
	progress(device: string, epoch: number, lastOffset: number, throughMs: number, nowMs: number): EdgeMessage {
		const aliases = this.#aliases(device as DeviceId);
		this.#writer.begin(nowMs, this.#nextSeq());
		this.#delivery(aliases.epoch, datatypes.Int64, epoch, nowMs);
		this.#delivery(aliases.through, datatypes.DateTime, throughMs, nowMs);
		encodeDetail(this.#detail, { hash: noHash, lastOffset }, noSamples, 0, 0);
		this.#deliveryDetail(aliases.detail, nowMs);
		return this.#message("DDATA", device as DeviceId);
	}

	/** What the journal holds, once a second, so that a lost last message is noticed. */
	held(held: readonly HeldEpoch[], nowMs: number): EdgeMessage {
		this.#writer.begin(nowMs, this.#nextSeq());
		this.#delivery(nodeAliases[deliveryMetrics.version], datatypes.Int32, deliveryVersion, nowMs);
		this.#delivery(nodeAliases[deliveryMetrics.held], datatypes.Bytes, encodeHeld(held), nowMs);
		return this.#message("NDATA", nodeDevice);
	}

	/** What an edge node declares besides its tags; the commands that it understands among it, without a value. */
	#declareNode(bdSeq: number, held: readonly HeldEpoch[], timestampMs: number): void {
		const writer = this.#writer;
		// Without an alias, so that a host can ask before it knows any [tck-id-operational-behavior-data-commands-rebirth-name-aliases].
		writer.metric({
			name: rebirthMetric,
			timestampMs,
			datatype: datatypes.Boolean,
			withDatatype: true,
			value: false,
		});
		const declare = (name: keyof typeof nodeAliases, datatype: Datatype, value: number | Buffer | null) =>
			writer.metric({ name, alias: nodeAliases[name], timestampMs, datatype, withDatatype: true, value });
		declare("bdSeq", datatypes.Int64, bdSeq);
		declare(deliveryMetrics.version, datatypes.Int32, deliveryVersion);
		declare(deliveryMetrics.held, datatypes.Bytes, encodeHeld(held));
		declare(deliveryMetrics.host, datatypes.String, null);
		for (const name of ["confirmed", "resendFrom", "resendTo"] as const)
			declare(deliveryMetrics[name], datatypes.Int64, null);
	}

	/** Every metric of the session stands in the birth [tck-id-topics-dbirth-metric-reqs]; these have no value yet. */
	#declareDelivery(device: DeviceId, timestampMs: number): void {
		const aliases = this.#aliases(device);
		const declare = (name: string, alias: number, datatype: Datatype) =>
			this.#writer.metric({
				name,
				alias,
				timestampMs,
				datatype,
				withDatatype: true,
				transient: true,
				value: null,
			});
		declare(deliveryMetrics.epoch, aliases.epoch, datatypes.Int64);
		declare(deliveryMetrics.offset, aliases.offset, datatypes.Int64);
		declare(deliveryMetrics.through, aliases.through, datatypes.DateTime);
		declare(deliveryMetrics.detail, aliases.detail, datatypes.Bytes);
	}

	#declareTag(tag: Tag, siblings: readonly Tag[], { value, sourceMs, status }: CurrentValue): void {
		const properties = new Map<string, PropertyValue>(isGood(status) ? [] : statusProperties(status));
		if (tag.eu !== undefined) properties.set("engUnit", { type: datatypes.String, value: tag.eu });
		if (tag.low !== undefined) properties.set("engLow", { type: datatypes.Double, value: tag.low });
		if (tag.high !== undefined) properties.set("engHigh", { type: datatypes.Double, value: tag.high });
		// Two data types under one name: the one that is only in old records is told apart by its id.
		const clash = !tag.configured && siblings.some((other) => other.name === tag.name && other.id !== tag.id);
		const name = clash ? `${tag.name}@${tag.id}` : tag.name;
		if (clash) properties.set(tagProperty, { type: datatypes.String, value: tag.name });
		const { datatype } = tag;
		const timestampMs = Math.max(0, sourceMs);
		this.#writer.metric({
			name,
			alias: tag.id,
			timestampMs,
			datatype,
			withDatatype: true,
			value,
			properties,
		});
	}

	#aliases(device: DeviceId): DeviceAliases {
		const aliases = this.#deliveryAliases.get(device);
		if (aliases === undefined) throw new Error(`no birth declares device ${device}`);
		return aliases;
	}

	#delivery(alias: number, datatype: Datatype, value: number | Buffer, timestampMs: number): void {
		this.#writer.metric({ alias, timestampMs, datatype, transient: true, value });
	}

	#deliveryDetail(alias: number, timestampMs: number): void {
		this.#delivery(alias, datatypes.Bytes, this.#detail.bytes.subarray(0, this.#detail.length), timestampMs);
	}

	#message(
		type: "NBIRTH" | "NDATA" | "NDEATH" | "DBIRTH" | "DDEATH" | "DDATA",
		device: DeviceId,
	): EdgeMessage {
		return {
			topic: nodeTopic(this.#group, type, this.#edgeNode, device),
			payload: Buffer.from(this.#writer.finish()),
		};
	}

	/** One counter over the edge node and all its devices, 0 after 255 [tck-id-payloads-sequence-num-incrementing]. */
	#nextSeq(): number {
		this.#seq = (this.#seq + 1) % 256;
		return this.#seq;
	}
}
