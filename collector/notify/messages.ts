import type { DestinationConfig } from "../config.ts";
import type { LabOverdue } from "../laboratory-port.ts";
import type { Judgement, LotVerdict, Occurrence, OutboxRow } from "../pipeline.ts";
import type { Specification, SpecWindow } from "../specification.ts";

type MessageType = DestinationConfig["events"][number];

export interface MessageContext {
	/** A version of the specification, if it judges or did. */
	readonly specificationOf: (version: number) => Specification | undefined;
	/** The version in force for what was made at a source time. */
	readonly specificationAt: (madeMs: number) => Specification | undefined;
	readonly destinations: readonly Pick<DestinationConfig, "name" | "events" | "concerns">[];
	/** Wall-clock time of writing; messages about a plant time that lies behind it say `replayed`. */
	readonly nowMs: number;
}

/** Plant time that lies further behind the clock than this is being caught up with, not lived. */
const replayedAfterMs = 10 * 60_000;
const dateMsMax = 8.64e15;

/** Messages for what a batch raised and cleared, one row per destination that wants to know. */
export function occurrenceMessages(
	judgement: Pick<Judgement, "occurrences" | "alerts">,
	context: MessageContext,
): OutboxRow[] {
	return [...judgement.alerts, ...judgement.occurrences].flatMap((occurrence) => {
		const kind = occurrence.level === undefined ? "violation" : "alert";
		const type: MessageType = `${kind}.${occurrence.clearedMs === undefined ? "raised" : "cleared"}`;
		const window = context
			.specificationOf(occurrence.specVersion)
			?.windows.find(({ id }) => id === occurrence.window);
		const atMs = occurrence.clearedMs ?? occurrence.raisedMs;
		const data = occurrenceData(occurrence, window, context);
		return rows(type, `${type}.${occurrence.id}`, atMs, data, window?.concerns ?? [], context);
	});
}

/** The message about a lot's verdict, or about one that corrects another. It concerns everybody. */
export function verdictMessages(
	verdict: LotVerdict,
	corrects: string | undefined,
	context: MessageContext,
): OutboxRow[] {
	const { lot, verdict: name, violations, windows, reasons, specVersion } = verdict;
	const product = context.specificationOf(specVersion)?.product.code ?? "";
	const data = {
		lot,
		product,
		verdict: name,
		violations,
		windows,
		reasons,
		specificationVersion: specVersion,
		verdictId: verdict.id,
		...(corrects === undefined ? {} : { corrects }),
	};
	const everybody = context.destinations.flatMap(({ concerns }) => concerns);
	return rows("lot.judged", `lot.judged.${verdict.id}`, verdict.judgedMs, data, everybody, context);
}

/** Messages about results that are overdue, and that have come after all. */
export function overdueMessages(overdue: readonly LabOverdue[], context: MessageContext): OutboxRow[] {
	const { nowMs } = context;
	return overdue.flatMap((row) => {
		const { id, lot, window, test, leftMs, dueMs, raisedMs, clearedMs } = row;
		const type: MessageType = clearedMs === undefined ? "laboratory.overdue" : "laboratory.received";
		const specification = context.specificationAt(leftMs);
		const wanted = specification?.laboratory.find((one) => one.id === window);
		const data = {
			...{ overdue: id, lot, window, test, product: specification?.product.code, method: wanted?.method },
			...{ leftLineTime: iso(leftMs), dueTime: iso(dueMs), raisedTime: iso(raisedMs) },
			...(clearedMs === undefined ? {} : { clearedTime: iso(clearedMs) }),
			...{ concerns: wanted?.concerns ?? [], replayed: nowMs - raisedMs > replayedAfterMs },
		};
		return rows(type, `${type}.${id}`, clearedMs ?? raisedMs, data, wanted?.concerns ?? [], context);
	});
}

function occurrenceData(
	occurrence: Occurrence,
	window: SpecWindow | undefined,
	{ specificationOf, nowMs }: MessageContext,
) {
	const {
		id,
		startedMs,
		raisedMs,
		clearedMs,
		clearedBy,
		side,
		limit,
		extreme,
		unit,
		tag,
		batch,
		lot,
		phase,
	} = occurrence;
	return {
		...(occurrence.level === undefined
			? { violation: id }
			: {
					...{ alert: id, level: occurrence.level, depth: Math.abs(extreme - limit) },
					...(clearedMs === undefined ? {} : { timeOutsideS: (clearedMs - startedMs) / 1_000 }),
				}),
		window: occurrence.window,
		specificationVersion: occurrence.specVersion,
		product: specificationOf(occurrence.specVersion)?.product.code ?? "",
		unit,
		tag,
		batch,
		lot,
		phase,
		side,
		limit,
		extreme,
		unitOfMeasure: window?.eu,
		startedTime: iso(startedMs),
		raisedTime: iso(raisedMs),
		...(clearedMs === undefined ? {} : { clearedTime: iso(clearedMs), clearedBy }),
		concerns: window?.concerns ?? [],
		reaction: window?.reaction,
		replayed: nowMs - raisedMs > replayedAfterMs,
	};
}

/** The body is written here once and signed and sent byte for byte at every attempt. */
export function rows(
	type: MessageType,
	cause: string,
	atMs: number,
	data: object,
	concerned: readonly string[],
	{ destinations, nowMs }: MessageContext,
): OutboxRow[] {
	const wanted = destinations.filter(
		({ events, concerns }) =>
			(events.length === 0 || events.includes(type)) &&
			(concerns.length === 0 || concerns.some((concern) => concerned.includes(concern))),
	);
	const body = JSON.stringify({ type, timestamp: iso(atMs), data });
	// Dots separate the parts of what is signed, so an id must not hold any.
	const id = `msg_${cause.replaceAll(".", "_")}`;
	return wanted.map(({ name }) => ({ id, destination: name, type, body, createdMs: nowMs }));
}

/** A source time may be anything that the plant sends; one that no Date can hold is shown as the last it can. */
export function iso(ms: number): string {
	return new Date(Math.max(-dateMsMax, Math.min(ms, dateMsMax))).toISOString();
}
