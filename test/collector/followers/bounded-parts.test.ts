import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DeadLetters } from "../../../collector/followers/dead-letters.ts";
import { RateLimit } from "../../../collector/followers/rate-limit.ts";
import { StoredMarks } from "../../../collector/followers/stored-marks.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

test("dead letters keep the newest within their bound, also over a restart", async () => {
	const path = join(temporaryFolder(), "further", "one.jsonl");
	let letters = new DeadLetters(path, 20_000);
	for (let n = 0; n < 600; n++) {
		await letters.append([{ atMs: n, reason: "bad", line: `line ${n} ${"x".repeat(40)}` }]);
		if (n % 100 !== 50) continue;
		await letters.close();
		letters = new DeadLetters(path, 20_000);
	}
	await letters.close();
	const older = path.replace(".jsonl", ".1.jsonl");
	expect(statSync(path).size + statSync(older).size).toBeLessThanOrEqual(20_000);
	const kept = [older, path].flatMap((file) =>
		readFileSync(file, "utf8")
			.trim()
			.split("\n")
			.map((line) => Number(/line (\d+)/.exec(JSON.parse(line).line)?.[1])),
	);
	expect(kept.length).toBeGreaterThan(90);
	expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 600 - kept.length + index));
});

test("no file is made without a letter", async () => {
	const path = join(temporaryFolder(), "one.jsonl");
	const letters = new DeadLetters(path, 20_000);
	await letters.append([]);
	await letters.close();
	expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
});

test("a rate limit lets a second's worth go at once, and no more than its rate over a longer time", () => {
	const limit = new RateLimit(1_000);
	let nowMs = 50_000;
	let sent = 0;
	while (nowMs < 60_000) {
		nowMs += limit.take(250, nowMs);
		sent += 250;
	}
	expect(sent).toBeGreaterThanOrEqual(10_000);
	expect(sent).toBeLessThanOrEqual(11_250);
});

test("marks tell since when something waits, to the second and later to what is left of them", () => {
	const marks = new StoredMarks();
	expect(marks.storedMs(0)).toBeUndefined();
	for (let s = 0; s < 100; s++) marks.note(s * 512, s * 1_000);
	expect(marks.storedMs(40 * 512 + 3)).toBe(40_000);
	expect(marks.storedMs(99 * 512)).toBe(99_000);
	for (let s = 100; s < 200_000; s++) marks.note(s * 512, s * 1_000);
	const foundMs = marks.storedMs(100_000 * 512) ?? 0;
	expect(foundMs).toBeLessThanOrEqual(100_000_000);
	expect(foundMs).toBeGreaterThan(99_700_000);
});
