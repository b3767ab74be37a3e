import { describe, expect, test } from "vitest";
import { Line } from "../../../simulators/plant/line.ts";
import type { LineOutput, PlantWrite } from "../../../simulators/plant/pipeline.ts";
import { eventually } from "./eventually.ts";
import { plantVariables, publishedUnits, smallPlant } from "./small-line.ts";

const hourMs = 3_600_000;
const wallMs = Date.UTC(2026, 0, 9);

/** A wall clock whose seconds last `1 / pace` of a real one; the monotonic clock goes with it. */
function acceleratedClock(pace: number) {
	const origin = performance.now();
	const elapsedMs = () => (performance.now() - origin) * pace;
	return {
		wallMs: () => wallMs + elapsedMs(),
		monotonicMs: elapsedMs,
		after(delayMs: number, fire: () => void) {
			const timer = setTimeout(fire, delayMs / pace);
			return () => clearTimeout(timer);
		},
	};
}

function lineOf(options: {
	hoursAgo: number;
	speed: number;
	pace?: number;
	output?: Partial<LineOutput>;
	waitForSubscribers?: boolean;
}) {
	const writes: PlantWrite[] = [];
	const clock = acceleratedClock(options.pace ?? 1);
	const plant = smallPlant({ seed: 1, startMs: wallMs - options.hoursAgo * hourMs });
	let caughtUp = 0;
	const line = new Line({
		clock,
		plant,
		speed: options.speed,
		stepMs: 10_000,
		waitForSubscribers: options.waitForSubscribers ?? false,
		output: {
			write: (write) => writes.push(write),
			congested: () => false,
			everythingMonitored: () => true,
			...options.output,
		},
		onCaughtUp: () => {
			caughtUp += 1;
		},
	});
	line.begin();
	return { line, writes, clock, caughtUp: () => caughtUp };
}

describe("plant time", () => {
	test("meets the clock, says so once, and is never ahead of it", async () => {
		const { line, writes, clock, caughtUp } = lineOf({ hoursAgo: 1, speed: 20_000, pace: 100 });
		line.run();
		await eventually(() => line.caughtUp);
		const metMs = line.plantTimeMs;
		// At 100 times the pace, 10 s of plant time are 100 ms.
		await eventually(() => line.plantTimeMs >= metMs + 30_000);
		await line.halt();
		expect(caughtUp()).toBe(1);
		expect(line.plantTimeMs).toBeLessThanOrEqual(clock.wallMs());
		expect(Math.max(...writes.map(({ timeMs }) => timeMs))).toBeLessThanOrEqual(line.plantTimeMs);
	});

	test("keeps its speed on the way", async () => {
		const { line } = lineOf({ hoursAgo: 50, speed: 20_000 });
		const beganMs = line.plantTimeMs;
		const began = performance.now();
		line.run();
		await eventually(() => line.plantTimeMs > beganMs + 5 * hourMs);
		await line.halt();
		const speed = (line.plantTimeMs - beganMs) / (performance.now() - began);
		expect(speed).toBeLessThan(20_500);
		expect(speed).toBeGreaterThan(10_000);
	});

	test("stands still while a client is behind, and does not rush afterwards", async () => {
		let behind = true;
		const { line, writes } = lineOf({
			hoursAgo: 50,
			speed: 1000,
			output: { congested: () => behind },
		});
		const beganMs = line.plantTimeMs;
		const first = writes.length;
		line.run();
		await eventually(() => line.waitingForClients);
		expect(writes).toHaveLength(first);
		await new Promise((resolve) => setTimeout(resolve, 600));
		behind = false;
		await new Promise((resolve) => setTimeout(resolve, 200));
		await line.halt();
		// 0.2 s at 1000, and at most the credit of a quarter of a second.
		expect(line.plantTimeMs - beganMs).toBeLessThan(600_000);
		expect(line.plantTimeMs).toBeGreaterThan(beganMs);
	});

	test("does not begin before everything is watched, and can be halted while it waits", async () => {
		const { line, writes } = lineOf({
			hoursAgo: 1,
			speed: 1000,
			waitForSubscribers: true,
			output: { everythingMonitored: () => false },
		});
		line.run();
		await eventually(() => line.waitingForClients);
		await line.halt();
		expect(writes).toHaveLength(plantVariables.length);
	});
});

describe("what is produced", () => {
	test("is one first value of every variable, and every value after is counted by unit and name", async () => {
		const { line, writes } = lineOf({ hoursAgo: 100, speed: 100_000 });
		expect(writes.map(({ variable }) => variable.key).sort()).toEqual(
			plantVariables.map(({ key }) => key).sort(),
		);
		line.run();
		await eventually(() => writes.length > 20_000);
		await line.halt();
		const counted = line.producedByTag();
		expect(line.produced).toBe(writes.length);
		expect(Object.values(counted).reduce((sum, count) => sum + count, 0)).toBe(writes.length);
		const own = writes.filter(({ variable }) => variable.key === "U500/F500.TT01").length;
		expect(counted["U500/F500.TT01"]).toBe(own);
	});

	test("is the same for the same seed, and ends each cycle of a unit with its heartbeat", () => {
		const run = () => {
			const plant = smallPlant({ seed: 7, startMs: 0, batchesPerLot: 2 });
			const writes = plant.begin();
			for (let timeMs = 10_000; timeMs <= 2 * hourMs; timeMs += 10_000) writes.push(...plant.step(timeMs));
			return writes;
		};
		const writes = run();
		const text = (all: PlantWrite[]) =>
			all.map(({ variable, value, timeMs }) => [variable.key, value, timeMs]);
		expect(text(run())).toEqual(text(writes));
		const beats = new Map<string, number>();
		const newest = new Map<string, number>();
		for (const { variable, timeMs } of writes) {
			// A value is never older than a heartbeat that came before it, nor than the tag's last one.
			expect(timeMs).toBeGreaterThanOrEqual(newest.get(variable.key) ?? 0);
			newest.set(variable.key, timeMs);
			if (variable.name === "Heartbeat") beats.set(variable.unit, timeMs);
			else if (timeMs > 0) expect(timeMs).toBeGreaterThan(beats.get(variable.unit) ?? -1);
		}
	});

	test("is counted by each unit at each heartbeat: as many values as there are up to its time", () => {
		const plant = smallPlant({ seed: 11, startMs: hourMs });
		const writes = plant.begin();
		// Long enough for laboratory results; a step that no phase is a multiple of lets things happen between beats.
		while (plant.nowMs < 30 * hourMs) writes.push(...plant.step(plant.nowMs + 37_000));
		for (const { id } of publishedUnits) {
			const own = writes.filter(({ variable }) => variable.unit === id);
			let beats = 0;
			for (const [index, { variable, value, timeMs }] of own.entries()) {
				if (variable.name !== "Written") continue;
				beats++;
				const [heartbeat, next] = [own[index + 1], own[index + 2]];
				expect(value).toBe(index + 2);
				expect(heartbeat).toMatchObject({ variable: { name: "Heartbeat" }, value: timeMs, timeMs });
				// Nothing comes later that belongs before: the count is that of the source times as well.
				if (next !== undefined) expect(next.timeMs).toBeGreaterThan(timeMs);
			}
			expect(beats).toBe(own.filter(({ variable }) => variable.name === "Heartbeat").length);
			expect(own.at(-1)?.variable.name).toBe("Heartbeat");
		}
		const between = writes.some(({ timeMs }) => (timeMs - hourMs) % 37_000 !== 0);
		expect(between).toBe(true);
		expect(writes.filter(({ variable }) => variable.key === "L900/Lot").length).toBeGreaterThan(1);
	});
});
