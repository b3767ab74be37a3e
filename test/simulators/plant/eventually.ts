import { setTimeout as delay } from "node:timers/promises";

/** Resolves when `condition` holds; rejects when it does not within the bound. */
export async function eventually(condition: () => boolean, withinMs = 10_000): Promise<void> {
	const endMs = performance.now() + withinMs;
	while (!condition()) {
		if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${condition}`);
		await delay(20);
	}
}
