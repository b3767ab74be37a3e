import type { Told } from "./judged-line.ts";

/** A small generator with a known seed (mulberry32). */
export function seeded(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** Three lots, one behind the other; the second is too hot for a while, the third has Bad values. */
export function threeLots(random: () => number): Told[] {
	const told: Told[] = [];
	const context = (unit: string, s: number, batch: string, lot: string, phase: string) => {
		for (const [tag, value] of [
			["Batch", batch],
			["Lot", lot],
			["Recipe", "R"],
			["Phase", phase],
		] as const)
			told.push({ unit, tag, s, value });
	};
	for (const unit of ["U1", "U2"]) {
		context(unit, 0, "", "", "IDLE");
		told.push({ unit, tag: "T1", s: 0, value: 5 });
	}
	for (const [index, lot] of ["L1", "L2", "L3"].entries()) {
		const s = 100 + index * 1_000;
		context("U1", s, `B${index}`, lot, "HEAT");
		context("U1", s + 100, `B${index}`, lot, "SOAK");
		for (let at = s + 100; at < s + 400; at += 7) {
			const hot = lot === "L2" && at > s + 200 && at < s + 260;
			const bad = lot === "L3" && at > s + 300 && at < s + 320;
			told.push({
				...{ unit: "U1", tag: "T1", s: at, value: hot ? 14 + random() : 4 + 2 * random() },
				...(bad ? { status: 0x80310000 } : {}),
			});
		}
		context("U1", s + 400, "", "", "IDLE");
		context("U2", s + 410, `B${index}`, lot, "FILL");
		for (let at = s + 411; at < s + 700; at += 11)
			told.push({ unit: "U2", tag: "T1", s: at, value: 40 + 20 * random() });
		context("U2", s + 700, "", "", "IDLE");
	}
	for (const unit of ["U1", "U2"]) told.push({ unit, tag: "T1", s: 4_000, value: 5 });
	return told.sort((a, b) => a.s - b.s);
}
