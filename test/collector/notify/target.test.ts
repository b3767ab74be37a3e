import { describe, expect, test } from "vitest";
import { TargetRules } from "../../../collector/notify/target.ts";

const closed = new TargetRules([]);

describe("without a network of its own a destination reaches public addresses only", () => {
	test.each([
		...["127.0.0.1", "127.1", "0x7f000001", "2130706433", "017700000001", "0"],
		...[
			"10.0.0.1",
			"172.16.0.1",
			"192.168.1.1",
			"100.64.0.1",
			"169.254.169.254",
			"0.0.0.0",
			"224.0.0.1",
			"255.255.255.255",
		],
		...["[::1]", "[::]", "[fe80::1]", "[fd00::1]", "[ff02::1]"],
		...[
			"[::ffff:127.0.0.1]",
			"[::ffff:a00:1]",
			"[::127.0.0.1]",
			"[::10.0.0.1]",
			"[64:ff9b::10.0.0.1]",
			"[2002:7f00:1::]",
		],
	])("http://%s/ is refused", (host) => {
		expect(() => closed.checkUrl(new URL(`http://${host}/`))).toThrow(
			expect.objectContaining({ code: "WEBHOOK_TARGET_REFUSED" }),
		);
	});

	test.each(["8.8.8.8", "[2606:4700::1111]", "[::ffff:8.8.8.8]"])("http://%s/ is taken", (host) => {
		expect(() => closed.checkUrl(new URL(`http://${host}/`))).not.toThrow();
	});
});

describe("a network of the configuration", () => {
	const plant = new TargetRules(["10.20.0.0/16", "fd12:3456::/32"]);
	test.each([
		["10.20.255.1", true],
		["10.21.0.1", false],
		["::ffff:10.20.0.1", true],
		["fd12:3456::7", true],
		["fd12:3457::7", false],
		["127.0.0.1", false],
	])("%s: %s", (address, allowed) => {
		expect(plant.allows(address)).toBe(allowed);
	});

	test("that is none is refused with what was expected", () => {
		expect(() => new TargetRules(["10.20.0.0"])).toThrow(
			/expected a network such as 10\.20\.0\.0\/16, found "10\.20\.0\.0"/,
		);
	});
});

test("text that is no address is not allowed", () => {
	for (const text of ["", "example.com", "1.2.3.4.5", "::g"]) expect(closed.allows(text)).toBe(false);
});
