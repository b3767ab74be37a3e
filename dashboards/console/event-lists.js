// Last violations, lots, gaps and webhooks.

import { byId, element, fill, row } from "./page-elements.js";
import { dateTime, duration, measured, plural, shortTime, words } from "./page-text.js";

/** @param {string} section */
const body = (section) => /** @type {Element} */ (byId(section).querySelector("tbody, ol"));

/** @param {any[]} violations @param {any[]} windows @param {(violation: any) => string} href */
export function showViolations(violations, windows, href) {
	const byWindow = new Map(windows.map((window) => [window.id, window]));
	fill(body("violations"), [violations, windows.length], () =>
		violations.length === 0
			? [element("li", { class: "faint" }, "None so far.")]
			: violations.map((each) => violationItem(each, byWindow.get(each.window), href)),
	);
}

/** @param {any} violation @param {any} window @param {(violation: any) => string} href */
function violationItem(violation, window, href) {
	const { unit, lot, phase, side, limit, extreme, startedMs, clearedMs, clearedBy, level } = violation;
	const open = clearedMs === undefined;
	const link = element("a", {}, `${violation.window}`);
	link.setAttribute("href", href(violation));
	const eu = window?.eu ? ` ${window.eu}` : "";
	const ended = open
		? level === undefined
			? element("span", { class: "abnormal" }, "▲ open")
			: element("span", { class: "attention" }, `△ beyond the ${level} limit`)
		: `ended after ${duration(clearedMs - startedMs)}${clearedBy === "phase_end" ? " with the phase" : ""}`;
	const item = element(
		"li",
		{},
		element(
			"p",
			{},
			element("strong", {}, link),
			` in ${unit}, lot ${lot || "none"}${phase ? `, ${phase}` : ""}`,
		),
		element("p", {}, `${dateTime(startedMs)}, `, ended),
		element(
			"p",
			{},
			`${side === "high" ? "highest" : "lowest"} ${measured(extreme)}${eu}, limit ${measured(limit)}${eu}`,
		),
	);
	if (window !== undefined) {
		item.append(
			element("p", { class: "faint" }, `For ${window.concerns.map(words).join(", ")}. ${window.reaction}`),
		);
	}
	return item;
}

const verdictWords = { in: "in", out: "▲ out", not_evaluable: "not evaluable" };
const verdictClass = { in: "", out: "abnormal", not_evaluable: "attention" };

/** @param {any[]} lots */
export function showLots(lots) {
	fill(body("lots"), lots, () =>
		orNone(lots, (lot) => {
			const name = /** @type {keyof typeof verdictWords | undefined} */ (lot.verdict?.verdict);
			const text =
				name === undefined ? (lot.closedMs === undefined ? "on the line" : "not yet") : verdictWords[name];
			const whole = lot.observedWhole || lot.closedMs === undefined ? [] : ["seen only in part"];
			const title = [text, ...whole, ...(lot.verdict?.reasons ?? [])].join("; ");
			return row(
				lot.lot,
				{ text, class: name === undefined ? "faint" : verdictClass[name], title },
				String(lot.occurrences),
				shortTime(lot.openedMs),
				lot.closedMs === undefined ? "open" : shortTime(lot.closedMs),
			);
		}),
	);
}

/** @param {any[]} gaps */
export function showGaps(gaps) {
	fill(body("gaps"), gaps, () =>
		orNone(gaps, (gap) =>
			row(
				{
					text: gap.unit || gap.edgeNode,
					title:
						gap.tags.length === 0 ? "every tag" : `${plural(gap.tags.length, "tag")}: ${gap.tags.join(", ")}`,
				},
				`${words(gap.cause)}${gap.backfilled ? ", filled later" : ""}`,
				shortTime(gap.fromMs),
				duration(gap.toMs - gap.fromMs),
			),
		),
	);
}

/** @param {any[]} messages */
export function showMessages(messages) {
	fill(body("messages"), messages, () =>
		orNone(messages, (message) => {
			const tries = message.attempts > 1 ? ` (${plural(message.attempts, "attempt")})` : "";
			return row(
				message.destination,
				message.type.replace(".", " "),
				{
					text: `${message.state === "failed" ? "▲ failed" : message.state}${tries}`,
					class: message.state === "failed" ? "attention" : "",
					title: message.lastError ?? message.state,
				},
				shortTime(message.createdMs),
			);
		}),
	);
}

/** @param {any[]} list @param {(item: any) => Node} make */
function orNone(list, make) {
	return list.length === 0 ? [row({ text: "None so far.", class: "faint" })] : list.map(make);
}
