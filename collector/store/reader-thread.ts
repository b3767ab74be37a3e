// The thread that answers questions: a query takes milliseconds to seconds, and neither the commits nor the messages
// that arrive may wait for it. Its connection only reads; in WAL mode it neither waits for the writer nor holds it up.

import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { SampleColumns } from "../../common/contract/samples.ts";
import { CodedError } from "../../common/runtime/coded-error.ts";
import type { RecordPlace } from "../adoption-port.ts";
import type { ChartQuery, LotNumbersQuery } from "../chart-port.ts";
import type { LinksQuery } from "../genealogy-port.ts";
import type { LotSamplesQuery, StoredLotQuery } from "../judgement-port.ts";
import type { CommentQuery } from "../people-port.ts";
import type { ReconciliationQuery, TrendQuery } from "../read-port.ts";
import type { SamplePiece, SampleSelection } from "../samples-port.ts";
import { readAlerts } from "./alert-table.ts";
import { readAudit } from "./audit-table.ts";
import { readChart, readChartSignals, readCharts } from "./chart-query.ts";
import { readComments } from "./comment-table.ts";
import { readEdgeNodes, readEvents, readSeries } from "./events.ts";
import { readLinks, readLotLinks } from "./genealogy-table.ts";
import { readLaboratory, readLotResults } from "./laboratory-query.ts";
import { readContext, readLotSamples, readStoredLot } from "./lot-evidence.ts";
import { readLotNumbers } from "./lot-numbers.ts";
import { readLotRows } from "./lot-record-query.ts";
import { readMaterial, readMaterialResults, readMaterials } from "./material-table.ts";
import type { DuckLimits } from "./parts/duck.ts";
import { adoptFolder, partFolder } from "./parts/part-folder.ts";
import { ReadingParts } from "./parts/reading-parts.ts";
import { PositionWindow, readPositions } from "./positions.ts";
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
import { adoptableFiles, adoptableRecords, removeAdopted } from "./records/adoptable.ts";
import { readReplay } from "./replay.ts";
import { readPieces } from "./sample-pieces.ts";
import type { SampleRows } from "./sample-rows.ts";
import { readBuckets, readBucketsOfEach, readSlice } from "./sample-slices.ts";
import { storeFormat } from "./schema.ts";
import { readSealedKnown } from "./sealed-known.ts";
import { readSpecifications } from "./specification-table.ts";
import { readTagValues } from "./tag-values.ts";
import { serve } from "./thread-serve.ts";
import { readTrend } from "./trend-query.ts";
import { readNewestVerdicts, readVerdicts } from "./verdict-query.ts";

const readerPragmas = "PRAGMA query_only = ON; PRAGMA cache_size = -20000; PRAGMA temp_store = MEMORY;";
const waitMs = 2_000;

let path: string | undefined;
let db: DatabaseSync | undefined;
let parts: ReadingParts | undefined;
let window = new PositionWindow();

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
		// The writer brings an older file up to date when it opens it.
		if (format < storeFormat) throw notOpen();
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

/** Answers from sealed and hot samples, in one view of the store. */
async function inView<T>(work: (db: DatabaseSync, rows: SampleRows) => T | Promise<T>): Promise<T> {
	return await theParts().view(opened(), work);
}

function theParts(): ReadingParts {
	if (parts === undefined) throw notOpen();
	return parts;
}

function adoptFrom(): string {
	if (path === undefined) throw notOpen();
	return adoptFolder(partFolder(path));
}

serve({
	open(argument: { path: string; folder: string; limits: DuckLimits; whose: string }) {
		path = argument.path;
		parts = new ReadingParts(argument.folder, argument.limits, argument.whose);
	},
	counts: () => readCounts(opened()),
	tags: () => readTags(opened()),
	specifications: () => readSpecifications(opened()),
	charts: ({ limit }: { limit: number }) => readCharts(opened(), limit),
	chart: (query: ChartQuery) => readChart(opened(), query),
	chartSignals: (query: { limit: number; lot?: string }) => readChartSignals(opened(), query),
	comments: (query: CommentQuery) => readComments(opened(), query),
	audit: (query: { from: number; limit: number }) => readAudit(opened(), query),
	laboratory: (query: { lot?: string; limit: number }) => readLaboratory(opened(), query),
	lotNumbers: (query: LotNumbersQuery) => inView((file, rows) => readLotNumbers(file, rows, query)),
	storedLot: (query: StoredLotQuery) => inView((file, rows) => readStoredLot(file, rows, query)),
	verdicts: ({ lot }: { lot: string }) => readVerdicts(opened(), lot),
	lotResults: ({ lot }: { lot: string }) => readLotResults(opened(), lot),
	lotRows: ({ lot }: { lot: string }) => readLotRows(opened(), lot),
	newestVerdicts: ({ limit }: { limit: number }) => readNewestVerdicts(opened(), limit),
	contextOf: (query: Parameters<typeof readContext>[2]) =>
		inView((file, rows) => readContext(file, rows, query)),
	lotSamples: (query: LotSamplesQuery) => inView((file, rows) => readLotSamples(file, rows, query)),
	materials: (query: Parameters<typeof readMaterials>[1]) => readMaterials(opened(), query),
	materialLotResults: ({ lots }: { lots: readonly string[] }) => readMaterialResults(opened(), lots),
	material: ({ lot }: { lot: string }) => readMaterial(opened(), lot),
	links: (query: LinksQuery) => readLinks(opened(), query),
	lotLinks: ({ lot, batches }: { lot: string; batches: readonly string[] }) =>
		readLotLinks(opened(), lot, batches),
	tagValues: (query: { tag: string; fromMs: number }) =>
		inView((file, rows) => readTagValues(file, rows, query)),
	trend: (query: TrendQuery) => inView((file, rows) => readTrend(file, rows, query)),
	alerts: ({ limit }: { limit: number }) => readAlerts(opened(), limit),
	violations: ({ limit }: { limit: number }) => readViolations(opened(), limit),
	gaps: ({ limit }: { limit: number }) => readGaps(opened(), limit),
	lots: ({ limit }: { limit: number }) => readLots(opened(), limit),
	messages: ({ limit }: { limit: number }) => readMessages(opened(), limit),
	totals: () => readTotals(opened()),
	reconciliation: (query: ReconciliationQuery) =>
		inView((file, rows) => readReconciliation(file, rows, query)),
	replay: (query: { afterSeq: number; records: number }) =>
		inView((file, rows) => readReplay(file, rows, query)),
	pieces: (selection: SampleSelection) => inView((file, rows) => readPieces(file, rows, selection)),
	slice: ({ piece, limit }: { piece: SamplePiece; limit: number }) =>
		inView((_file, rows) => readSlice(rows, piece, limit)),
	bucketsOfEach: ({ pieces, widthMs }: { pieces: readonly SamplePiece[]; widthMs: number }) =>
		inView((file, rows) => readBucketsOfEach(file, rows, pieces, widthMs)),
	buckets: ({ piece, widthMs }: { piece: SamplePiece; widthMs: number }) =>
		inView((file, rows) => readBuckets(file, rows, piece, widthMs)),
	async parquet({ pieces }: { pieces: readonly SamplePiece[] }) {
		const write = await inView((_file, rows) => theParts().exporting(rows, pieces));
		return await write();
	},
	sealedKnown: ({ samples }: { samples: SampleColumns }) =>
		inView((_file, rows) => readSealedKnown(rows, samples)),
	hashInFiles: (place: RecordPlace) => inView((_file, rows) => rows.records.hashInFiles(place)),
	adoptable: () => adoptableFiles(() => theParts().duck(), adoptFrom()),
	adoptableRecords: async (query: { file: string; afterSeq: number }) =>
		await adoptableRecords(await theParts().duck(), adoptFrom(), query),
	placesKnown: ({ places }: { places: readonly RecordPlace[] }) =>
		inView((_file, rows) => rows.records.known(places)),
	adopted: ({ files }: { files: readonly string[] }) => removeAdopted(adoptFrom(), files),
	positions: (query: { fromPos: number; limit: number }) =>
		inView((file, rows) => readPositions(file, rows, query, window)),
	events: (query: { afterN: number; limit: number }) => readEvents(opened(), query),
	series: (query: { afterId: number; limit: number }) => readSeries(opened(), query),
	edgeNodes: () => readEdgeNodes(opened()),
	takeDamaged: () => parts?.takeDamaged() ?? [],
	close() {
		db?.close();
		parts?.close();
		db = undefined;
		path = undefined;
		parts = undefined;
		window = new PositionWindow();
	},
});
