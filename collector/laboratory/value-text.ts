import type { LabResult } from "../laboratory-port.ts";
import type { LabRefusal } from "./result-id.ts";

/** `point`, `comma`: the mark before decimals, the other one is refused. `either`: both are; `open`: both, where no reading as thousands is possible. */
export type DecimalMark = "point" | "comma" | "either" | "open";

export interface ReadValue {
	readonly value: number | undefined;
	readonly censored: LabResult["censored"];
}

/** Words for "less than can be told", lower case, after NFKC, without blanks and points. */
const notDetected = new Set([
	...["nd", "notdetected", "<lod", "<dl", "<loq", "bdl", "blod", "tracenotdetected"],
	...["検出限界以下", "検出下限以下", "検出限界未満", "検出せず", "不検出", "定量下限未満", "定量限界以下"],
]);
/** Words for a result that there is not: the sample was lost, or not measured. */
const nothing = new Set(["", "-", "--", "n/a", "na", "lost", "未測定", "欠測"]);

const valueMax = 1e300;

/**
 * A result as people and instruments write it. `<0.3` is below 0.3, `>5` above 5; what was not detected is below the detection
 * limit where that is known; an empty cell or a dash is a result without a value.
 */
export function readValue(
	text: string,
	mark: DecimalMark,
	detectionLimit: number | undefined,
): ReadValue | LabRefusal {
	const plain = text
		.normalize("NFKC")
		.replaceAll(/[\u2212\u2013\u2014\u30fc\u2015]/g, "-")
		.trim();
	const word = plain.toLowerCase().replaceAll(/[\s.]/g, "");
	if (nothing.has(word)) return { value: undefined, censored: undefined };
	if (notDetected.has(word))
		return detectionLimit === undefined
			? { value: undefined, censored: "none" }
			: { value: detectionLimit, censored: "below" };
	const sign = /^([<>≤≥]=?)\s*/.exec(plain);
	const number = readNumber(sign === null ? plain : plain.slice(sign[0].length), mark);
	if (typeof number !== "number") return number;
	if (sign === null) return { value: number, censored: undefined };
	return { value: number, censored: /^[<≤]/.test(plain) ? "below" : "above" };
}

/** A number with a decimal point or comma, without marks between thousands; `5e-9` and `5×10^-9` are the same. */
export function readNumber(text: string, mark: DecimalMark): number | LabRefusal {
	const plain = text
		.normalize("NFKC")
		.replaceAll(/[\u2212\u2013]/g, "-")
		.trim()
		.replace(/\s*[×x*]\s*10\s*(?:\^|\*\*)?\s*\(?([+-]?\d{1,3})\)?$/i, "e$1");
	const match = /^([+-]?)(\d{0,30})(?:([.,])(\d{0,30}))?(?:e([+-]?\d{1,4}))?$/i.exec(plain);
	if (match === null || `${match[2]}${match[4] ?? ""}` === "")
		return notNumber(`expected a number, found ${shown(text)}`);
	const [, sign, whole, found, decimals = "", exponent = "0"] = match;
	if ((mark === "point" && found === ",") || (mark === "comma" && found === "."))
		return notNumber(`expected a decimal ${mark}, found ${shown(text)}`);
	const mayBeThousands =
		/^[1-9]\d{0,2}$/.test(whole ?? "") && decimals.length === 3 && match[5] === undefined;
	if (mark === "open" && found === "," && mayBeThousands) {
		const two = `${whole}.${decimals} or ${whole}${decimals}`;
		return notNumber(
			`expected a number that can be read in one way, found ${shown(text)}, which may be ${two}; state the decimal mark`,
		);
	}
	const value = Number(
		`${sign}${whole === "" ? "0" : whole}.${decimals === "" ? "0" : decimals}e${exponent}`,
	);
	if (value === 0) return 0;
	return Math.abs(value) <= valueMax ? value : notNumber(`expected at most 1e300, found ${shown(text)}`);
}

function notNumber(message: string): LabRefusal {
	return { code: "VALUE_INVALID", message };
}

export function shown(text: string): string {
	return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
