import { z } from "zod";
import { canonicalJson } from "../../common/runtime/canonical-json.ts";
import type { Clock } from "../../common/runtime/clock.ts";
import { CodedError } from "../../common/runtime/coded-error.ts";
import { keys, oneOf } from "../../common/runtime/config-values.ts";
import { type LotDecision, lotDecisions } from "../lot-port.ts";
import type { EnteringPort, EntryPort, Person } from "../people-port.ts";
import { type LotFacts, refusal } from "./lot-states.ts";

const word = z
	.string({ error: "expected text" })
	.trim()
	.min(1, { error: "expected text that is not empty" })
	.max(256, { error: "expected at most 256 characters" });

/** What a person wants decided of a lot. */
const decisionBody = keys({
	lot: word,
	decision: oneOf(lotDecisions),
	reason: z
		.string({ error: "expected text" })
		.trim()
		.min(1, { error: "expected a reason" })
		.max(2_000, { error: "expected at most 2000 characters" }),
	/** The verdict that the person has seen. */
	verdictId: word,
	concession: keys({ customer: word, reference: word, agreedBy: word }).optional(),
	/** An id of the request, the sender's own: the same request again is answered as the first time, and decides nothing. */
	requestId: word.max(128, { error: "expected at most 128 characters" }).optional(),
});
type WantedDecision = z.output<typeof decisionBody>;

/** Takes decisions about lots, as far as verdict, hold rules and what was decided before allow them. */
export class LotDeciding implements EnteringPort {
	readonly body = decisionBody;
	readonly #options: {
		readonly clock: Clock;
		readonly entries: EntryPort;
		/** Undefined when nobody knows the lot. */
		readonly facts: (lot: string) => Promise<LotFacts | undefined>;
	};

	constructor(options: {
		clock: Clock;
		entries: EntryPort;
		facts: (lot: string) => Promise<LotFacts | undefined>;
	}) {
		this.#options = options;
	}

	/**
	 * @returns the decision's number.
	 * @throws CodedError ENTRY_REFUSED with what stands against it; REQUEST_ID_REUSED; STORE_FAILED
	 */
	async enter(wanted: WantedDecision, { name: by }: Person): Promise<{ n: number }> {
		const { clock, entries, facts } = this.#options;
		const { lot, decision, reason, verdictId, concession, requestId } = wanted;
		const known = await facts(lot);
		if (known === undefined)
			throw new CodedError(
				"ENTRY_REFUSED",
				`expected a lot that has been on the line, found ${JSON.stringify(lot)}`,
			);
		const before = known.decisions.find((one) => requestId !== undefined && isOf(one, by, requestId));
		if (before !== undefined) return { n: sameOrThrow(before, wanted) };
		const against = refusal(known, { ...wanted, by });
		if (against !== undefined) throw new CodedError("ENTRY_REFUSED", `lot ${lot}: ${against}`);
		// What it follows is part of it: a second hold is another decision, the same request twice is not.
		const after = known.decisions.at(-1)?.n ?? 0;
		const said = {
			lot,
			decision,
			reason,
			verdictId,
			...(concession === undefined ? {} : { concession }),
			...(requestId === undefined ? {} : { requestId }),
			after,
		};
		const n = await entries.enter(
			{ kind: "lot.decided", enteredMs: clock.wallMs(), enteredBy: by, body: canonicalJson({ ...said, by }) },
			{ by, action: "lot.decided", subject: lot, detail: said },
		);
		return { n };
	}
}

/** Two persons' programs may happen upon one id. */
function isOf(decided: LotDecision, by: string, requestId: string): boolean {
	return decided.by === by && decided.requestId === requestId;
}

/** @throws CodedError REQUEST_ID_REUSED */
function sameOrThrow(decided: LotDecision, wanted: WantedDecision): number {
	const said = ({ lot, decision, reason, verdictId, concession }: LotDecision | WantedDecision) =>
		canonicalJson({ lot, decision, reason, verdictId, concession: concession ?? null });
	if (said(decided) === said(wanted)) return decided.n;
	throw new CodedError(
		"REQUEST_ID_REUSED",
		`lot ${wanted.lot}: expected what request ${wanted.requestId} said before, decision ${decided.n} (${decided.decision}), found something else; give a new decision a new requestId`,
	);
}
