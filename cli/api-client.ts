import { CodedError, errorText } from "../common/runtime/coded-error.ts";

const answerWithinMs = 10_000;

/** A lot as the collector's API tells it. */
export interface ApiLot {
	readonly lot: string;
	readonly closedMs?: number;
	readonly observedWhole: boolean;
	readonly verdict?: { readonly verdict: string; readonly violations: number };
}

export interface ApiTotals {
	readonly samples: number;
	readonly gaps: number;
	readonly occurrences: number;
	readonly messages: { readonly waiting: number; readonly delivered: number; readonly failed: number };
}

/** Asks the processes how they are. */
export class ApiClient {
	readonly #base: string;

	constructor(base: string) {
		this.#base = base;
	}

	/** @throws CodedError API_UNREACHABLE when the process does not answer as expected. */
	async get<T>(path: string): Promise<T> {
		try {
			const response = await fetch(`${this.#base}${path}`, { signal: AbortSignal.timeout(answerWithinMs) });
			if (!response.ok) throw new Error(`expected an answer, found status ${response.status}`);
			return (await response.json()) as T;
		} catch (error) {
			// fetch says only that it failed; why stands in its cause.
			const why = error instanceof Error && error.cause instanceof Error ? error.cause : error;
			throw new CodedError("API_UNREACHABLE", `${this.#base}${path}: ${errorText(why)}`, { cause: error });
		}
	}

	/** Whether the process answers at all. */
	async isUp(): Promise<boolean> {
		return await this.get("/healthz").then(
			() => true,
			() => false,
		);
	}
}
