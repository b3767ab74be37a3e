import { expect, test } from "vitest";
import { visibleText } from "../../../common/runtime/visible-text.ts";
import { runCommand } from "../../helpers/run-command.ts";

const nasty = "a\u001b[2J\u009b31m\u202eb\u2028\r\n{}\u0000\u{1f50b}é";

test("control characters are shown; inside a JSON string the value stays the same", () => {
	expect(visibleText(nasty)).toBe("a\\u001b[2J\\u009b31m\\u202eb\\u2028\\u000d\\u000a{}\\u0000\u{1f50b}é");
	expect(JSON.parse(visibleText(JSON.stringify(nasty)))).toBe(nasty);
});

test("a log line is one line, without anything that a terminal obeys", async () => {
	const program = `import { createLogger } from "./common/runtime/logger.ts";
		createLogger({ process: "test", level: "info" }).info({ tag: ${JSON.stringify(nasty)} }, ${JSON.stringify(nasty)});`;
	const { stderr } = await runCommand(process.execPath, ["--input-type=module", "-e", program], {
		cwd: process.cwd(),
	});
	expect(stderr.endsWith("\n")).toBe(true);
	expect(stderr.slice(0, -1)).not.toMatch(/[\p{Cc}\u202e\u2028]/u);
	expect(JSON.parse(stderr)).toMatchObject({ tag: nasty, msg: nasty });
});
