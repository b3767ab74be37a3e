import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import { severity } from "../../common/contract/status.ts";
import type { sourceOf } from "./source-rig.ts";

export type SourceRig = Awaited<ReturnType<typeof sourceOf>>;

/** max(2 × publishing interval, 10 s) with the 50 ms of these tests. */
export const goodAgainWithinMs = 10_000;

/** Waits until every one of these tags is Good; fails when that takes longer than promised. Milliseconds it took. */
export async function goodAgain(
	what: string,
	rig: SourceRig,
	names: readonly string[],
	except: readonly string[] = [],
): Promise<number> {
	const fromMs = performance.now();
	const last = new Map<string, number>();
	let seen = 0;
	for (;;) {
		for (; seen < rig.taken.length; seen++) {
			const { tag, status } = rig.taken[seen] as SourceRig["taken"][number];
			last.set(tag, status);
		}
		const bad = names.filter(
			(name) => !except.includes(name) && severity(last.get(name) ?? 0x8000_0000) !== "good",
		);
		const tookMs = Math.round(performance.now() - fromMs);
		if (tookMs > goodAgainWithinMs)
			expect.fail(`${what}: ${bad.length} tags are not Good after ${tookMs} ms, among them ${bad[0]}`);
		if (bad.length === 0) {
			process.stderr.write(`${what}: Good again after ${tookMs} ms\n`);
			return tookMs;
		}
		await delay(20);
	}
}
