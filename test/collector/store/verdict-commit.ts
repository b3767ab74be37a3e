import type { ChartCommit } from "../../../collector/chart-port.ts";
import type { FinalVerdictCommit } from "../../../collector/judgement-port.ts";
import type { LotVerdict } from "../../../collector/pipeline.ts";
import { canonicalHash } from "../../../common/runtime/canonical-json.ts";

/** A verdict of a line as the final judge commits it. */
export function verdictCommit(verdict: LotVerdict, charts?: ChartCommit): FinalVerdictCommit {
	const { judgedMs: _judged, ...said } = verdict;
	return {
		verdict: {
			...{ row: verdict, stage: "line", proposal: "release", corrects: undefined },
			...{ canonical: JSON.stringify(said), hash: canonicalHash(said) },
		},
		...{ lot: verdict.lot, booked: undefined, dueMs: 0, nextDueMs: undefined, outbox: [], charts },
	};
}
