// Node ids and browse paths as people write them. Pure.

/** A node id: what identifies it within its namespace, and the namespace's URI when it is written down. */
export interface NodeText {
	readonly namespace: string | undefined;
	/** `s=…`, `i=…`, `g=…` or `b=…` */
	readonly id: string;
}

/** One step of a browse path: its namespace by URI, by the server's present index, or left to the reader. */
export interface PathStep {
	readonly namespace: string | number | undefined;
	readonly name: string;
}

const pathStepsMax = 64;

/** Reads `nsu=URI;s=…` (Part 6 §5.1.12) or `s=…`; undefined for anything else. `%3B` and `%25` in a URI are `;` and `%`. */
export function parseNodeText(text: string): NodeText | undefined {
	const match = /^(?:nsu=([^;]+);)?([isgb]=.+)$/s.exec(text);
	if (match === null) return undefined;
	const [, uri, id = ""] = match;
	if (!isIdentifier(id)) return undefined;
	const namespace = uri?.replace(/%3B/gi, ";").replace(/%25/g, "%");
	return { namespace, id };
}

/** An identifier of Part 6 §5.1.12: a 32-bit number, any text, a GUID or base64. */
function isIdentifier(id: string): boolean {
	const value = id.slice(2);
	switch (id[0]) {
		case "i":
			return /^\d{1,10}$/.test(value) && Number(value) <= 0xffff_ffff;
		case "g":
			return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
		case "b":
			return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value);
		default:
			return value.length <= 4_096;
	}
}

/** `nsu=URI;id`, with `;` and `%` of the URI escaped. */
export function nodeText(namespace: string, id: string): string {
	return `nsu=${namespace.replace(/%/g, "%25").replace(/;/g, "%3B")};${id}`;
}

/**
 * Reads a browse path such as `/Objects/2:Kiln/2:TT01`, `Kiln/TT01` or `nsu=urn:x;Kiln/TT01` into its steps below the
 * Objects folder, which may be written or left out. `&` takes the next character as it is, as in the text form of
 * relative paths, Part 4 Annex A.2. Returns undefined for a path without a step, or with an empty or too long one.
 */
export function parseBrowsePath(text: string): PathStep[] | undefined {
	const [first, second, ...below] = splitPath(text);
	const isFromRoot = first === "";
	if (isFromRoot && second !== "Objects" && second !== "0:Objects") return undefined;
	const texts = isFromRoot ? below : splitPath(text);
	const steps = texts.map(parseStep);
	if (steps.length === 0 || steps.length > pathStepsMax || steps.some(({ name }) => name === ""))
		return undefined;
	return steps;
}

/** Whether a path stands for the Objects folder itself. */
export function isObjectsFolder(text: string): boolean {
	return /^\/(?:0:)?Objects\/?$/.test(text);
}

export function isBrowsePath(text: string): boolean {
	return parseBrowsePath(text) !== undefined;
}

/** The steps' texts, still escaped. */
function splitPath(text: string): string[] {
	const steps = [""];
	for (let at = 0; at < text.length; at++) {
		if (text[at] === "/") steps.push("");
		else {
			const length = text[at] === "&" ? 2 : 1;
			steps[steps.length - 1] += text.slice(at, at + length);
			at += length - 1;
		}
	}
	return steps;
}

function parseStep(text: string): PathStep {
	const plain = (escaped: string) => escaped.replace(/&(.)/gs, "$1");
	const byUri = /^nsu=((?:[^;&]|&.)+);(.+)$/s.exec(text);
	if (byUri !== null) return { namespace: plain(byUri[1] ?? ""), name: plain(byUri[2] ?? "") };
	const byIndex = /^(\d{1,5}):(.+)$/s.exec(text);
	if (byIndex !== null) return { namespace: Number(byIndex[1]), name: plain(byIndex[2] ?? "") };
	return { namespace: undefined, name: plain(text) };
}

/** A step with its namespace's index as it is written into a path. */
export function pathStepText(namespaceIndex: number, name: string): string {
	return `${namespaceIndex}:${name.replace(/[&/;]/g, "&$&")}`;
}
