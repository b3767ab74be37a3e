import { expect, onTestFinished, test } from "vitest";
import { StoreReader } from "../../../collector/store/reader.ts";
import { counted } from "../../helpers/quiet-telemetry.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { eventually } from "../../simulators/plant/eventually.ts";
import { incoming } from "../intake/incoming.ts";
import { IntakeRig } from "../intake/intake-rig.ts";
import { occurrenceText, stored } from "../quality/told-story.ts";
import { FollowerRig, ScriptedDatabase } from "./follower-rig.ts";

const rounds = 48;
const roundMs = 1_800_000;
const perRound = 10;

/** Half an hour of one tag, above its window for a minute in every fourth. */
function halfHour(n: number): { series: number; atMs: number; value: number }[] {
	return Array.from({ length: perRound }, (_, index) => ({
		series: 5,
		atMs: n * roundMs + index * 60_000,
		value: n % 4 === 1 && (index === 3 || index === 4) ? 20 + n : 5,
	}));
}

test("a follower that is down for a day holds back no confirmation, no judgement and no other follower", async () => {
	const [dead, alive] = [await ScriptedDatabase.start(), await ScriptedDatabase.start()];
	const lines = { dead: [] as string[], alive: [] as string[] };
	let refusal: number | undefined = 503;
	dead.answer = (request) => {
		if (refusal !== undefined) return { status: refusal };
		lines.dead.push(...request.lines);
		return { status: 204 };
	};
	alive.answer = (request) => {
		lines.alive.push(...request.lines);
		return { status: 204 };
	};
	const intake = await new IntakeRig(temporaryFolder()).start();
	const reader = new StoreReader();
	await reader.open(intake.path);
	onTestFinished(() => reader.close());
	const line = { store: intake.store, reader, end: 0 };
	const rig = new FollowerRig(line, intake.clock);
	const backlog = { age_max_h: 20 };
	await rig.follow(
		{ name: "dead", kind: "influxdb2", url: dead.url, org: "o", bucket: "b", backlog },
		{ name: "alive", kind: "influxdb1", url: alive.url, database: "d", backlog },
	);

	const context = ["B1", "L1", "R1", "SOAK"].map((value, index) => ({ series: index + 1, atMs: 0, value }));
	intake.intake.held(1, [{ epoch: 7, first: 1, next: rounds + 1 }], true);
	for (let n = 0; n < rounds; n++) {
		// For the first half it is overloaded; then somebody has taken its token away.
		if (n === rounds / 2) refusal = 401;
		const samples = [...(n === 0 ? context : []), ...halfHour(n)];
		void intake.intake.record(incoming(n + 1, samples, { throughMs: (n + 1) * roundMs - 1 }));
		await eventually(() => intake.confirmed.at(-1)?.confirmed === n + 1);
		line.end = (n + 1) * 512 + samples.length;
		for (let part = 0; part < 6; part++) intake.clock.step(roundMs / 6);
		await rig.caughtUp("alive");
	}

	const occurrences = [...stored(intake.judgements).occurrences.values()].map(occurrenceText);
	expect(occurrences).toEqual(
		Array.from({ length: rounds / 4 }, (_, index) => {
			const fromS = (4 * index + 1) * (roundMs / 1_000) + 180;
			return `high ${fromS}→${fromS + 10} ${20 + 4 * index + 1} returned@${fromS + 125}`;
		}),
	);
	expect(rig.status("alive")).toMatchObject({ retries: 0, lagMs: 0, waitingSamples: 0, overBound: false });
	const day = rig.status("dead");
	expect(day).toMatchObject({ state: "held", pos: 0, writtenLines: 0, overBound: true });
	expect(day.retries).toBeGreaterThanOrEqual(rounds);
	expect(day.lagMs).toBeGreaterThan(23.4 * 3_600_000);
	expect(day.waitingSamples).toBeGreaterThan(0);
	expect(await counted(rig.telemetry, "follower_over_bound", { follower: "dead" })).toBe(1);
	// It no longer asks the store to keep anything.
	const saved = await line.store.followerPositions();
	expect(saved.find(({ name }) => name.startsWith("dead@"))?.holdSamples).toBe(0);

	refusal = undefined;
	intake.clock.step(60_000);
	await rig.caughtUp("dead");
	const plain = (all: readonly string[]) => new Set(all.filter((text) => !text.startsWith("follower,")));
	const samplesOf = (all: readonly string[]) => [...plain(all)].filter((text) => text.startsWith("sample,"));
	expect(samplesOf(lines.dead)).toHaveLength(rounds * perRound + context.length);
	expect(samplesOf(lines.dead)).toEqual(samplesOf(lines.alive));
	// The other follower was told of each violation twice, open and ended; this one of its end.
	expect([...plain(lines.dead)].filter((text) => text.startsWith("violation,"))).toHaveLength(rounds / 4);
	expect(rig.status("dead")).toMatchObject({ state: "current", lagMs: 0, overBound: false });
});
