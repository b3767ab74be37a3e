import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Access, type AccessOptions } from "../../../collector/people/access.ts";
import { LoginAttempts, perAddress, perName } from "../../../collector/people/login-attempts.ts";
import {
	hashPassword,
	isPassword,
	isPasswordHash,
	passwordFault,
	usualCost,
} from "../../../collector/people/password.ts";
import {
	addPerson,
	addToken,
	changePerson,
	editPeople,
	readPeople,
	removePerson,
	removeToken,
} from "../../../collector/people/people-edit.ts";
import { nameFault } from "../../../collector/people/people-file.ts";
import { mayDo, permissions } from "../../../collector/people/permissions.ts";
import { Sessions } from "../../../collector/people/sessions.ts";
import { isToken, makeToken, tokenId } from "../../../collector/people/token.ts";
import { type Deed, roles } from "../../../collector/people-port.ts";
import { quietTelemetry } from "../../helpers/quiet-telemetry.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { eventually } from "../../simulators/plant/eventually.ts";

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
		["audit.read", false, false, false, true, true],
	]);
	expect(mayDo("read", undefined, true)).toBe(true);
	expect(mayDo("audit.read", undefined, true)).toBe(false);
	expect(mayDo("comment.enter", { name: "x", roles: ["viewer", "operator"] }, false)).toBe(true);
});

const by = { by: "os:root", atTime: "2026-11-30T06:00:00.000Z" };
const password = "correct horse battery";

describe("the people file", () => {
	test("is changed whole, for its owner's eyes only; what cannot be done changes nothing", async () => {
		const file = join(temporaryFolder(), "people.yaml");
		const hash = await hashPassword(password, cheap);
		await editPeople(file, addPerson("ito", ["quality"], hash), by);
		const { text: _text, ...kept } = makeToken();
		await editPeople(file, addToken("ito", "lims", kept), by);
		expect(statSync(file).mode & 0o777).toBe(0o600);
		expect((await readPeople(file)).people).toEqual([
			{
				...{ name: "ito", roles: ["quality"], password: hash, password_set: by.atTime },
				tokens: [{ name: "lims", ...kept, made: by.atTime }],
			},
		]);
		const before = readFileSync(file, "utf8");
		for (const edit of [
			addPerson("Ito", ["viewer"], undefined),
			addPerson("a/b", ["viewer"], undefined),
			removePerson("sato"),
			addToken("ito", "lims", kept),
			removeToken("ito", "other"),
		])
			await expect(editPeople(file, edit, by)).rejects.toThrow(/USAGE|expected/);
		expect(readFileSync(file, "utf8")).toBe(before);
		writeFileSync(`${file}.new`, "");
		await expect(editPeople(file, removePerson("ito"), by)).rejects.toThrow(/another command is changing/);
	});
});

interface Rig {
	readonly access: Access;
	readonly clock: SteppedClock;
	readonly deeds: Deed[];
	readonly file: string;
}

async function rig(options: Partial<AccessOptions> = {}): Promise<Rig> {
	const clock = new SteppedClock();
	const file = join(temporaryFolder(), "people.yaml");
	await editPeople(file, addPerson("ito", ["operator"], await hashPassword(password, cheap)), by);
	const deeds: Deed[] = [];
	const access = new Access({
		...{ clock, telemetry: quietTelemetry(), login: "writing", file, cost: cheap },
		entries: {
			enter: () => Promise.reject(new Error("expected no input")),
			record: async (deed) => void deeds.push(deed),
		},
		sessions: { idleMs: 30 * minuteMs, lifetimeMs: 720 * minuteMs },
		lastRecorded: async () => undefined,
		...options,
	});
	await access.start();
	onTestFinished(() => access.stop());
	return { access, clock, deeds, file };
}

describe("access", () => {
	test("a login gives a session and is recorded, as are a refused one and the end; never with a password", async () => {
		const { access, deeds } = await rig();
		const answer = await access.logIn("ito", password, "loopback");
		const session = "session" in answer ? answer.session : "";
		expect(access.bySession(session)).toEqual({
			person: { name: "ito", roles: ["operator"] },
			by: "session",
		});
		expect(await access.logIn("ito", `${password}!`, "loopback")).toEqual({ refused: "wrong" });
		expect(await access.logIn("nobody", password, "loopback")).toEqual({ refused: "wrong" });
		await access.logOut(session);
		expect(access.bySession(session)).toBeUndefined();
		expect(deeds.map(({ by: who, action, subject }) => [who, action, subject])).toEqual([
			["os:root", "people.changed", "people"],
			["ito", "login.accepted", "ito"],
			["collector", "login.refused", "ito"],
			["collector", "login.refused", "nobody"],
			["ito", "logout", "ito"],
		]);
		expect(JSON.stringify(deeds)).not.toContain("horse");
		expect(JSON.stringify(deeds)).not.toContain("scrypt");
	});

	test("wrong passwords make one wait, right ones too; what was not looked at is counted in the record", async () => {
		const { access, clock, deeds } = await rig();
		for (let wrong = 0; wrong < 5; wrong++) await access.logIn("ito", "wrong", "loopback");
		expect(await access.logIn("ito", password, "loopback")).toEqual({ refused: "wait", waitMs: 2_000 });
		clock.step(2_000);
		expect(await access.logIn("ito", "wrong", "loopback")).toEqual({ refused: "wrong" });
		expect(deeds.at(-1)?.detail).toEqual({ address: "loopback", unrecorded: 1 });
		clock.step(4_000);
		expect(await access.logIn("ito", password, "loopback")).toMatchObject({ person: { name: "ito" } });
	});

	test("many at once are checked two at a time, and at most 16 wait", async () => {
		const { access } = await rig();
		const all = await Promise.all(
			Array.from({ length: 19 }, (_, n) => access.logIn(`name ${n}`, password, `address ${n}`)),
		);
		const refused = all.map((answer) => ("refused" in answer ? answer.refused : "taken"));
		expect(refused.filter((word) => word === "busy")).toHaveLength(1);
		expect(refused.filter((word) => word === "wrong")).toHaveLength(18);
	});

	test("without people nobody can log in, and that is said", async () => {
		const { access } = await rig({ file: undefined });
		expect(await access.logIn("ito", password, "loopback")).toEqual({ refused: "nobody" });
		expect(access.byToken(makeToken().text)).toBeUndefined();
	});

	test("a changed file holds within two seconds: sessions of whom it concerns end, and what changed is recorded", async () => {
		const { access, clock, deeds, file } = await rig();
		const { text, ...kept } = makeToken();
		const look = async (until: () => boolean) => {
			clock.step(1_000);
			await eventually(until);
		};
		await editPeople(file, addToken("ito", "lims", kept), by);
		await look(() => deeds.length === 2);
		await eventually(() => access.byToken(text) !== undefined);
		const answer = await access.logIn("ito", password, "loopback");
		const session = "session" in answer ? answer.session : "";
		await editPeople(file, addPerson("sato", ["viewer"], undefined), by);
		await look(() => deeds.length === 4);
		expect(access.bySession(session)).toBeDefined();
		await editPeople(
			file,
			changePerson("ito", (entry) => ({ ...entry, roles: ["viewer"] })),
			{
				...{ by: "os:chief", atTime: "2026-11-30T07:00:00.000Z" },
			},
		);
		await look(() => deeds.length === 5);
		await eventually(() => access.bySession(session) === undefined);
		expect(access.byToken(text)?.person.roles).toEqual(["viewer"]);
		expect(deeds.at(-1)?.by).toBe("os:chief");
		const { before, now } = (deeds.at(-1) as Deed).detail as { before: object[]; now: object[] };
		expect([before[0], now[0]]).toMatchObject([{ roles: ["operator"] }, { roles: ["viewer"] }]);
		await editPeople(file, removeToken("ito", "lims"), by);
		await look(() => access.byToken(text) === undefined);
	});

	test("a file that cannot be used leaves the people of before, and one that is mended is taken", async () => {
		const { access, clock, file } = await rig();
		const sound = readFileSync(file, "utf8");
		const { text, ...kept } = makeToken();
		writeFileSync(file, "kind: people\nschema: 1\npeople: [{ name: ito }]\n");
		clock.step(1_000);
		expect(await access.logIn("ito", password, "loopback")).toMatchObject({ person: { name: "ito" } });
		writeFileSync(file, sound);
		await editPeople(file, addToken("ito", "lims", kept), by);
		clock.step(1_000);
		await eventually(() => {
			clock.step(1_000);
			return access.byToken(text) !== undefined;
		});
	});

	test("people that were changed while nothing ran are recorded at the start, and those that were not are not", async () => {
		const { deeds, file } = await rig();
		const detail = JSON.stringify(deeds[0]?.detail);
		const last = { detail } as never;
		const same = await rig({ file, lastRecorded: async () => last });
		expect(same.deeds).toEqual([]);
		// By hand, so the name of whoever used the command last does not count.
		writeFileSync(file, readFileSync(file, "utf8").replace("- operator", "- quality"));
		const changed = await rig({ file, lastRecorded: async () => last });
		expect(changed.deeds.map((deed) => deed.by)).toEqual(["collector"]);
	});

	test("a file that everybody can write is not used", async () => {
		const { file } = await rig();
		chmodSync(file, 0o666);
		await expect(rig({ file })).rejects.toThrow(/found one that everybody can; chmod o-w/);
	});

	test("a file that is not there stops the start with its name", async () => {
		const file = join(temporaryFolder(), "people.yaml");
		await expect(rig({ file })).rejects.toThrow(file);
	});
});
