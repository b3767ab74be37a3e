import fc from "fast-check";
import { expect, test } from "vitest";
import { Delivery } from "../../../collector/followers/delivery.ts";
import type { WriteAnswer } from "../../../collector/followers/write-answer.ts";

const seed = Number(process.env.TEST_SEED ?? 20261130);
const written = async (): Promise<WriteAnswer> => ({ outcome: "written" });

test("whatever lines are bad or large, and whenever it is halted: each line is taken or refused once, in order", async () => {
	const script = fc.record({
		lines: fc.integer({ min: 1, max: 60 }),
		bad: fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { maxLength: 10 }),
		mostLines: fc.integer({ min: 1, max: 60 }),
		halts: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 5 }),
	});
	await fc.assert(
		fc.asyncProperty(script, async ({ lines: count, bad, mostLines, halts }) => {
			const lines = Array.from({ length: count }, (_, index) => `line ${index}`);
			const taken: string[] = [];
			let calls = 0;
			const delivery = new Delivery(lines, 200);
			const write = async (part: readonly string[]): Promise<WriteAnswer> => {
				expect(Buffer.byteLength(part.join("\n"))).toBeLessThanOrEqual(200);
				if (halts.includes(calls++)) return { outcome: "later", reason: "busy" };
				if (part.length > mostLines) return { outcome: "too_large", reason: "413" };
				const found = part.filter((line) => bad.includes(lines.indexOf(line)));
				if (found.length > 0) return { outcome: "refused", reason: "bad" };
				taken.push(...part);
				return { outcome: "written" };
			};
			while ((await delivery.run(write, written)) !== undefined) expect(calls).toBeLessThan(1_000);
			const good = lines.filter((_, index) => !bad.includes(index));
			expect(taken).toEqual(good);
			expect(delivery.written).toBe(good.length);
			expect(delivery.refused.map(({ line }) => line)).toEqual(
				lines.filter((_, index) => bad.includes(index)),
			);
		}),
		{ seed },
	);
});

test("lines that an answer names need no halving", async () => {
	let calls = 0;
	const delivery = new Delivery(["a", "b", "c"], 1_000);
	const write = async (): Promise<WriteAnswer> => {
		calls++;
		return { outcome: "refused", reason: "partial", bad: [{ index: 1, reason: "b is bad" }] };
	};
	expect(await delivery.run(write, written)).toBeUndefined();
	expect([calls, delivery.written, delivery.refused]).toEqual([
		1,
		2,
		[{ line: "b", reason: "b is bad", more: 0 }],
	]);
});

test("when nothing is taken, a plain line tells a bad line from a bad database", async () => {
	const refuse = async (): Promise<WriteAnswer> => ({ outcome: "refused", reason: "400 no database" });
	const lines = Array.from({ length: 1_000 }, (_, index) => `line ${index}`);
	const halted = await new Delivery(lines, 1e6).run(refuse, refuse);
	expect(halted).toEqual({
		outcome: "held",
		reason: "nothing is taken, not even a plain line: 400 no database",
	});
	const delivery = new Delivery(lines, 1e6);
	expect(await delivery.run(refuse, written)).toBeUndefined();
	expect(delivery.refusedLines).toBe(1_000);
});
