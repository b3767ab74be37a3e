import { CodedError } from "../../common/runtime/coded-error.ts";
import type { InputRow } from "../people-port.ts";
import { get } from "./read-rows.ts";
import type { StoreFile } from "./store-file.ts";

/** Of the newest verdict, the complete one first. */
const countingVerdict = `SELECT id FROM lot_judgement WHERE lot = ? ORDER BY stage = 'complete' DESC, revision DESC LIMIT 1`;
const lastDecision = `SELECT n FROM input WHERE kind = 'lot.decided' AND json_extract(body, '$.lot') = ? AND n < ?
	ORDER BY n DESC LIMIT 1`;

/**
 * One request of a person decides once, whatever lot it names. An index over what is stored, so a store of before gets it when it
 * is opened.
 */
export const decisionSchema = `
CREATE INDEX IF NOT EXISTS input_request ON input(entered_by, json_extract(body, '$.requestId'))
	WHERE kind = 'lot.decided' AND json_extract(body, '$.requestId') IS NOT NULL;
`;
const requestBefore = `SELECT n, json_extract(body, '$.lot') AS lot FROM input WHERE kind = 'lot.decided'
	AND json_extract(body, '$.requestId') IS NOT NULL AND entered_by = ? AND json_extract(body, '$.requestId') = ? AND n < ?`;

/**
 * A decision counts only on what it was taken on: in its own transaction verdict and decision before are still the ones that the
 * person has seen.
 * @throws CodedError ENTRY_REFUSED, REQUEST_ID_REUSED
 */
export function enterDecision({ db }: StoreFile, input: InputRow): void {
	const { lot, verdictId, after, requestId } = JSON.parse(input.body) as {
		lot: string;
		verdictId: string;
		after: number;
		requestId?: string;
	};
	const known = requestId && get(db, requestBefore, input.enteredBy, requestId, input.n);
	if (known) {
		throw new CodedError(
			"REQUEST_ID_REUSED",
			`lot ${lot}: expected a requestId of its own, found ${requestId} of decision ${Number(known.n)} about lot ${String(known.lot)}`,
		);
	}
	const verdict = get(db, countingVerdict, lot)?.id;
	const last = Number(get(db, lastDecision, lot, input.n)?.n ?? 0);
	if (verdict === verdictId && last === after) return;
	const found =
		verdict === verdictId ? `decision ${last} in between` : `the newer verdict ${String(verdict ?? "none")}`;
	throw new CodedError(
		"ENTRY_REFUSED",
		`lot ${lot}: expected what was decided on, found ${found}; look again`,
	);
}
