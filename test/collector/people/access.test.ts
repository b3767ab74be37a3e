import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Access, type AccessOptions } from "../../../collector/people/access.ts";
import { hashPassword } from "../../../collector/people/password.ts";
import {
	addPerson,
	addToken,
	changePerson,
	editPeople,
	readPeople,
	removePerson,
	removeToken,
} from "../../../collector/people/people-edit.ts";
import { makeToken } from "../../../collector/people/token.ts";
import type { Deed } from "../../../collector/people-port.ts";
import { quietTelemetry } from "../../helpers/quiet-telemetry.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { eventually } from "../../simulators/plant/eventually.ts";

/** As weak as a file may have it, so that tests are quick. */
const cheap = { ln: 14, r: 8, p: 1 };
const minuteMs = 60_000;
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
