/** Asks `url` for JSON until `met` holds of the answer, and returns it; throws with what was last seen otherwise. */
export async function until<T>(
	url: string,
	met: (answer: T) => boolean,
	withinMs: number,
	logs: () => string,
): Promise<T> {
	const deadlineMs = performance.now() + withinMs;
	let last: unknown;
	for (;;) {
		try {
			const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
			if (!response.ok) throw new Error(`status ${response.status}`);
			const answer = (await response.json()) as T;
			if (met(answer)) return answer;
			last = answer;
		} catch (error) {
			last = String(error);
		}
		if (performance.now() > deadlineMs) {
			throw new Error(
				`${url} was not as expected within ${withinMs} ms; last: ${JSON.stringify(last)?.slice(0, 2_000)}\n${logs()}`,
			);
		}
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
}

/** A small generator, so that a failing order of kills can be had again by its seed. */
export function seeded(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}
