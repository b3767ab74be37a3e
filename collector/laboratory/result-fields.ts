import type { LabField, LabServerConfig } from "../config.ts";
import type { LabResult } from "../laboratory-port.ts";
import { type LabRefusal, resultId } from "./result-id.ts";
import type { FieldPlace, Piece } from "./result-pieces.ts";

/** Text beyond this is cut where it is shown; as part of a result it is refused. */
const textMax = 500;
const repeatsMax = 100;

/** The place of a tag among a server's fields: `Result.Repeats[2]` is element 2 of a list. */
export function fieldPlace(servers: readonly LabServerConfig[], device: string, tag: string) {
	for (const [server, { device: its, prefix, fields }] of servers.entries()) {
		if (its !== device || !tag.startsWith(prefix)) continue;
		const match = /^(.*?)(?:\[(\d{1,6})\])?$/s.exec(tag.slice(prefix.length));
		const order = fields.findIndex(({ name }) => name === match?.[1]);
		const isList = fields[order]?.is === "repeats";
		if (order === -1 || (match?.[2] !== undefined) !== isList) continue;
		return { server, order, element: Number(match?.[2] ?? 0) } satisfies FieldPlace;
	}
	return undefined;
}

/** Whether every field is there; a list may be empty. */
export function isWhole({ cells }: Piece, { fields }: LabServerConfig): boolean {
	const there = new Set(cells.map(({ order }) => order));
	return fields.every(({ is }, order) => is === "repeats" || there.has(order));
}

/** What a whole piece says, or why it says nothing that can be judged. */
export function resultOf(piece: Piece, server: LabServerConfig): LabResult | LabRefusal {
	const of = (is: LabField) => {
		const order = server.fields.findIndex((field) => field.is === is);
		return piece.cells.find((cell) => cell.order === order)?.value ?? undefined;
	};
	const words = (is: LabField) => String(of(is) ?? "").trim();
	const figure = (is: LabField) => {
		const value = of(is);
		return typeof value === "number" && Number.isFinite(value) ? value : undefined;
	};
	for (const is of ["lot", "test"] as const) {
		if (words(is) === "")
			return refusal(`NO_${is === "lot" ? "LOT" : "TEST"}`, `expected a ${is}, found none`);
	}
	const long = server.fields.find(({ is }) => String(of(is) ?? "").length > textMax);
	if (long !== undefined) return refusal("TOO_LONG", `${long.name}: expected at most ${textMax} characters`);
	const version = of("version") ?? 1;
	if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1)
		return refusal("VERSION_INVALID", `expected a version from 1, found ${JSON.stringify(version)}`);
	const order = server.fields.findIndex(({ is }) => is === "repeats");
	const repeats = piece.cells
		.filter((cell) => cell.order === order && typeof cell.value === "number" && Number.isFinite(cell.value))
		.map(({ value }) => value as number);
	if (repeats.length > repeatsMax)
		return refusal("TOO_MANY_REPEATS", `expected at most ${repeatsMax} repeats, found ${repeats.length}`);
	const value = figure("value");
	const isBelow = of("below") === 1;
	const said = {
		lot: words("lot"),
		material: words("material"),
		sample: words("sample"),
		test: words("test"),
		eu: words("eu"),
		value,
		censored: isBelow ? (value === undefined ? ("none" as const) : ("below" as const)) : undefined,
		repeats,
		operator: words("operator"),
		instrument: words("instrument"),
		calibrationDueMs: figure("calibration_due"),
		method: words("method"),
		detectionLimit: figure("detection_limit"),
		temperatureC: figure("temperature"),
		measuredMs: figure("measured") ?? piece.sourceMs,
		version,
		reason: words("reason"),
	};
	return {
		...said,
		id: resultId(said),
		reportedMs: piece.sourceMs,
		road: "opcua",
		enteredMs: piece.receivedMs,
		enteredBy: "",
	};
}

function refusal(code: string, message: string): LabRefusal {
	return { code, message };
}
