// Draws one dashboard. `show` is called by take-pictures.ts with the dashboard and what its queries gave.

import { dateTime, ThemeContext } from "@grafana/data";
import { BigValue, GlobalStyles, Table, TimeSeries } from "@grafana/ui";
import { createElement as h, useLayoutEffect } from "react";
import { createRoot } from "react-dom/client";
import { framesOf, theme } from "./panel-frames.js";
import { stretchesOf } from "./state-rows.js";

const [columnPx, rowPx, gapPx, headPx, widthPx] = [59, 38, 8, 30, 1_424];
const clock = (ms) => new Date(ms).toISOString().slice(11, 16);

let shown;

globalThis.show = (told) => {
	shown?.unmount();
	const place = document.body.appendChild(document.createElement("div"));
	place.id = told.dashboard.uid;
	place.style.width = `${widthPx}px`;
	document.body.style.background = theme.colors.background.canvas;
	const root = h(ThemeContext.Provider, { value: theme }, h(GlobalStyles), h(Dashboard, told));
	shown = createRoot(place);
	shown.render(root);
};

function Dashboard({ dashboard, period, answers, annotations }) {
	useLayoutEffect(() => {
		// Canvases are painted in the frames after this one.
		const drawn = () => {
			document.getElementById(dashboard.uid).dataset.drawn = "";
		};
		requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(drawn, 300)));
	}, [dashboard]);
	const bottom = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
	const style = {
		...{ position: "relative", width: widthPx, height: headPx + 16 + bottom * rowPx },
		...{ background: theme.colors.background.canvas, fontFamily: theme.typography.fontFamily },
	};
	const title = `${dashboard.title}    ${new Date(period.fromMs).toISOString().slice(0, 16).replace("T", " ")} to ${clock(period.toMs)} UTC`;
	return h(
		"div",
		{ style },
		h("div", { style: { padding: "8px 8px 0", fontSize: 16, fontWeight: 500, whiteSpace: "pre" } }, title),
		dashboard.panels.map((panel) =>
			h(Panel, { key: panel.id, panel, period, answers, marks: marksOf(dashboard, annotations) }),
		),
	);
}

/** Annotations of a dashboard: when, how long, what colour. */
function marksOf(dashboard, annotations) {
	return dashboard.annotations.list.flatMap(({ iconColor, target, filter }, index) =>
		annotations[index].flatMap(({ columns, values }) => {
			const end = columns.indexOf(target.timeEndColumn);
			return values.map((row) => ({
				fromMs: row[0],
				toMs: row[end] ?? undefined,
				color: iconColor,
				panels: filter?.ids,
			}));
		}),
	);
}

function Panel({ panel, period, answers, marks }) {
	const { x, y, w, h: rows } = panel.gridPos;
	const [width, height] = [w * columnPx - gapPx, rows * rowPx - gapPx];
	const style = {
		...{ position: "absolute", left: x * columnPx + gapPx, top: headPx + 8 + y * rowPx, width, height },
		...{ background: theme.colors.background.primary, border: `1px solid ${theme.colors.border.weak}` },
		...{ borderRadius: 2, overflow: "hidden", boxSizing: "border-box" },
	};
	const inner = { width: width - 18, height: height - headPx - 10 };
	const frames = framesOf(panel, answers);
	return h(
		"div",
		{ style },
		h("div", { style: { padding: "5px 8px", fontSize: 14, fontWeight: 500, height: headPx } }, panel.title),
		h("div", { style: { padding: "0 8px" } }, h(Picture, { panel, period, frames, marks, ...inner })),
	);
}

function Picture({ panel, period, frames, marks, width, height }) {
	const nothing = frames.length === 0;
	if (panel.type === "stat") return h(Stat, { panel, frames, width, height });
	if (nothing)
		return h(
			"div",
			{ style: { color: theme.colors.text.secondary, paddingTop: height / 2 - 10, textAlign: "center" } },
			"No data",
		);
	if (panel.type === "table") return h(Table, { data: frames[0], width, height });
	if (panel.type === "state-timeline") return h(States, { panel, period, frames, width, height });
	const timeRange = { from: dateTime(period.fromMs), to: dateTime(period.toMs), raw: { from: "", to: "" } };
	return h(
		TimeSeries,
		{
			frames,
			timeRange,
			timeZone: "utc",
			width,
			height,
			legend: panel.options.legend,
			options: panel.options,
		},
		(config) => h(Marks, { config, marks: marks.filter(({ panels }) => panels?.includes(panel.id) ?? true) }),
	);
}

/** Annotations as Grafana draws them: a dashed line where one begins, a tint while it lasts. */
function Marks({ config, marks }) {
	useLayoutEffect(() => {
		config.addHook("draw", (u) => {
			const { ctx, bbox } = u;
			ctx.save();
			ctx.beginPath();
			ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
			ctx.clip();
			for (const { fromMs, toMs, color } of marks) {
				const at = u.valToPos(fromMs, "x", true);
				ctx.strokeStyle = color;
				ctx.setLineDash([5, 5]);
				ctx.beginPath();
				ctx.moveTo(at, bbox.top);
				ctx.lineTo(at, bbox.top + bbox.height);
				ctx.stroke();
				if (toMs === undefined) continue;
				ctx.globalAlpha = 0.1;
				ctx.fillStyle = color;
				ctx.fillRect(at, bbox.top, u.valToPos(toMs, "x", true) - at, bbox.height);
				ctx.globalAlpha = 1;
			}
			ctx.restore();
		});
	}, [config]);
	return null;
}

function Stat({ panel, frames, width, height }) {
	const field = frames[0]?.fields[1];
	const value = field?.values.findLast((one) => one !== null);
	const shown =
		value === undefined
			? { text: panel.fieldConfig.defaults.noValue, numeric: Number.NaN, color: theme.colors.text.primary }
			: field.display(value);
	return h(BigValue, { value: shown, width, height, theme, ...panel.options });
}

function States({ panel, period, frames, width, height }) {
	const named = 130;
	const axis = 20;
	const row = (height - axis) / frames.length;
	const { fromMs, toMs } = period;
	const place = (ms) => ((ms - fromMs) / (toMs - fromMs)) * (width - named);
	// A status is of a stretch; a change holds until the next.
	const ofStretches = panel.targets[0].query.includes("GROUP BY time(");
	const ticks = [0, 1, 2, 3, 4, 5, 6].map((part) => fromMs + ((toMs - fromMs) * part) / 6);
	const small = {
		position: "absolute",
		fontSize: 12,
		color: theme.colors.text.primary,
		whiteSpace: "nowrap",
		overflow: "hidden",
	};
	return h(
		"div",
		{ style: { position: "relative", width, height } },
		frames.flatMap((frame, index) => [
			h(
				"div",
				{
					key: `n${index}`,
					style: { ...small, top: index * row + row / 2 - 9, width: named - 8, textAlign: "right" },
				},
				frame.fields[1].config.displayName,
			),
			...stretchesOf(frame, period, ofStretches).map(({ text, color, fromMs: from, toMs: to }) => {
				const px = place(to) - place(from);
				const box = {
					left: named + place(from),
					width: Math.max(1, px - 1),
					top: index * row + row * 0.1,
					height: row * 0.8,
				};
				const look = { background: color, opacity: panel.fieldConfig.defaults.custom.fillOpacity / 100 };
				return h(
					"div",
					{ key: `${index} ${from}`, style: { ...small, ...box } },
					h("div", { style: { ...look, position: "absolute", inset: 0 } }),
					px > text.length * 7 + 6
						? h("div", { style: { position: "absolute", left: 4, top: row * 0.4 - 9 } }, text)
						: null,
				);
			}),
		]),
		ticks.map((ms) =>
			h(
				"div",
				{
					key: ms,
					style: {
						...small,
						left: named + place(ms) - (ms === toMs ? 32 : 16),
						top: height - axis + 2,
						color: theme.colors.text.secondary,
					},
				},
				clock(ms),
			),
		),
	);
}
