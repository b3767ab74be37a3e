import type { Disk } from "./disk.ts";
import type { Segment } from "./segment-file.ts";
import { frameHeadBytes, readFrame, splitRecord } from "./segment-format.ts";

/**
 * Reads records of one segment forward. A cursor remembers the byte after the last record, so reading on is
 * sequential; a jump scans the segment from its start.
 */
export class SegmentReader {
	readonly #disk: Disk;
	readonly #segment: Segment;
	#position = 0;
	#next: number;

	constructor(disk: Disk, segment: Segment) {
		this.#disk = disk;
		this.#segment = segment;
		this.#next = segment.header.first;
	}

	get segment(): Segment {
		return this.#segment;
	}

	/** Records from `offset` on and below `limit`, about `bytesMax` in all; the bodies are copies. */
	async read(offset: number, limit: number, bytesMax: number): Promise<{ offset: number; body: Buffer }[]> {
		if (offset < this.#next) {
			this.#position = 0;
			this.#next = this.#segment.header.first;
		}
		const records: { offset: number; body: Buffer }[] = [];
		const handle = await this.#disk.open(this.#segment.path);
		try {
			let chunkBytes = 256 * 1024;
			let taken = 0;
			while (taken < bytesMax && this.#next < limit) {
				const chunk = Buffer.allocUnsafe(chunkBytes);
				const bytesRead = await handle.read(chunk, chunkBytes, this.#position);
				const valid = chunk.subarray(0, bytesRead);
				let at = 0;
				for (;;) {
					const payload = readFrame(valid, at);
					if (payload === undefined) break;
					at += frameHeadBytes + payload.length;
					if (this.#position === 0 && at === frameHeadBytes + payload.length) continue;
					const record = splitRecord(payload);
					if (record.offset >= limit || taken >= bytesMax) {
						at -= frameHeadBytes + payload.length;
						this.#position += at;
						return records;
					}
					this.#next = record.offset + 1;
					if (record.offset < offset) continue;
					records.push({ offset: record.offset, body: Buffer.from(record.body) });
					taken += record.body.length;
				}
				this.#position += at;
				if (at === 0) {
					// No whole frame in the chunk: either it is larger than the chunk, or the file ends here.
					if (bytesRead < chunkBytes) break;
					chunkBytes *= 4;
				}
			}
			return records;
		} finally {
			await handle.close();
		}
	}
}
