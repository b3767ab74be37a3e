import type { Analysis } from "./analyse.ts";
import { escaped, left, svgPanel, width } from "./svg-panel.ts";
import {
	basisText,
	decimalsFor,
	falseAlarmText,
	indexRows,
	provisionalText,
	refusalTexts,
	titles,
} from "./words.ts";

const [mainHeight, spreadHeight, gap] = [280, 120, 46];
const causesShownMax = 8;

const style = `text{font-family:system-ui,"Segoe UI","DejaVu Sans",sans-serif;font-size:12px;fill:#1f2933}
.title{font-size:18px;font-weight:600}.small{font-size:11px;fill:#52606d}.badge{font-weight:600;fill:#7a4b00}
.center{stroke:#3e7a4e;stroke-width:1.2}.limit{stroke:#b42318;stroke-width:1.2;stroke-dasharray:6 4;fill:none}
.t{stroke:#b7791f;stroke-width:1.2;stroke-dasharray:2 3}.zone{fill:#eef4f0}.grid{stroke:#e4e7eb}.frame{stroke:#9aa5b1;fill:none}
.line{stroke:#2f6690;stroke-width:1.3;fill:none;stroke-linejoin:round}.dot{fill:#2f6690}.signal{fill:#b42318;stroke:#fff}.beyond{fill:#b42318}
.excluded{fill:#fff;stroke:#7b8794}.phase{stroke:#7b8794;stroke-dasharray:2 4}.red{fill:#b42318}.green{fill:#2b5d39}.amber{fill:#8a5a10}`;

/** The chart as a picture: an SVG document that needs nothing else. */
export function svgText(analysis: Analysis, file: string): string {
	const { chart } = analysis;
	const decimals = decimalsFor(chart.chart === "t2" ? 1 : chart.sigma);
	const badge = provisionalText(analysis, decimals);
	const foot = footLines(analysis);
	const out: string[] = [];
	let y = 30;
	out.push(`<text class="title" x="${left}" y="${y}">${escaped(titles[chart.chart])}</text>`);
	out.push(`<text class="small" x="${width - 16}" y="${y}" text-anchor="end">${escaped(file)}</text>`);
	y += 20;
	for (const line of [basisText(analysis), ...wrapped(falseAlarmText(analysis))]) {
		out.push(`<text class="small" x="${left}" y="${y}">${escaped(line)}</text>`);
		y += 16;
	}
	y -= 16;
	if (badge !== undefined) {
		y += 24;
		out.push(
			`<rect x="${left}" y="${y - 14}" width="${textWidth(badge) + 16}" height="20" rx="4" fill="#fff3d6" stroke="#e0b252"/>`,
		);
		out.push(`<text class="badge" x="${left + 8}" y="${y}">${escaped(badge)}</text>`);
	}
	y += 34;
	for (const [place, panel] of chart.panels.entries()) {
		const height = place === 0 ? mainHeight : spreadHeight;
		out.push(svgPanel(analysis, panel, { top: y, height, main: place === 0 }));
		y += height + gap;
	}
	for (const line of foot) {
		out.push(`<text x="${left}" y="${y}">${escaped(line)}</text>`);
		y += 18;
	}
	const said = `${titles[chart.chart]} of ${file}: ${basisText(analysis)}; ${chart.panels[0].signals.length} signals`;
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 4}" width="${width}" height="${y + 4}" role="img" aria-label="${escaped(said)}">
<title>${escaped(said)}</title>
<style>${style}</style>
<rect width="100%" height="100%" fill="#fff"/>
${out.join("\n")}
</svg>
`;
}

function footLines(analysis: Analysis): string[] {
	const { options, chart, capability, causes } = analysis;
	const { lower, upper, target } = options.specification;
	const limits = [
		lower === undefined ? "" : `LSL ${lower}`,
		target === undefined ? "" : `target ${target}`,
		upper === undefined ? "" : `USL ${upper}`,
	].filter((text) => text !== "");
	const indices = indexRows(analysis).map(
		({ name, value, interval }) => `${name} ${value}${interval === undefined ? "" : ` (${interval})`}`,
	);
	const rules = options.rules.length === 0 ? [] : [`rules: ${options.rules.join(", ")}`];
	const signals = chart.panels.map(({ name, signals: { length } }) => `${name} ${length}`).join(", ");
	const did = [...(causes ?? [])].slice(0, causesShownMax).flatMap(([index, why]) => {
		const shares = why.map(
			({ name, given, alone }) => `${name} ${given.toFixed(1)} (alone ${alone.toFixed(1)})`,
		);
		return wrapped(`${index}: T² would lose without ${shares.join(", ")}`);
	});
	return [
		...wrapped(`signals: ${signals}`),
		...did,
		...rules.flatMap(wrapped),
		...(capability === undefined
			? []
			: wrapped(`${limits.join(", ")}; n = ${capability.n}; ${indices.join("; ")}`)),
		...refusalTexts(analysis).flatMap(wrapped),
		...analysis.notes.flatMap((note) => wrapped(`note: ${note}`)),
	];
}

function wrapped(text: string): string[] {
	const most = 120;
	const lines: string[] = [];
	let line = "";
	for (const word of text.split(" ")) {
		if (line.length + word.length > most) {
			lines.push(line);
			line = "";
		}
		line += line === "" ? word : ` ${word}`;
	}
	return [...lines, line];
}

function textWidth(text: string): number {
	return Math.round(text.length * 6.6);
}
