import { readdirSync, readFileSync, truncateSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exportSamples } from "../../cli/export.ts";
import { StoreReader } from "../../collector/store/reader.ts";
import { DataDirectory } from "../../common/runtime/data-directory.ts";
import { startServer } from "../collector/api/known-live.ts";
import { beganMs, KnownStore, minuteMs } from "../collector/store/known-store.ts";
import { sealTo } from "../collector/store/sealed-store.ts";
import { runCommand } from "../helpers/run-command.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const root = new URL("../../", import.meta.url).pathname;
const store = new KnownStore();
const data = dirname(store.path);
const at = (minute: number) => beganMs + minute * minuteMs;
const asked = { data, api: "", phaseTag: "Phase", json: false, format: "csv" as const };

beforeAll(async () => {
	store.series("U500", "F500.TT01", "Double", "degC");
	store.series("U500", "Phase", "String");
	for (let minute = 0; minute < 40; minute++)
		store.record("U500", [
			...(minute % 20 === 0
				? [{ tag: "Phase", atMs: at(minute), value: minute === 0 ? "IDLE" : "SOAK" }]
				: []),
			{ tag: "F500.TT01", atMs: at(minute), value: 500 + minute },
		]);
	// Half of it is sealed.
	await sealTo(store.file, store.path, 20);
});
afterAll(() => store.remove());

const exported = async (options: Partial<Parameters<typeof exportSamples>[0]>) => {
	const output = join(temporaryFolder(), "export");
	expect(await exportSamples({ ...asked, ...options, output })).toBe(0);
	return readFileSync(output, "utf8");
};

test("a stopped collector's files give what the running one gives, byte for byte, and are free again", async () => {
	const reader = new StoreReader();
	await reader.open(store.path);
	const server = await startServer(reader);
	try {
		const ask = { unit: "U500", from: at(0), to: at(39) };
		for (const format of ["csv", "json"] as const) {
			const { data: _data, ...running } = asked;
			const output = join(temporaryFolder(), "export");
			await exportSamples({ ...running, ...ask, format, output, api: `http://127.0.0.1:${server.port}` });
			const told = readFileSync(output, "utf8");
			expect(told.length).toBeGreaterThan(2_000);
			expect(await exported({ ...ask, format })).toBe(told);
		}
	} finally {
		await server.stop();
		await reader.close();
	}
	expect(DataDirectory.isOwned(data)).toBe(false);
});

test("the newest value is the end, where none is given, and the phase is told by the tag that is named", async () => {
	const lines = (await exported({ unit: "U500", tag: ["F500.TT01"], hours: 1 })).trim().split("\r\n");
	expect([lines.length, lines.at(-1)?.slice(0, 19)]).toEqual([41, "2026-11-20T06:39:00"]);
	const soak = (await exported({ unit: "U500", tag: ["F500.TT01"], phase: "SOAK" })).trim().split("\r\n");
	expect([soak.length, soak[1]?.slice(0, 19)]).toEqual([21, "2026-11-20T06:20:00"]);
});

test("Parquet too, and its temporary file does not stay", async () => {
	const text = await exported({ unit: "U500", format: "parquet" });
	expect(text.slice(0, 4)).toBe("PAR1");
	const left = readdirSync(join(data, "parts"), { recursive: true }).map(String);
	expect(left.filter((name) => name.endsWith(".parquet") && name.startsWith("temporary"))).toEqual([]);
});

test.each([
	[{}, "expected --unit or --lot, found neither"],
	[{ unit: "U9" }, 'expected a unit or lot that has values, found unit "U9"'],
	[{ unit: "U500", from: at(2), to: at(1) }, "from: expected a time up to"],
	[
		{ unit: "U500", data: "/no/such/folder" },
		"expected the data directory of a collector, found no store.db",
	],
])("%j is refused by name", async (options, message) => {
	await expect(exportSamples({ ...asked, ...options })).rejects.toMatchObject({
		code: "USAGE",
		message: expect.stringContaining(message),
	});
	expect(DataDirectory.isOwned(data)).toBe(false);
});

test("the files of a running collector are left alone, and the help says where --data belongs", async () => {
	const owner = new DataDirectory(data);
	await owner.acquire();
	try {
		await expect(exportSamples({ ...asked, unit: "U500" })).rejects.toMatchObject({ code: "DATA_DIR_BUSY" });
	} finally {
		await owner.release();
	}
	const pilotline = (...args: string[]) =>
		runCommand(
			process.execPath,
			["--disable-warning=ExperimentalWarning", "cli/main.ts", "export", ...args],
			{
				cwd: root,
			},
		);
	expect((await pilotline("--help")).stdout).toContain(
		"pilotline export --data /var/lib/pilotline/collector",
	);
	const both = await pilotline("--unit", "U500", "--data", data, "--api", "http://127.0.0.1:1");
	expect([both.code, both.stderr]).toEqual([2, expect.stringContaining("cannot be used with option")]);
});

test("what a damaged part held is named, and the exit code says that it is missing", async () => {
	const part = readdirSync(join(data, "parts")).find(
		(name) => name.endsWith(".parquet") && !name.includes("-q-"),
	) as string;
	truncateSync(join(data, "parts", part), 100);
	const outcome = await runCommand(
		process.execPath,
		["--disable-warning=ExperimentalWarning", "cli/main.ts", "export", "--unit", "U500", "--data", data],
		{ cwd: root },
	);
	expect(outcome.code).toBe(1);
	expect(outcome.stderr).toContain(`${part} is damaged`);
	// What is not sealed is there: 20 values and a phase.
	expect(outcome.stdout.trim().split("\r\n").length).toBe(1 + 20 + 1);
});
