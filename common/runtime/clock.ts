/**
 * Two of the three clocks of the product: the wall clock, which talks to people, and the
 * monotonic clock, which guards (ages, watchdogs, retries). Plant time, the third, is never
 * read from a clock: it comes with the samples.
 */
export interface Clock {
	/** Milliseconds since 1970 UTC. May jump in either direction. */
	wallMs(): number;
	/** Milliseconds since an arbitrary start. Never goes back. */
	monotonicMs(): number;
	/** Calls `fire` once after `delayMs`; the returned function cancels and is idempotent. */
	after(delayMs: number, fire: () => void): () => void;
}

export const systemClock: Clock = {
	wallMs: () => Date.now(),
	monotonicMs: () => performance.now(),
	after(delayMs, fire) {
		const timer = setTimeout(fire, delayMs);
		return () => clearTimeout(timer);
	},
};

/** Resolves after `delayMs`, or at once with `false` when `signal` is aborted first. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<boolean> {
	return new Promise((resolve) => {
		if (signal?.aborted) return resolve(false);
		const onAbort = () => {
			cancel();
			resolve(false);
		};
		const cancel = clock.after(delayMs, () => {
			signal?.removeEventListener("abort", onAbort);
			resolve(true);
		});
		signal?.addEventListener("abort", onAbort, { once: true });
	});
}

/** Calls `tick` every `periodMs` until the returned function is called. Ticks never overlap. */
export function every(clock: Clock, periodMs: number, tick: () => void): () => void {
	let stopped = false;
	let cancel = () => {};
	const arm = () => {
		cancel = clock.after(periodMs, () => {
			if (stopped) return;
			tick();
			if (!stopped) arm();
		});
	};
	arm();
	return () => {
		stopped = true;
		cancel();
	};
}
