import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DiskJournal } from "../../agent/journal/journal.ts";
import { encodeGapFile, gapName } from "../../agent/journal/segment-format.ts";
import { encodeRecord } from "../../agent/record-codec.ts";
import { ByteWriter } from "../../common/contract/bytes.ts";
import { SampleColumns } from "../../common/contract/samples.ts";
import { systemClock } from "../../common/runtime/clock.ts";
import { boundGap, gapBody } from "../agent/journal/known-records.ts";
import { runCommand } from "../helpers/run-command.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const repository = new URL("../../", import.meta.url).pathname;

async function pilotline(...args: string[]) {
	return await runCommand(
		process.execPath,
		["--disable-warning=ExperimentalWarning", "cli/main.ts", ...args],
		{ cwd: repository },
	);
}

/** An agent's data directory with `records` records of two values each. */
async function dataDirectory(records: number): Promise<string> {
	const data = temporaryFolder();
	const journal = new DiskJournal({
		folder: join(data, "journal"),
		segmentBytes: 64 * 1024,
		maxBytes: 1024 ** 3,
		memoryBytes: 1024 ** 2,
		commitIntervalMs: 1,
		clock: systemClock,
		newEpoch: () => 77,
		onTrouble: () => undefined,
	});
	await journal.open();
	const samples = new SampleColumns(2);
	samples.count = 2;
	samples.sourceMs.set([Date.UTC(2026, 10, 22, 8), Date.UTC(2026, 10, 22, 9)]);
	samples.tagId.set([1, 2]);
	samples.kind.fill(1);
	const out = new ByteWriter();
	for (let record = 0; record < records; record++) {
		out.reset();
		encodeRecord(out, { device: "U500", throughMs: 1 }, samples, 0, 2);
		journal.append(out.take());
	}
	await journal.close();
	return data;
}

test("inspect says which values of which time a journal holds", async () => {
	const data = await dataDirectory(10);
	const { code, stdout } = await pilotline("journal", "inspect", "--data", data);
	expect(code).toBe(0);
	expect(stdout).toMatch(/00000001-0{15}1 +77 +1 +10 +20 +\d+ +2026-11-22 08:00:00 +2026-11-22 09:00:00$/m);
	expect(stdout).toMatch(/^20 values in \d+ bytes, [\d.]+ bytes per value$/m);
	expect(stdout).toMatch(/^\d+ bytes per hour of plant time: 1 GiB lasts [\d.]+ hours$/m);
	const json = JSON.parse((await pilotline("journal", "inspect", "--data", data, "--json")).stdout);
	expect(json).toMatchObject({
		ok: true,
		segments: [{ chain: 1, epoch: 77, firstOffset: 1, nextOffset: 11, samples: 20, tornBytes: 0 }],
	});
});

test("a range that was dropped is shown as what it is, and verified", async () => {
	const data = await dataDirectory(10);
	const folder = join(data, "journal");
	const gap = boundGap("U500", ["TT01"], Date.UTC(2026, 10, 22, 5), Date.UTC(2026, 10, 22, 6));
	const header = { chain: 1, epoch: 70, first: 4, previousEpoch: 0, previousLast: 0 };
	const file = encodeGapFile(header, 903, gapBody(gap));
	const path = join(folder, gapName(1, 4));
	writeFileSync(path, file);
	const { stdout } = await pilotline("journal", "inspect", "--data", data);
	expect(stdout).toMatch(
		/00000001-0{15}4 +70 +4 +903 +0 +\d+ +2026-11-22 05:00:00 +2026-11-22 06:00:00 +gap record: 900 records dropped, 1 gaps$/m,
	);
	expect(await pilotline("journal", "verify", "--data", data)).toMatchObject({
		code: 0,
		stdout: "10 records in 1 segments, 900 dropped records in 1 gap records: all sound\n",
	});
	writeFileSync(path, file.subarray(0, file.length - 1));
	expect(await pilotline("journal", "verify", "--data", data)).toMatchObject({
		code: 1,
		stdout: expect.stringContaining(`${gapName(1, 4)}: not a whole gap record`),
	});
});

test("verify ends with 1 and names the file when a record is not sound", async () => {
	const data = await dataDirectory(10);
	expect(await pilotline("journal", "verify", "--data", data)).toMatchObject({
		code: 0,
		stdout: "10 records in 1 segments: all sound\n",
	});
	const folder = join(data, "journal");
	const name = readdirSync(folder)[0] as string;
	const bytes = readFileSync(join(folder, name));
	bytes.writeUInt8((bytes[30] as number) ^ 0xff, 30);
	// A second, sound segment behind it: then a torn tail in the first is damage, not a write that goes on.
	writeFileSync(join(folder, "00000002-0000000000000001.journal"), readFileSync(join(folder, name)));
	writeFileSync(join(folder, name), bytes);
	const { code, stdout } = await pilotline("journal", "verify", "--data", data);
	expect(code).toBe(1);
	expect(stdout).toContain(name);
});

test("a folder that is no agent's is refused with exit code 2", async () => {
	const outcome = await pilotline("journal", "verify", "--data", temporaryFolder());
	expect(outcome).toMatchObject({ code: 2, stdout: "" });
	expect(outcome.stderr).toContain("expected an agent's data directory");
});
