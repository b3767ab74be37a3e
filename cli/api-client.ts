import { CodedError, errorText } from "../common/runtime/coded-error.ts";
import { tokenHeader } from "./api-token.ts";

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

/** Refusals of a process that is there: a parameter is wrong, or nothing has that name. */
const askedWrongly: ReadonlySet<number> = new Set([400, 404]);

/** Asks the processes how they are. */
export class ApiClient {
	readonly #base: string;

	readonly #tokenFile: string | undefined;

	/** `tokenFile`: for the collector's API, where somebody must ask (default: PILOTLINE_TOKEN_FILE). */
	constructor(base: string, tokenFile?: string) {
		this.#base = base;
		this.#tokenFile = tokenFile;
	}

	/**
	 * @throws CodedError API_UNREACHABLE when the process does not answer as expected; USAGE when what was asked for is not there, or
	 * asked for wrongly; CONFIG_UNREADABLE, USAGE of the token.
	 */
	async get<T>(path: string): Promise<T> {
		const url = `${this.#base}${path}`;
		const headers = path.startsWith("/api/") ? await tokenHeader(url, this.#tokenFile) : {};
		try {
			const response = await fetch(url, { headers, signal: AbortSignal.timeout(answerWithinMs) });
			if (response.ok) return (await response.json()) as T;
			const reason = await reasonOf(response);
			// The process is there and has understood: what was asked for is not.
			if (reason !== undefined && askedWrongly.has(response.status)) throw new CodedError("USAGE", reason);
			const why = reason === undefined ? "" : `: ${reason}`;
			throw new Error(`expected an answer, found status ${response.status}${why}`);
		} catch (error) {
			if (error instanceof CodedError) throw error;
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

/** What the collector says about a refusal: whose role or login is missing, for instance. */
async function reasonOf(response: Response): Promise<string | undefined> {
	const told = (await response.json().catch(() => ({}))) as { error?: { message?: unknown } };
	return typeof told.error?.message === "string" ? told.error.message : undefined;
}
