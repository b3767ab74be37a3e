import type { Excursion } from "../lot-port.ts";

const [width, height, pad] = [320, 72, 4];

/**
 * A small chart of an excursion: the tag's range per bucket as a line, the limit dashed, the time outside shaded; a hole in the data is
 * a hole in the line. Attributes only, so that a strict content policy shows it.
 */
export function smallChart({ chart, limit, startedMs, clearedMs, raisedMs }: Excursion): string {
	const { fromMs, toMs, min, max } = chart;
	const known = [...min, ...max].filter((value): value is number => value !== null);
	if (known.length === 0) return "";
	const low = Math.min(limit, ...known);
	const high = Math.max(limit, ...known);
	const room = high - low || 1;
	const x = (ms: number) =>
		pad + ((Math.min(Math.max(ms, fromMs), toMs) - fromMs) / (toMs - fromMs)) * (width - 2 * pad);
	const y = (value: number) => height - pad - ((value - low) / room) * (height - 2 * pad);
	const bucketMs = (toMs + 1 - fromMs) / Math.max(1, min.length);
	const at = (index: number) => x(fromMs + (index + 0.5) * bucketMs).toFixed(1);
	let path = "";
	let isOpen = false;
	for (const [index, lowest] of min.entries()) {
		const highest = max[index] ?? null;
		if (lowest === null || highest === null) {
			isOpen = false;
			continue;
		}
		path += `${isOpen ? "L" : "M"}${at(index)} ${y(lowest).toFixed(1)}`;
		if (highest !== lowest) path += `L${at(index)} ${y(highest).toFixed(1)}`;
		isOpen = true;
	}
	const [left, right] = [x(startedMs), x(clearedMs ?? Math.max(raisedMs, toMs))];
	return [
		`<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="the tag around the excursion">`,
		`<rect x="${left.toFixed(1)}" y="0" width="${Math.max(1, right - left).toFixed(1)}" height="${height}" fill="#b3261e" fill-opacity="0.14"/>`,
		`<line x1="0" x2="${width}" y1="${y(limit).toFixed(1)}" y2="${y(limit).toFixed(1)}" stroke="#6d7882" stroke-dasharray="4 3"/>`,
		`<path d="${path}" fill="none" stroke="#2f363d" stroke-width="1.3"/>`,
		"</svg>",
	].join("");
}
