/** A record in memory: its frame as it goes to disk, and the body inside it. */
export interface TailRecord {
	readonly offset: number;
	readonly framed: Buffer;
	/** A view on the frame. */
	readonly body: Buffer;
	readonly appendedMs: number;
}

/**
 * The newest records of the current epoch, by how far they have come: unwritten, handed to the operating system,
 * durable. Those that are not durable stay until they are; durable ones stay as a read cache of `bytesMax` / 8.
 */
export class RecordTail {
	#bytesMax: number;
	#records: TailRecord[] = [];
	#bytes = 0;
	#undurableBytes = 0;
	#unwrittenBytes = 0;
	/** Index of the first record not yet handed to the operating system. */
	#unwritten = 0;
	#durable = 0;

	constructor(bytesMax: number) {
		this.#bytesMax = bytesMax;
	}

	/** Another bound from now on; what is there already stays until it is durable. */
	holdAtMost(bytesMax: number): void {
		this.#bytesMax = bytesMax;
	}

	/** The highest durable offset, 0 when there is none. */
	get durable(): number {
		return this.#durable;
	}

	get undurableBytes(): number {
		return this.#undurableBytes;
	}

	get hasUnwritten(): boolean {
		return this.#unwritten < this.#records.length;
	}

	/** Bytes of records that no file has yet. */
	get unwrittenBytes(): number {
		return this.#unwrittenBytes;
	}

	hasRoomFor(bytes: number): boolean {
		return this.#undurableBytes + bytes <= this.#bytesMax;
	}

	push(record: TailRecord): void {
		this.#records.push(record);
		this.#bytes += record.framed.length;
		this.#undurableBytes += record.framed.length;
		this.#unwrittenBytes += record.framed.length;
	}

	/** Unwritten records, oldest first, about `bytes` of them and at least one. */
	unwritten(bytes: number): TailRecord[] {
		let end = this.#unwritten;
		for (let taken = 0; end < this.#records.length && taken < bytes; end++) {
			taken += (this.#records[end] as TailRecord).framed.length;
		}
		return this.#records.slice(this.#unwritten, end);
	}

	wrote(count: number): void {
		for (const end = this.#unwritten + count; this.#unwritten < end; this.#unwritten++)
			this.#unwrittenBytes -= (this.#records[this.#unwritten] as TailRecord).framed.length;
	}

	/** After a failure everything that is not durable has to be written again. Returns how many records that is. */
	unwriteUndurable(): number {
		const first = this.#records.findIndex((record) => record.offset > this.#durable);
		this.#unwritten = first < 0 ? this.#records.length : first;
		this.#unwrittenBytes = this.#undurableBytes;
		return this.#records.length - this.#unwritten;
	}

	/** Everything up to `offset` is on disk; returns whether that is news. */
	becameDurable(offset: number): boolean {
		if (offset <= this.#durable) return false;
		const first = this.#records[0]?.offset ?? offset + 1;
		for (let at = this.#durable + 1; at <= offset; at++) {
			const record = this.#records[at - first];
			if (record !== undefined) this.#undurableBytes -= record.framed.length;
		}
		this.#durable = offset;
		let drop = 0;
		while (this.#bytes > this.#bytesMax / 8 && (this.#records[drop]?.offset ?? offset) < offset) {
			this.#bytes -= (this.#records[drop] as TailRecord).framed.length;
			drop++;
		}
		if (drop > 0) {
			this.#records.splice(0, drop);
			this.#unwritten -= drop;
		}
		return true;
	}

	/** Durable records from `offset` on, about `bytes` of them; undefined when `offset` is no longer in memory. */
	read(offset: number, bytes: number): TailRecord[] | undefined {
		const first = this.#records[0]?.offset;
		if (first === undefined || offset < first) return offset > this.#durable ? [] : undefined;
		const found: TailRecord[] = [];
		let taken = 0;
		for (let index = offset - first; index < this.#records.length && taken < bytes; index++) {
			const record = this.#records[index] as TailRecord;
			if (record.offset > this.#durable) break;
			found.push(record);
			taken += record.body.length;
		}
		return found;
	}
}
