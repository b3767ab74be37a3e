import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { body, journalIn, numberOf, readAll, untilDurable } from "./journal-rig.ts";

describe("a torn tail", () => {
	test("cut at every byte of the last record: everything before survives, the tail is cut off and counted", async () => {
		const folder = temporaryFolder();
		const { journal } = journalIn(folder);
		await journal.open();
		for (let number = 1; number <= 3; number++) journal.append(body(number, 24));
		await untilDurable(journal, 3);
		const file = join(folder, readdirSync(folder)[0] as string);
		const before = statSync(file).size;
		journal.append(body(4, 24));
		await untilDurable(journal, 4);
		await journal.close();
		const whole = readFileSync(file);
		expect(whole.length).toBeGreaterThan(before + 24);
		for (let length = before; length < whole.length; length++) {
			const again = temporaryFolder();
			writeFileSync(join(again, readdirSync(folder)[0] as string), whole.subarray(0, length));
			const torn = journalIn(again).journal;
			const opened = await torn.open();
			expect(opened, `cut at ${length}`).toMatchObject({ previousLast: 3, tornBytes: length - before });
			expect((await readAll(torn, { chain: 0, offset: 0 })).map(numberOf)).toEqual([1, 2, 3]);
			await torn.close();
		}
	});

	test("a flipped bit is noticed: what stands before it survives", async () => {
		const folder = temporaryFolder();
		const { journal } = journalIn(folder);
		await journal.open();
		for (let number = 1; number <= 5; number++) journal.append(body(number, 24));
		await untilDurable(journal, 5);
		await journal.close();
		const name = readdirSync(folder)[0] as string;
		const bytes = readFileSync(join(folder, name));
		bytes[bytes.length - 60] = (bytes[bytes.length - 60] as number) ^ 1;
		writeFileSync(join(folder, name), bytes);
		const again = journalIn(folder).journal;
		const opened = await again.open();
		expect(opened.tornBytes).toBeGreaterThan(0);
		const survived = (await readAll(again, { chain: 0, offset: 0 })).map(numberOf);
		expect(survived.length).toBeGreaterThanOrEqual(2);
		expect(survived).toEqual(survived.map((_, index) => index + 1));
		await again.close();
	});

	test("a segment of a newer format is refused by name and left as it is", async () => {
		const folder = temporaryFolder();
		const { journal } = journalIn(folder);
		await journal.open();
		journal.append(body(1));
		await untilDurable(journal, 1);
		await journal.close();
		const name = readdirSync(folder)[0] as string;
		const bytes = readFileSync(join(folder, name));
		// Header frame: length, CRC, magic (4), format (1): make it 99 and the CRC right again.
		bytes[12] = 99;
		bytes.writeUInt32LE(crc32(bytes.subarray(8, 8 + bytes.readUInt32LE(0))), 4);
		writeFileSync(join(folder, name), bytes);
		await expect(journalIn(folder).journal.open()).rejects.toMatchObject({
			code: "DATA_FORMAT_NEWER",
			message: expect.stringContaining(name),
		});
		expect(readFileSync(join(folder, name))).toEqual(bytes);
	});
});
