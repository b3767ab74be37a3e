import { afterEach, beforeEach, expect, test } from "vitest";
import type { ApiServer } from "../../collector/api/api-server.ts";
import { StoreReader } from "../../collector/store/reader.ts";
import { knownLive, startServer } from "../collector/api/known-live.ts";
import { beganMs, KnownStore, minuteMs } from "../collector/store/known-store.ts";
import { runCommand } from "../helpers/run-command.ts";

const repository = new URL("../../", import.meta.url).pathname;
let store: KnownStore;
let reader: StoreReader;
let server: ApiServer;

beforeEach(async () => {
	store = new KnownStore();
	for (const unit of ["U500", "U700"]) store.series(unit, "Written", "UInt32");
	reader = new StoreReader();
	await reader.open(store.path);
	server = await startServer(reader);
	const visit = { lot: "L1", recipe: "R1", startObserved: true };
	store.commit({
		visits: [
			{ ...visit, unit: "U500", batch: "B1", fromMs: at(0), toMs: at(3) },
			{ ...visit, unit: "U700", batch: "B1", fromMs: at(4), toMs: undefined },
		],
	});
});
afterEach(async () => {
	await server.stop();
	await reader.close();
	store.remove();
});

const at = (minute: number) => beganMs + minute * minuteMs;

/** The unit's counts from minute 0 on; each is its only value, so it counts one at a time when nothing is lost. */
function counts(unit: string, written: readonly number[]): void {
	store.records(
		unit,
		written.map((value, minute) => ({ tag: "Written", atMs: at(minute), value })),
		2,
	);
}

async function reconcile(...args: string[]) {
	const program = ["--disable-warning=ExperimentalWarning", "cli/main.ts", "reconcile"];
	const api = ["--api", `http://127.0.0.1:${server.port}/`];
	return await runCommand(process.execPath, [...program, ...api, ...args], { cwd: repository });
}

test("everything is stored: a table that lines up, a plain sentence, exit code 0", async () => {
	counts("U500", [1, 2, 3, 4]);
	counts("U700", [7, 8]);
	const { code, stdout } = await reconcile();
	expect(stdout).toBe(
		`unit  from (UTC)           to (UTC)             produced  stored  missing  gaps  remarks
U500  2026-11-20 06:00:00  2026-11-20 06:03:00         3       3        0     0
U700  2026-11-20 06:00:00  2026-11-20 06:01:00         1       1        0     0
Every value that was counted is stored.
`,
	);
	expect(code).toBe(0);
});

test("missing without a gap row is exit code 1, with a gap row 0; both say what to do next", async () => {
	counts("U500", [1, 2, 8, 9]);
	const without = await reconcile();
	expect(without.stdout).toContain(`5 values that the plant has counted are not stored.
No gap says why: U500.
Next: pilotline gaps lists what is missing and why.
Not counted: U700.
`);
	expect(without.code).toBe(1);
	store.commit({
		gaps: [
			{
				id: "gap-1",
				edgeNode: 1,
				device: "U500",
				tags: [],
				fromMs: at(1),
				toMs: at(2),
				cause: "agent_down",
				backfilled: false,
				noticedMs: at(3),
			},
		],
	});
	const withGap = await reconcile();
	expect(withGap.stdout).toMatch(/^U500 .* 8 +3 +5 +1$/m);
	expect(withGap.stdout).not.toContain("No gap says why");
	expect(withGap.code).toBe(0);
});

test("a lot: its batches' units, those without counts named; --json prints the answer as it is", async () => {
	counts("U500", [1, 2, 1, 2]);
	const { code, stdout } = await reconcile("--lot", "L1");
	expect(stdout).toBe(
		`unit  batch  from (UTC)           to (UTC)             produced  stored  missing  gaps  remarks
U500  B1     2026-11-20 06:00:00  2026-11-20 06:03:00         2       2        0     0  the source began to count anew
Every value that was counted is stored.
Not counted: U700 B1.
`,
	);
	expect(code).toBe(0);
	const json = JSON.parse((await reconcile("--lot", "L1", "--json")).stdout);
	expect(json).toMatchObject({
		tag: "Written",
		rows: [
			{ unit: "U500", batch: "B1", lot: "L1", fromMs: at(0), produced: 2, stored: 2, restarted: true },
			{ unit: "U700", batch: "B1", lot: "L1", complete: true },
		],
	});
});

test("more stored than counted is said", async () => {
	counts("U500", [1, 2, 2, 3]);
	const { code, stdout } = await reconcile();
	expect(stdout).toMatch(/^U500 .* 2 +3 +-1 +0$/m);
	expect(stdout).toContain("U500: 1 value more is stored than counted.");
	expect(code).toBe(1);
});

test("an unknown lot is a mistake of usage; a collector without the key says which one", async () => {
	const unknown = await reconcile("--lot", "L9", "--json");
	expect(unknown.code).toBe(2);
	expect(unknown.stderr).toContain("expected a lot that has been in a unit, found L9");
	expect(unknown.stdout).toBe("");
	await server.stop();
	server = await startServer(reader, knownLive(), null);
	const { code, stdout } = await reconcile("--lot", "L1");
	expect(stdout).toMatch(/^Nothing counts: set context\.written in the collector's configuration/);
	expect(code).toBe(0);
});
