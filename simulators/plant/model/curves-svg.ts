/** One instrument with and without what goes wrong; both in steps of equal length. */
export interface Curve {
	readonly title: string;
	readonly clean: readonly number[];
	readonly hit: readonly number[];
	/** Limits of its window, drawn where they are in sight. */
	readonly limits: readonly number[];
}

const width = 720;
const left = 56;
const right = 12;
const stripHeight = 84;
const stripGap = 30;
const top = 64;
/** Points of a curve at the most: enough for its width. */
const pointsMax = 330;
const colours = { clean: "#8a94a0", hit: "#b3261e", limit: "#6750a4", text: "#1c1f23", grid: "#d7dce1" };

/** Strips of curves over hours, as a self-contained SVG picture. */
export function curvesSvg(options: {
	readonly title: string;
	readonly subtitle: string;
	readonly note: string;
	/** What stands in the upper right corner. */
	readonly corner: string;
	readonly fromHour: number;
	readonly toHour: number;
	readonly curves: readonly Curve[];
}): string {
	const { curves, fromHour, toHour } = options;
	const bottom = top + curves.length * (stripHeight + stripGap);
	const height = bottom + 34;
	const x = (hour: number) => left + ((hour - fromHour) / (toHour - fromHour)) * (width - left - right);
	const body: string[] = [];
	for (const hour of hoursOf(fromHour, toHour)) {
		body.push(
			`<line x1="${n(x(hour))}" y1="${top}" x2="${n(x(hour))}" y2="${bottom - stripGap}" stroke="${colours.grid}"/>`,
			text(x(hour), bottom - stripGap + 14, `${hour} h`, { anchor: "middle", size: 11 }),
		);
	}
	for (const [index, curve] of curves.entries())
		body.push(...strip(curve, top + index * (stripHeight + stripGap)));
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(`${options.title}: ${options.subtitle}`)}" font-family="system-ui, sans-serif" fill="${colours.text}">`,
		`<rect width="${width}" height="${height}" fill="#ffffff"/>`,
		text(left, 20, options.title, { size: 15, bold: true }),
		text(left, 38, options.subtitle, { size: 12 }),
		text(width - right, 20, options.corner, { size: 11, anchor: "end" }),
		...body,
		text(left, height - 10, options.note, { size: 11 }),
		"</svg>",
		"",
	].join("\n");
}

function strip(curve: Curve, y: number): string[] {
	const all = [...curve.clean, ...curve.hit];
	let low = Math.min(...all);
	let high = Math.max(...all);
	const room = Math.max((high - low) * 0.08, Math.abs(high) * 0.01, 1e-9);
	low -= room;
	high += room;
	const at = (value: number) => y + stripHeight - ((value - low) / (high - low)) * stripHeight;
	const limits = curve.limits.filter((limit) => limit > low && limit < high);
	return [
		text(left, y - 5, curve.title, { size: 11 }),
		`<rect x="${left}" y="${y}" width="${width - left - right}" height="${stripHeight}" fill="none" stroke="${colours.grid}"/>`,
		text(left - 5, y + 9, short(high - room), { anchor: "end", size: 10 }),
		text(left - 5, y + stripHeight, short(low + room), { anchor: "end", size: 10 }),
		...limits.map(
			(limit) =>
				`<line x1="${left}" y1="${n(at(limit))}" x2="${width - right}" y2="${n(at(limit))}" stroke="${colours.limit}" stroke-dasharray="5 4"/>`,
		),
		line(curve.clean, at, colours.clean, 1),
		line(curve.hit, at, colours.hit, 1.4),
	];
}

function line(
	values: readonly number[],
	at: (value: number) => number,
	colour: string,
	thick: number,
): string {
	const every = Math.max(1, Math.ceil(values.length / pointsMax));
	const points: string[] = [];
	for (let index = 0; index < values.length; index += every) {
		const x = left + (index / Math.max(1, values.length - 1)) * (width - left - right);
		points.push(`${n(x)},${n(at(values[index] as number))}`);
	}
	return `<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="${thick}" stroke-linejoin="round"/>`;
}

/** About eight whole hours that divide the time evenly, zero among them. */
function hoursOf(from: number, to: number): number[] {
	const step = [1, 2, 4, 6, 12, 24].find((one) => (to - from) / one <= 9) ?? 24;
	const hours: number[] = [];
	for (let hour = Math.ceil(from / step) * step; hour <= to; hour += step) hours.push(hour === 0 ? 0 : hour);
	return hours;
}

function text(
	x: number,
	y: number,
	content: string,
	style: { size: number; anchor?: "middle" | "end"; bold?: boolean },
): string {
	const anchor = style.anchor === undefined ? "" : ` text-anchor="${style.anchor}"`;
	const weight = style.bold === true ? ' font-weight="600"' : "";
	return `<text x="${n(x)}" y="${n(y)}" font-size="${style.size}"${anchor}${weight}>${escaped(content)}</text>`;
}

function n(value: number): string {
	return String(Math.round(value * 10) / 10);
}

function short(value: number): string {
	return String(Number(value.toPrecision(3)));
}

function escaped(content: string): string {
	return content
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;")
		.replaceAll('"', "&quot;");
}
