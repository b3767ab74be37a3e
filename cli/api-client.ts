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

/** What a unit has counted against what is stored; the figures are absent without two counts to compare. */
export interface ApiReconciliationRow {
	readonly unit: string;
	readonly batch?: string;
	readonly lot?: string;
	readonly fromMs?: number;
	readonly toMs?: number;
	readonly produced?: number;
	readonly stored?: number;
	readonly missing?: number;
	readonly gaps: number;
	readonly restarted: boolean;
	readonly complete: boolean;
}

export interface ApiReconciliation {
	/** The tag that counts; null when the collector has none. */
	readonly tag: string | null;
	readonly rows: readonly ApiReconciliationRow[];
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
