/** ServiceLevel by class, Part 4 §6.6.2.4.2; a server that does not tell it is taken for healthy. */
export type LevelClass = "unreachable" | "maintenance" | "no_data" | "degraded" | "healthy";

const ranks: readonly LevelClass[] = ["unreachable", "maintenance", "no_data", "degraded", "healthy"];
const healthyFrom = 200;

export function levelClass(level: number | undefined): LevelClass {
	if (level === undefined || level >= healthyFrom) return "healthy";
	if (level >= 2) return "degraded";
	return level === 1 ? "no_data" : "maintenance";
}

export interface Move {
	readonly from: string;
	readonly to: string;
	readonly why: "failed" | "service_level" | "returned";
}

export interface EndpointOrderOptions {
	/** In the order of preference, at least one. */
	readonly endpoints: readonly [string, ...string[]];
	/** So long a preferred one must have been healthy. */
	readonly returnAfterMs: () => number;
}

interface Endpoint {
	readonly url: string;
	/** Of an endpoint that is not in use, as it was when it was asked. */
	seen: LevelClass | undefined;
	seenMs: number;
	healthySinceMs: number | undefined;
}

/** An endpoint that is not in use is asked this often at most, one that could not be reached less often. */
const askEveryMs = 15_000;
const askLostEveryMs = 60_000;
/** What was seen is of use for so long. */
const freshMs = 30_000;
const hourMs = 3_600_000;
const dwellFirstMs = 60_000;
const dwellMostMs = 1_800_000;

/**
 * Which of several redundant servers to use: one at a time, the next one when it fails, a healthier one when it says that it is
 * not healthy (twice in a row), and the preferred one again when that has been healthy for long enough. A move that ServiceLevel
 * asks for is followed by another one after a minute at the earliest, then after two, four … thirty within the hour, so that
 * servers that go up and down do not take us with them. Pure.
 */
export class EndpointOrder {
	readonly #options: EndpointOrderOptions;
	readonly #endpoints: readonly Endpoint[];
	#at = 0;
	/** The present one was in use since we came to it. */
	#wasConnected = false;
	/** Others that were not tried since one of them could be used. */
	#untried: number;
	#level: LevelClass = "healthy";
	/** How often in a row the present one was not healthy. */
	#unhealthy = 0;
	/** When moves were made that ServiceLevel asked for, within the last hour. */
	#moves: number[] = [];

	constructor(options: EndpointOrderOptions) {
		this.#options = options;
		this.#endpoints = options.endpoints.map((url) => ({
			...{ url, seen: undefined, seenMs: Number.NEGATIVE_INFINITY, healthySinceMs: undefined },
		}));
		this.#untried = this.#endpoints.length - 1;
	}

	get url(): string {
		return (this.#endpoints[this.#at] as Endpoint).url;
	}

	connected(): void {
		this.#wasConnected = true;
		this.#untried = this.#endpoints.length - 1;
	}

	/**
	 * An attempt has failed, or a session has ended. One that was in use is tried once more, because it may have kept what its
	 * queues hold. Undefined: try it again; `isAtOnce` false: after a pause, because all were tried.
	 */
	failed(): (Move & { readonly isAtOnce: boolean }) | undefined {
		const wasConnected = this.#wasConnected;
		this.#wasConnected = false;
		if (wasConnected || this.#endpoints.length === 1) return undefined;
		const move = this.#move((this.#at + 1) % this.#endpoints.length, "failed");
		const isAtOnce = this.#untried > 0;
		this.#untried = isAtOnce ? this.#untried - 1 : this.#endpoints.length - 1;
		return { ...move, isAtOnce };
	}

	/** What the present one says of itself; undefined when it does not tell. */
	level(level: number | undefined): void {
		this.#level = levelClass(level);
		this.#unhealthy = this.#level === "healthy" ? 0 : this.#unhealthy + 1;
	}

	/** The endpoint that should be asked for its ServiceLevel now, if any. */
	toAsk(nowMs: number): string | undefined {
		return this.#endpoints.find(({ seen, seenMs }, place) => {
			const isOfUse = place < this.#at || (place > this.#at && this.#unhealthy > 0);
			return isOfUse && nowMs - seenMs >= (seen === "unreachable" ? askLostEveryMs : askEveryMs);
		})?.url;
	}

	/** What another one has answered. */
	asked(url: string, seen: LevelClass, nowMs: number): void {
		const endpoint = this.#endpoints.find((one) => one.url === url);
		if (endpoint === undefined) return;
		endpoint.seen = seen;
		endpoint.seenMs = nowMs;
		endpoint.healthySinceMs = seen === "healthy" ? (endpoint.healthySinceMs ?? nowMs) : undefined;
	}

	/** Whether to leave a server that can be used for another one; the move is made then. */
	decide(nowMs: number): Move | undefined {
		this.#moves = this.#moves.filter((atMs) => nowMs - atMs < hourMs);
		const last = this.#moves.at(-1);
		const dwellMs = Math.min(dwellMostMs, dwellFirstMs * 2 ** (this.#moves.length - 1));
		if (last !== undefined && nowMs - last < dwellMs) return undefined;
		const { returnAfterMs } = this.#options;
		const isFresh = ({ seenMs }: Endpoint) => nowMs - seenMs < freshMs;
		const preferred = this.#endpoints.findIndex(
			(one, place) =>
				place < this.#at &&
				isFresh(one) &&
				one.healthySinceMs !== undefined &&
				nowMs - one.healthySinceMs >= returnAfterMs(),
		);
		const better = this.#unhealthy < 2 ? -1 : this.#best(isFresh);
		const to = better >= 0 ? better : preferred;
		if (to < 0) return undefined;
		this.#moves.push(nowMs);
		return this.#move(to, better >= 0 ? "service_level" : "returned");
	}

	/** The first of the best classes above the present one's, or −1. */
	#best(isOfUse: (endpoint: Endpoint) => boolean): number {
		let best = -1;
		let bestRank = ranks.indexOf(this.#level);
		for (const [place, endpoint] of this.#endpoints.entries()) {
			const rank = endpoint.seen === undefined ? -1 : ranks.indexOf(endpoint.seen);
			if (place === this.#at || !isOfUse(endpoint) || rank <= bestRank) continue;
			best = place;
			bestRank = rank;
		}
		return best;
	}

	#move(to: number, why: Move["why"]): Move {
		const from = this.url;
		this.#at = to;
		this.#wasConnected = false;
		this.#level = "healthy";
		this.#unhealthy = 0;
		for (const one of this.#endpoints) one.healthySinceMs = undefined;
		return { from, to: this.url, why };
	}
}
