import { expect } from "vitest";
import { ModelLine } from "./model-line.ts";
import { Seeded } from "./seeded.ts";

const quietWithinMs = 15 * 60_000;

/**
 * One random life of an agent and one or two collectors: loss, delay, restarts of everyone, broken connections, a full
 * journal. Then the network is whole again, and everything ever appended must be stored once at every collector, or
 * stand there as a gap; and nobody was ever told that a device is complete while something was missing.
 */
export function liveThrough(seed: number): void {
	const random = new Seeded(seed);
	const names = random.chance(0.3) ? ["a", "b"] : ["a"];
	const line = new ModelLine(random, names);
	const pick = () => names[random.from(0, names.length - 1)] as string;
	line.lossUp = random.chance(0.5) ? random.next() * 0.5 : 0;
	line.lossDown = random.chance(0.5) ? random.next() * 0.7 : 0;
	const steps = random.from(50, 400);
	for (let step = 0; step < steps; step++) {
		const appends = random.chance(0.5) ? random.from(0, 5) : 0;
		for (let count = 0; count < appends; count++) line.journal.append();
		if (random.chance(0.02)) line.restartAgent();
		if (random.chance(0.03)) line.reconnectAgent();
		if (random.chance(0.04)) {
			const name = pick();
			line.setOnline(name, !line.isOnline(name));
		}
		if (random.chance(0.02)) line.journal.dropOldest();
		line.step(random.from(0, 12));
		expectNothingClaimed(line);
	}
	line.lossUp = 0;
	line.lossDown = 0;
	for (const name of names) if (!line.isOnline(name)) line.setOnline(name, true);
	const untilMs = line.nowMs + quietWithinMs;
	while (!(line.isEverythingConfirmed && isEverythingThere(line)) && line.nowMs < untilMs) line.step(20);
	expectNothingClaimed(line);
	for (const { name, stored, throughIndex } of line.collectors) {
		const missing = line.journal.appended.filter(({ epoch, offset }) => !stored.has(`${epoch}:${offset}`));
		expect(missing, `${name} after seed ${seed}`).toEqual([]);
		const inventedGaps = line.journal.appended.filter(
			({ epoch, offset, index }) =>
				stored.get(`${epoch}:${offset}`) === "gap" && !line.journal.dropped.has(index),
		);
		expect(inventedGaps, `${name} after seed ${seed}`).toEqual([]);
		expect(throughIndex, `${name} after seed ${seed}`).toBe(line.journal.appended.length - 1);
	}
	expect(line.isEverythingConfirmed, `seed ${seed}`).toBe(true);
}

function isEverythingThere(line: ModelLine): boolean {
	return line.collectors.every(({ throughIndex }) => throughIndex === line.journal.appended.length - 1);
}

function expectNothingClaimed(line: ModelLine): void {
	for (const { stored, throughIndex } of line.collectors) {
		for (let index = 0; index <= throughIndex; index++) {
			const { epoch, offset } = line.journal.appended[index] as { epoch: number; offset: number };
			if (!stored.has(`${epoch}:${offset}`))
				throw new Error(`complete up to ${throughIndex}, and ${epoch}:${offset} is missing`);
		}
	}
}
