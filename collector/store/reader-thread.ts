// The thread that answers questions: a query takes milliseconds to seconds, and neither the commits nor the messages
// that arrive may wait for it. Its connection only reads; in WAL mode it neither waits for the writer nor holds it up.

import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { CodedError } from "../../common/runtime/coded-error.ts";
import type { ChartQuery, LotNumbersQuery } from "../chart-port.ts";
import type { ReconciliationQuery, TrendQuery } from "../read-port.ts";
import { readChart, readChartSignals, readCharts } from "./chart-query.ts";
import { readLotNumbers } from "./lot-numbers.ts";
import {
	readCounts,
	readGaps,
	readLots,
	readMessages,
	readTags,
	readTotals,
	readViolations,
} from "./queries.ts";
import { get } from "./read-rows.ts";
import { readReconciliation } from "./reconciliation-query.ts";
import { storeFormat } from "./schema.ts";
import { serve } from "./thread-serve.ts";
import { readTrend } from "./trend-query.ts";

const readerPragmas = "PRAGMA query_only = ON; PRAGMA cache_size = -20000; PRAGMA temp_store = MEMORY;";
const waitMs = 2_000;

let path: string | undefined;
let db: DatabaseSync | undefined;

/** The writer makes the file when the collector starts for the first time; until then there is nothing to read. */
function opened(): DatabaseSync {
	if (db !== undefined) return db;
	if (path === undefined || !existsSync(path)) throw notOpen();
	const found = new DatabaseSync(path, { readOnly: true, timeout: waitMs });
	try {
		found.exec(readerPragmas);
		if (get(found, "SELECT count(*) AS n FROM sqlite_master WHERE name = 'meta'")?.n === 0) throw notOpen();
		const format = Number(get(found, "SELECT value FROM meta WHERE key = 'format'")?.value);
		if (format > storeFormat) {
			const message = `${path}: expected format ${storeFormat}, found the newer ${format}`;
			throw new CodedError("DATA_FORMAT_NEWER", message);
		}
	} catch (error) {
		found.close();
		throw error;
	}
	db = found;
	return found;
}

function notOpen(): CodedError {
	return new CodedError("STORE_FAILED", "the store is not open yet");
}

serve({
	open(argument: { path: string }) {
		path = argument.path;
	},
	counts: () => readCounts(opened()),
	tags: () => readTags(opened()),
	charts: ({ limit }: { limit: number }) => readCharts(opened(), limit),
	chart: (query: ChartQuery) => readChart(opened(), query),
	chartSignals: (query: { limit: number; lot?: string }) => readChartSignals(opened(), query),
	lotNumbers: (query: LotNumbersQuery) => readLotNumbers(opened(), query),
	trend: (query: TrendQuery) => readTrend(opened(), query),
	violations: ({ limit }: { limit: number }) => readViolations(opened(), limit),
	gaps: ({ limit }: { limit: number }) => readGaps(opened(), limit),
	lots: ({ limit }: { limit: number }) => readLots(opened(), limit),
	messages: ({ limit }: { limit: number }) => readMessages(opened(), limit),
	totals: () => readTotals(opened()),
	reconciliation: (query: ReconciliationQuery) => readReconciliation(opened(), query),
	close() {
		db?.close();
		db = undefined;
		path = undefined;
	},
});
