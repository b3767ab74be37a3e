import { describe, expect, test } from "vitest";
import { LoginAttempts, perAddress, perName } from "../../../collector/people/login-attempts.ts";
import {
	hashPassword,
	isPassword,
	isPasswordHash,
	passwordFault,
	usualCost,
} from "../../../collector/people/password.ts";
import { nameFault } from "../../../collector/people/people-file.ts";
import { mayDo, permissions } from "../../../collector/people/permissions.ts";
import { Sessions } from "../../../collector/people/sessions.ts";
import { isToken, makeToken, tokenId } from "../../../collector/people/token.ts";
import { roles } from "../../../collector/people-port.ts";

/** As weak as a file may have it, so that tests are quick. */
const cheap = { ln: 14, r: 8, p: 1 };
const minuteMs = 60_000;

describe("passwords", () => {
	test("only the right one fits, in whichever form a keyboard writes it, and no two hashes are alike", async () => {
		const password = "Straße, café — 電解質";
		const hash = await hashPassword(password, cheap);
		expect(isPasswordHash(hash)).toBe(true);
		expect(hash).not.toContain("caf");
		expect(await isPassword(password.normalize("NFD"), hash)).toBe(true);
		expect(await isPassword(`${password} `, hash)).toBe(false);
		expect(await isPassword("", hash)).toBe(false);
		expect(await hashPassword(password, cheap)).not.toBe(hash);
		expect(isPasswordHash(await hashPassword(password, usualCost))).toBe(true);
	});

	test.each([
		["$scrypt$ln=10,r=8,p=1", "weaker than allowed"],
		["$scrypt$ln=20,r=8,p=1", "more memory than allowed"],
		["$argon2id$ln=15,r=8,p=1", "another kind"],
	])("a hash %s is refused: %s", async (head) => {
		expect(isPasswordHash(`${head}$${"A".repeat(22)}$${"A".repeat(43)}`)).toBe(false);
	});

	test.each([
		["short", /12 to 128 characters, found 5/],
		["x".repeat(129), /found 129/],
		["aaaaaaaaaaaaaaaa", /5 different/],
		["my name is K.Tanaka", /person's name/],
		["correct horse\tbattery", /control characters/],
		["correct horse battery", undefined],
	])("%s", (password, fault) => {
		const found = passwordFault(password, "k.tanaka");
		if (fault === undefined) expect(found).toBeUndefined();
		else expect(found).toMatch(fault);
	});
});

test.each(["", " a", "a ", "a\nb", "os:root", "<b>", "a'; --", "collector", "a".repeat(65), "e\u0301"])(
	"%j is no name",
	(name) => expect(nameFault(name)).toBeDefined(),
);
test.each(["k.tanaka", "田中 一郎", "J. O-Brien", "x"])("%s is a name", (name) =>
	expect(nameFault(name)).toBeUndefined(),
);

test("a token is found by its id and proved by its hash", () => {
	const token = makeToken();
	expect(tokenId(token.text)).toBe(token.id);
	expect(isToken(token.text, token.sha256)).toBe(true);
	const other = `${token.text.slice(0, -1)}${token.text.endsWith("A") ? "B" : "A"}`;
	expect([isToken(other, token.sha256), tokenId(`${token.text}x`), tokenId("")]).toEqual([
		false,
		undefined,
		undefined,
	]);
});

describe("attempts to log in", () => {
	test("after four wrong ones each further one waits twice as long, up to five minutes, until it was right", () => {
		const attempts = new LoginAttempts(perName);
		const waits: number[] = [];
		let nowMs = 0;
		for (let wrong = 0; wrong < 14; wrong++) {
			attempts.begin("ito", nowMs);
			waits.push(attempts.waitMs("ito", nowMs));
			nowMs += waits.at(-1) as number;
		}
		expect(waits.map((ms) => ms / 1_000)).toEqual([0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
		expect(attempts.waitMs("sato", nowMs)).toBe(0);
		attempts.succeeded("ito");
		attempts.begin("ito", nowMs);
		expect(attempts.waitMs("ito", nowMs)).toBe(0);
	});
	test("a quarter of an hour without a wrong one forgets them", () => {
		const attempts = new LoginAttempts(perName);
		for (let wrong = 0; wrong < 6; wrong++) attempts.begin("ito", 0);
		expect(attempts.waitMs("ito", 14 * minuteMs)).toBe(0);
		attempts.begin("ito", 16 * minuteMs);
		expect(attempts.waitMs("ito", 16 * minuteMs)).toBe(0);
	});
	test("an address has more room, and right ones do not clear the wrong ones of others", () => {
		const attempts = new LoginAttempts(perAddress);
		for (let n = 0; n < 20; n++) attempts.begin("a", 0);
		expect(attempts.waitMs("a", 0)).toBe(0);
		attempts.begin("a", 0);
		expect(attempts.waitMs("a", 0)).toBe(1_000);
		attempts.undo("a");
		expect(attempts.waitMs("a", 0)).toBe(0);
		attempts.begin("a", 0);
		expect(attempts.waitMs("a", 0)).toBe(1_000);
	});
	test("however many names are tried, what is kept is bounded", () => {
		const attempts = new LoginAttempts(perName);
		for (let n = 0; n < 6_000; n++) attempts.begin(`name ${n}`, n);
		expect(attempts.size).toBe(5_000);
	});
});

describe("sessions", () => {
	const rules = { idleMs: 30 * minuteMs, lifetimeMs: 120 * minuteMs };
	test("end when nobody uses them, and also when somebody does", () => {
		const sessions = new Sessions(rules);
		const idle = sessions.begin("ito", 0);
		const used = sessions.begin("ito", 0);
		expect(idle).not.toBe(used);
		for (let minute = 29; minute < 120; minute += 29)
			expect(sessions.use(used, minute * minuteMs)).toBe("ito");
		expect(sessions.use(idle, 31 * minuteMs)).toBeUndefined();
		expect(sessions.use(used, 120 * minuteMs)).toBeUndefined();
		expect(sessions.use("another", 0)).toBeUndefined();
		const watched = sessions.begin("ito", 0);
		for (let minute = 1; minute < 30; minute++)
			expect(sessions.use(watched, minute * minuteMs, false)).toBe("ito");
		expect(sessions.use(watched, 30 * minuteMs, false)).toBeUndefined();
	});
	test("are ten of a person and 500 of all; the one that was unused longest goes", () => {
		const sessions = new Sessions(rules);
		const first = Array.from({ length: 10 }, (_, n) => sessions.begin("ito", n));
		sessions.use(first[0] as string, 20);
		sessions.begin("ito", 21);
		expect(sessions.use(first[0] as string, 22)).toBe("ito");
		expect(sessions.use(first[1] as string, 22)).toBeUndefined();
		for (let n = 0; n < 600; n++) sessions.begin(`p${n}`, 100 + n);
		expect(sessions.size).toBe(500);
	});
});

test("who may do what: the whole table", () => {
	const table = Object.keys(permissions).map((action) => {
		const may = roles.map((role) => mayDo(action as never, { name: "x", roles: [role] }, false));
		return [action, mayDo(action as never, undefined, false), ...may];
	});
	//                 nobody viewer operator quality administrator
	expect(table).toEqual([
		["open", true, true, true, true, true],
		["read", false, true, true, true, true],
		["comment.enter", false, false, true, true, false],
		["laboratory.enter", false, false, true, true, false],
		["lot.decide", false, false, false, true, false],
		["audit.read", false, false, false, true, true],
	]);
	expect(mayDo("read", undefined, true)).toBe(true);
	expect(mayDo("audit.read", undefined, true)).toBe(false);
	expect(mayDo("comment.enter", { name: "x", roles: ["viewer", "operator"] }, false)).toBe(true);
});
