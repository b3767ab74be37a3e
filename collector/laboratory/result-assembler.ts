import type { SampleColumns } from "../../common/contract/samples.ts";
import type { LabServerConfig } from "../config.ts";
import type { Assembled, AssemblePort, LabResult, RefusedResult } from "../laboratory-port.ts";
import type { RecordRow, Series, ThroughRow } from "../pipeline.ts";
import { fieldPlace, isWhole, resultOf } from "./result-fields.ts";
import { labId } from "./result-id.ts";
import { type FieldPlace, isCovered, joined, type Piece, piecesOf, saysNothing } from "./result-pieces.ts";

/** A piece that waits for its rest; `refused` is the id of the refusal, when it has been waited for long enough. */
interface Waiting {
	readonly piece: Piece;
	readonly refused?: string | undefined;
	/** What it says is part of a result that is there. */
	readonly isCovered?: boolean;
}

interface State {
	/** Of the servers and fields that it was made by. */
	readonly layout: string;
	/** Oldest first. */
	readonly waiting: readonly Waiting[];
	/** The newest whole ones, against which parts that come again are held. */
	readonly whole: readonly Piece[];
}

const waitingMax = 500;
const wholeMax = 64;
const bodyMax = 1_000;
const incomplete = "INCOMPLETE";

/**
 * Puts laboratory results together from the samples of their fields. What comes out is a function of the set of stored
 * records and of how far their devices are complete, not of the order in which they came. A value that stands in one record
 * is a result at once; one that was cut waits for the record that follows, and is refused when its device is complete beyond
 * it. A refusal is withdrawn when the rest comes after all.
 */
export class ResultAssembler implements AssemblePort {
	readonly #servers: readonly LabServerConfig[];
	readonly #devices: ReadonlySet<string>;
	readonly #places: (FieldPlace | undefined)[] = [];
	readonly #throughMs = new Map<string, number>();
	/** The servers and fields are others than when the stored state was made, or there is none. */
	readonly isNewLayout: boolean;
	#state: State;
	#next: State | undefined;

	/** `throughs`: how far devices were complete when the store was opened; `state` what `take` gave last. */
	constructor(
		servers: readonly LabServerConfig[],
		stored: { readonly throughs: readonly ThroughRow[]; readonly state: string | undefined } = {
			throughs: [],
			state: undefined,
		},
	) {
		this.#servers = servers;
		this.#devices = new Set(servers.map(({ device }) => device));
		for (const row of stored.throughs) this.#through(row);
		const layout = labId("layout", servers);
		const known = stored.state === undefined ? undefined : (JSON.parse(stored.state) as State);
		// Without servers there is nothing to put together, now or before.
		this.isNewLayout = servers.length > 0 && known?.layout !== layout;
		this.#state = known === undefined || known.layout !== layout ? { layout, waiting: [], whole: [] } : known;
	}

	addSeries({ id, device, tag }: Series): void {
		if (this.#devices.has(device)) this.#places[id] = fieldPlace(this.#servers, device, tag);
	}

	take(batch: {
		readonly records: readonly RecordRow[];
		readonly samples: SampleColumns;
		readonly throughs: readonly ThroughRow[];
	}): Assembled | undefined {
		// A Through that comes again with the batch that failed says the same again.
		for (const row of batch.throughs) this.#through(row);
		let pieces: Piece[] | undefined;
		let from = 0;
		for (const record of batch.records) {
			if (this.#devices.has(record.device)) {
				const found = piecesOf(record, batch.samples, from, this.#places);
				if (found.length > 0) pieces = [...(pieces ?? []), ...found];
			}
			from += record.samples;
		}
		if (pieces === undefined && !this.#state.waiting.some((one) => this.#isOverdue(one))) return undefined;
		const step = new Step(this.#servers, this.#state, (one) => this.#isOverdue(one));
		for (const piece of pieces ?? []) step.add(piece);
		this.#next = step.end();
		return { ...step.told(), state: JSON.stringify(this.#next) };
	}

	keep(): void {
		if (this.#next !== undefined) this.#state = this.#next;
		this.#next = undefined;
	}

	discard(): void {
		this.#next = undefined;
	}

	settled(): Assembled {
		return { results: [], refused: [], withdrawn: [], state: JSON.stringify(this.#state) };
	}

	#through({ edgeNode, device, throughMs }: ThroughRow): void {
		if (!this.#devices.has(device)) return;
		const key = `${edgeNode} ${device}`;
		this.#throughMs.set(key, Math.max(throughMs, this.#throughMs.get(key) ?? throughMs));
	}

	#isOverdue({ piece, refused, isCovered: isKnown }: Waiting): boolean {
		const device = this.#servers[piece.server]?.device;
		const throughMs = this.#throughMs.get(`${piece.edgeNode} ${device}`) ?? Number.NEGATIVE_INFINITY;
		return refused === undefined && isKnown !== true && piece.sourceMs <= throughMs;
	}
}

/** One batch's changes, beside the state that they come to. */
class Step {
	readonly #servers: readonly LabServerConfig[];
	readonly #isOverdue: (one: Waiting) => boolean;
	readonly #results = new Map<string, LabResult>();
	readonly #refused = new Map<string, RefusedResult>();
	readonly #withdrawn = new Set<string>();
	readonly #layout: string;
	#waiting: Waiting[];
	#whole: Piece[];

	constructor(servers: readonly LabServerConfig[], state: State, isOverdue: (one: Waiting) => boolean) {
		this.#servers = servers;
		this.#isOverdue = isOverdue;
		this.#layout = state.layout;
		this.#waiting = [...state.waiting];
		this.#whole = [...state.whole];
	}

	add(added: Piece): void {
		let piece = added;
		for (let index = 0; index < this.#waiting.length; ) {
			const other = (this.#waiting[index] as Waiting).piece;
			const one = joined(other, piece) ?? joined(piece, other);
			if (one === undefined) index++;
			else {
				this.#withdraw(this.#waiting[index] as Waiting);
				this.#waiting.splice(index, 1);
				piece = one;
				index = 0;
			}
		}
		const server = this.#servers[piece.server] as LabServerConfig;
		if (isWhole(piece, server)) {
			if (!saysNothing(piece)) this.#take(piece, server);
		} else this.#waiting.push({ piece, isCovered: this.#whole.some((whole) => isCovered(piece, whole)) });
	}

	end(): State {
		this.#waiting = this.#waiting.map((one) => {
			if (!this.#isOverdue(one)) return one;
			// A field without a value can be what lies between two parts of a result; alone there is nothing to refuse.
			return saysNothing(one.piece) ? { piece: one.piece, isCovered: true } : this.#refuse(one);
		});
		this.#waiting.sort((a, b) => a.piece.sourceMs - b.piece.sourceMs);
		for (const one of this.#waiting.splice(0, Math.max(0, this.#waiting.length - waitingMax)))
			if (one.refused === undefined && one.isCovered !== true && !saysNothing(one.piece)) this.#refuse(one);
		return { layout: this.#layout, waiting: this.#waiting, whole: this.#whole.slice(-wholeMax) };
	}

	told(): Omit<Assembled, "state"> {
		const refused = [...this.#refused.values()];
		const withdrawn = [...this.#withdrawn].filter((id) => !this.#refused.has(id));
		return { results: [...this.#results.values()], refused, withdrawn };
	}

	#take(piece: Piece, server: LabServerConfig): void {
		const result = resultOf(piece, server);
		if ("id" in result) this.#results.set(result.id, result);
		else this.#tell(piece, result.code, result.message);
		this.#whole.push(piece);
		for (const [index, one] of this.#waiting.entries()) {
			if (!isCovered(one.piece, piece)) continue;
			this.#withdraw(one);
			this.#waiting[index] = { piece: one.piece, isCovered: true };
		}
	}

	#withdraw({ refused }: Waiting): void {
		if (refused === undefined) return;
		this.#withdrawn.add(refused);
		this.#refused.delete(refused);
	}

	#refuse({ piece }: Waiting): Waiting {
		const { fields } = this.#servers[piece.server] as LabServerConfig;
		const there = new Set(piece.cells.map(({ order }) => order));
		const absent = fields.filter(({ is }, order) => is !== "repeats" && !there.has(order));
		const message = `expected every field in the order of laboratory.fields, found none of ${absent.map(({ name }) => name).join(", ")}`;
		return { piece, refused: this.#tell(piece, incomplete, message) };
	}

	#tell(piece: Piece, code: string, message: string): string {
		const { device, prefix, fields } = this.#servers[piece.server] as LabServerConfig;
		const body = JSON.stringify(
			piece.cells.map(({ order, element, value }) => [fields[order]?.name, element, value]),
		);
		const time = new Date(Math.max(-8.64e15, Math.min(8.64e15, piece.sourceMs))).toISOString();
		// Two parts that say the same are two refusals; a result that is none is one, however often it comes.
		const { epoch, offset, index } = piece;
		const place = code === incomplete ? [epoch, offset, index] : [];
		const id = labId(
			"refused",
			device,
			prefix,
			piece.edgeNode,
			piece.sourceMs,
			piece.sourceRestTicks,
			body,
			...place,
		);
		this.#refused.set(id, {
			...{ id, code, message, enteredMs: piece.receivedMs },
			where: `${device}/${prefix.replace(/\.$/, "")} at ${time}`,
			body: body.slice(0, bodyMax),
		});
		return id;
	}
}
