import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { systemDisk } from "../../../agent/journal/disk.ts";
import { inspectJournal } from "../../../agent/journal/inspection.ts";
import { openSegments } from "../../../agent/journal/segment-file.ts";
import {
	encodeHeader,
	frameHeadBytes,
	readFrame,
	recordFrame,
	scanSegment,
	segmentName,
	segmentNamePattern,
	splitRecord,
} from "../../../agent/journal/segment-format.ts";
import { SegmentReader } from "../../../agent/journal/segment-reader.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const header = { chain: 3, epoch: Number.MAX_SAFE_INTEGER, first: 41, previousEpoch: 77, previousLast: 40 };
const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 8 });

function segmentOf(contents: readonly Uint8Array[]): Buffer {
	const frames = contents.map((content, index) => recordFrame(header.first + index, content));
	return Buffer.concat([encodeHeader(header), ...frames]);
}

function framed(payload: Buffer): Buffer {
	const head = Buffer.alloc(frameHeadBytes);
	head.writeUInt32LE(payload.length, 0);
	head.writeUInt32LE(crc32(payload), 4);
	return Buffer.concat([head, payload]);
}

describe("a segment", () => {
	test("is laid out as its design says, byte for byte", () => {
		const one = { chain: 1, epoch: 5, first: 1, previousEpoch: 0, previousLast: 0 };
		expect(encodeHeader(one).subarray(frameHeadBytes).toString("hex")).toBe(
			"504c4a31" + "01" + "01" + "05" + "01" + "0000",
		);
		const frame = recordFrame(300, Buffer.from("abc"));
		expect(frame.readUInt32LE(0)).toBe(5);
		expect(frame.readUInt32LE(4)).toBe(crc32(Buffer.from([0xac, 0x02, 0x61, 0x62, 0x63])));
		expect(segmentName(3, 41)).toBe("00000003-0000000000000041.journal");
		expect(segmentName(3, 41)).toMatch(segmentNamePattern);
	});

	test("reads back, and cut anywhere it reads back every record that is whole", () => {
		fc.assert(
			fc.property(bodies, fc.nat(), (contents, cut) => {
				const bytes = segmentOf(contents);
				const length = cut % (bytes.length + 1);
				const scan = scanSegment(bytes.subarray(0, length));
				if (length < encodeHeader(header).length) {
					expect(scan.header).toBeUndefined();
					return;
				}
				let end = encodeHeader(header).length;
				let whole = 0;
				for (const [index, content] of contents.entries()) {
					const after = end + recordFrame(header.first + index, content).length;
					if (after > length) break;
					end = after;
					whole++;
				}
				expect(scan).toEqual({ header, next: header.first + whole, validBytes: end });
			}),
		);
	});

	test("with one byte changed anywhere never reads back a record that was not written", () => {
		fc.assert(
			fc.property(bodies, fc.nat(), fc.integer({ min: 1, max: 255 }), (contents, place, change) => {
				const bytes = segmentOf(contents);
				const at = place % bytes.length;
				bytes[at] = (bytes[at] as number) ^ change;
				const scan = scanSegment(bytes);
				if (scan.header === undefined) return;
				let position = frameHeadBytes + (readFrame(bytes, 0) as Buffer).length;
				for (let index = 0; position < scan.validBytes; index++) {
					const payload = readFrame(bytes, position) as Buffer;
					const { offset, body } = splitRecord(payload);
					expect(offset).toBe(header.first + index);
					expect(Uint8Array.from(body)).toEqual(contents[index]);
					position += frameHeadBytes + payload.length;
				}
				expect(scan.validBytes).toBeLessThanOrEqual(at);
			}),
		);
	});

	test("that ends in zeros, as some file systems leave it after a power cut, ends before them", () => {
		for (const zeros of [1, 7, 8, 9, 64, 4_096]) {
			const sound = segmentOf([Buffer.from("one"), Buffer.from("two")]);
			const scan = scanSegment(Buffer.concat([sound, Buffer.alloc(zeros)]));
			expect(scan).toEqual({ header, next: header.first + 2, validBytes: sound.length });
			expect(scanSegment(Buffer.alloc(zeros))).toMatchObject({ header: undefined });
		}
	});

	test("whose frame claims more than a frame may hold ends before it", () => {
		const sound = segmentOf([Buffer.from("one")]);
		const huge = Buffer.alloc(64, 0xff);
		expect(scanSegment(Buffer.concat([sound, huge])).validBytes).toBe(sound.length);
	});
});

describe("opening a folder", () => {
	function folderWith(files: Record<string, Buffer>): string {
		const folder = temporaryFolder();
		for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
		return folder;
	}

	test("cuts zeros off and counts them", async () => {
		const sound = segmentOf([Buffer.from("one"), Buffer.from("two")]);
		const name = segmentName(3, 41);
		const folder = folderWith({ [name]: Buffer.concat([sound, Buffer.alloc(512)]) });
		expect(await openSegments(systemDisk, folder)).toMatchObject({
			tornBytes: 512,
			setAside: [],
			segments: [{ next: 43, bytes: sound.length, header }],
		});
		expect(readFileSync(join(folder, name))).toEqual(sound);
	});

	test.each([
		["noise", Buffer.alloc(5_000, 0x5a)],
		["zeros", Buffer.alloc(5_000)],
		["a sound frame of another program", framed(Buffer.alloc(100, 7))],
		[
			"a segment whose header has a flipped bit",
			Buffer.concat([Buffer.from([9]), segmentOf([Buffer.alloc(200)]).subarray(1)]),
		],
	])("sets a file of %s aside under another name, whole, and goes on", async (_, bytes) => {
		const name = segmentName(2, 1);
		const folder = folderWith({ [name]: bytes, [segmentName(3, 41)]: segmentOf([Buffer.from("one")]) });
		expect(await openSegments(systemDisk, folder)).toMatchObject({
			setAside: [name],
			segments: [{ next: 42 }],
		});
		expect(readFileSync(join(folder, `${name}.damaged`))).toEqual(bytes);
	});

	test("leaves files alone that are none of ours, keeps a segment without records for what its header knows, and removes one without a header", async () => {
		const folder = folderWith({
			"notes.txt": Buffer.from("mine"),
			[`${segmentName(1, 1)}.damaged`]: Buffer.from("kept"),
			[segmentName(4, 1)]: encodeHeader({ ...header, chain: 4, first: 1 }),
			[segmentName(5, 1)]: encodeHeader(header).subarray(0, 11),
		});
		expect((await openSegments(systemDisk, folder)).segments).toMatchObject([
			{ header: { chain: 4, epoch: header.epoch }, next: 1, isGap: false },
		]);
		expect(readdirSync(folder).sort()).toEqual(
			[`${segmentName(1, 1)}.damaged`, segmentName(4, 1), "notes.txt"].sort(),
		);
	});

	test("cuts off what a segment holds beyond the beginning of the next, for good", async () => {
		const [kept, beyond] = [Buffer.from("kept"), Buffer.from("written again, or never told")];
		const first = segmentOf([kept, beyond, beyond]);
		const next = encodeHeader({ ...header, first: 42 });
		const folder = folderWith({ [segmentName(3, 41)]: first, [segmentName(3, 42)]: next });
		expect(await openSegments(systemDisk, folder)).toMatchObject({
			tornBytes: first.length - segmentOf([kept]).length,
			segments: [{ next: 42 }, { next: 42 }],
		});
		expect(readFileSync(join(folder, segmentName(3, 41)))).toEqual(segmentOf([kept]));
	});

	test("with a segment of a newer format changes nothing at all, not even an older torn tail", async () => {
		const newer = Buffer.concat([encodeHeader(header).subarray(frameHeadBytes)]);
		newer[4] = 2;
		const torn = Buffer.concat([segmentOf([Buffer.from("one")]), Buffer.from("torn")]);
		const folder = folderWith({
			[segmentName(2, 1)]: Buffer.alloc(5_000, 0x5a),
			[segmentName(3, 41)]: torn,
			[segmentName(4, 1)]: framed(newer),
		});
		const before = readdirSync(folder);
		await expect(openSegments(systemDisk, folder)).rejects.toMatchObject({
			code: "DATA_FORMAT_NEWER",
			message: expect.stringContaining(segmentName(4, 1)),
		});
		expect(readdirSync(folder)).toEqual(before);
		expect(readFileSync(join(folder, segmentName(3, 41)))).toEqual(torn);
	});

	test("inspection names what is wrong with each file and changes nothing", async () => {
		const skipping = Buffer.concat([
			encodeHeader(header),
			recordFrame(41, Buffer.from([0, 0, 0])),
			recordFrame(43, Buffer.from([0])),
		]);
		const folder = folderWith({ [segmentName(2, 1)]: Buffer.alloc(99), [segmentName(3, 41)]: skipping });
		const reports = await inspectJournal(folder);
		expect(reports.map(({ problem }) => problem !== undefined)).toEqual([true, true]);
		expect(reports[0]).toMatchObject({ problem: "no segment header", tornBytes: 99 });
		expect(readFileSync(join(folder, segmentName(3, 41)))).toEqual(skipping);
	});
});

test("a reader gives any part of a segment, in any order of asking, up to the limit that it is told", async () => {
	const path = join(temporaryFolder(), segmentName(3, 41));
	const contents = Array.from({ length: 300 }, (_, index) => Buffer.alloc(1 + ((index * 7) % 4_000), index));
	const bytes = segmentOf(contents);
	writeFileSync(path, Buffer.concat([bytes, Buffer.from("a write that is going on")]));
	const reader = new SegmentReader(systemDisk, {
		path,
		header,
		next: 341,
		bytes: bytes.length,
		isGap: false,
		madeMs: 0,
		changedMs: 0,
	});
	for (const [from, limit, bytesMax] of [
		[41, 341, 1e9],
		[100, 120, 1e9],
		[60, 341, 1],
		[340, 341, 1e9],
		[41, 341, 5_000],
		[41, 41, 1e9],
	] as const) {
		const records = await reader.read(from, limit, bytesMax);
		const expected: number[] = [];
		for (let offset = from, taken = 0; offset < limit && taken < bytesMax; offset++) {
			expected.push(offset);
			taken += (contents[offset - 41] as Buffer).length;
		}
		expect(records.map(({ offset }) => offset)).toEqual(expected);
		expect(records.every(({ offset, body }) => body.equals(contents[offset - 41] as Buffer))).toBe(true);
	}
});
