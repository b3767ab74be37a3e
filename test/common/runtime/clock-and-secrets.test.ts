import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { every, pause } from "../../../common/runtime/clock.ts";
import { CodedError, errorText } from "../../../common/runtime/coded-error.ts";
import { readSecretFile } from "../../../common/runtime/secret-file.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

describe("time", () => {
	test("a pause ends with its time, or at once when it is called off, even before it began", async () => {
		const clock = new SteppedClock();
		const whole = pause(clock, 100);
		clock.step(99);
		const controller = new AbortController();
		const broken = pause(clock, 1_000_000, controller.signal);
		controller.abort();
		expect(await broken).toBe(false);
		expect(await pause(clock, 1_000_000, controller.signal)).toBe(false);
		clock.step(1);
		expect(await whole).toBe(true);
	});

	test("ticks come once a period until they are stopped, also from inside a tick", () => {
		const clock = new SteppedClock();
		let ticks = 0;
		const stop = every(clock, 100, () => {
			ticks++;
			if (ticks === 3) stop();
		});
		clock.step(250);
		expect(ticks).toBe(2);
		clock.step(10_000);
		expect(ticks).toBe(3);
	});
});

describe("a secret's file", () => {
	test.each([
		["hunter2\n", "hunter2"],
		["hunter2\r\nsecond line\n", "hunter2"],
		[" with blanks ", " with blanks "],
	])("%j holds %j", async (content, secret) => {
		const path = join(temporaryFolder(), "password");
		writeFileSync(path, content);
		expect(await readSecretFile(path)).toBe(secret);
	});

	test.each([
		["nothing", "\nhunter2"],
		["a large file", "x".repeat(20_000)],
	])("with %s on its first line is refused by its name, never by its content", async (found, content) => {
		const path = join(temporaryFolder(), "password");
		writeFileSync(path, content);
		const error = await readSecretFile(path).catch((thrown: unknown) => thrown);
		expect(error).toMatchObject({
			code: "CONFIG_UNREADABLE",
			message: expect.stringContaining(`${path}: expected`),
		});
		expect((error as Error).message).toContain(found);
		expect((error as Error).message).not.toMatch(/hunter2|xxxx/);
	});

	test("that is not there is refused by its name", async () => {
		const path = join(temporaryFolder(), "password");
		await expect(readSecretFile(path)).rejects.toMatchObject({ code: "CONFIG_UNREADABLE" });
	});
});

test("an error is one line for people, whatever was thrown", () => {
	expect(errorText(new CodedError("USAGE", "expected a file"))).toBe("USAGE: expected a file");
	expect(errorText(new Error("first\nsecond"))).toBe("first");
	expect(errorText(new AggregateError([new Error("a"), new Error("b")]))).toBe("a; b");
	expect(errorText("text")).toBe("text");
	expect(new CodedError("BROKER_UNREACHABLE", "").retryable).toBe(true);
});
