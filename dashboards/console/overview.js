// The head of the page: the state in words, the units, the figures.

import { byId, element, fill, setText } from "./page-elements.js";
import { count, dateTime, duration, shortTime, time } from "./page-text.js";

/** Data older than this is not live. */
const liveWithinMs = 60_000;

/**
 * The state is read out when it changes, the age of the data is not: it always changes.
 * @param {any} status
 * @returns {{ state: string, age: string, abnormal: boolean }}
 */
function stateInWords(status) {
	const { broker, nowMs, plantTimeMs, storedPerSecond, lastCommitError } = status;
	const ageMs = nowMs - plantTimeMs;
	const newest =
		typeof plantTimeMs === "number" ? `Newest data of ${dateTime(plantTimeMs)}, ${duration(ageMs)} old.` : "";
	const bad = (/** @type {string} */ text) => ({ state: `⚠ ${text}`, age: newest, abnormal: true });
	const good = (/** @type {string} */ state, /** @type {string} */ age) => ({ state, age, abnormal: false });
	if (lastCommitError) return bad(`The store cannot write: ${lastCommitError}. Agents keep their data.`);
	if (!broker.connected)
		return bad(`Not connected to the broker ${broker.url}. Agents keep their data and send it later.`);
	const doubled = status.edgeNodes.filter((/** @type {any} */ node) => node.rivals?.length > 0);
	if (doubled.length > 0) {
		const names = doubled.map((/** @type {any} */ node) => `${node.group}/${node.edgeNode}`).join(", ");
		return bad(`Two agents publish as ${names}. Nothing of it is stored until one of them is stopped.`);
	}
	const silent = status.edgeNodes.filter((/** @type {any} */ node) => !node.online);
	if (silent.length > 0) {
		const names = silent.map((/** @type {any} */ node) => `${node.group}/${node.edgeNode}`).join(", ");
		return bad(`Agent offline: ${names}.`);
	}
	if (newest === "") return good("Connected. No data yet.", "");
	if (ageMs <= liveWithinMs) return good("Connected and live.", `Newest data ${duration(ageMs)} old.`);
	if (storedPerSecond > 0) {
		const behind = `Data until ${shortTime(plantTimeMs)}, ${duration(ageMs)} behind the clock.`;
		return good("Connected, catching up.", behind);
	}
	return bad("Connected, but nothing arrives.");
}

/** @param {number} sinceMs */
export function showUnreachable(sinceMs) {
	byId("now").className = "abnormal";
	setText(byId("age"), "");
	setText(
		byId("state"),
		`⚠ The collector does not answer since ${time(sinceMs)}. What you see is from before.`,
	);
}

/** @param {any} status */
export function showOverview(status) {
	const { specification, insecure, simulated, totals } = status;
	setText(byId("product"), `${specification.product}, specification ${specification.version}`);
	const badges = [...(simulated ? ["simulated line"] : [])];
	if (insecure.length > 0) badges.push(`not encrypted: ${insecure.join(", ")}`);
	fill(byId("badges"), badges, () => badges.map((text) => element("span", { class: "badge" }, text)));
	const { state, age, abnormal } = stateInWords(status);
	byId("now").className = abnormal ? "abnormal" : "";
	setText(byId("state"), state);
	setText(byId("age"), age);

	setText(byId("figure-rate"), count(status.storedPerSecond));
	setText(byId("figure-waiting"), count(status.waitingSamples));
	setText(byId("figure-total"), count(totals?.samples));
	figure("figure-gaps", totals?.gaps, "attention");
	setText(byId("figure-delivered"), count(totals?.messages.delivered));
	setText(byId("figure-undelivered"), count(totals?.messages.waiting));
	figure("figure-failed", totals?.messages.failed, "attention");
	const open = byId("figure-open");
	open.className = totals?.openOccurrences > 0 ? "abnormal" : "";
	const marked = totals?.openOccurrences > 0 ? "▲ " : "";
	setText(open, `${count(totals?.occurrences)}, ${marked}${count(totals?.openOccurrences)} open`);
}

/** @param {string} id @param {number | undefined} value @param {string} abnormal */
function figure(id, value, abnormal) {
	const target = byId(id);
	const raised = typeof value === "number" && value > 0;
	target.className = raised ? abnormal : "";
	setText(target, raised ? `▲ ${count(value)}` : count(value));
}

/**
 * @param {any} status
 * @param {any[]} violations
 * @param {{ selected: string, href: (unit: string) => string }} link
 */
export function showUnits(status, violations, link) {
	const list = byId("units");
	const names = status.units.map((/** @type {any} */ unit) => unit.unit);
	// The cards stay and only their texts change, so that the keyboard's place on them is kept.
	fill(list, names, () => names.map((/** @type {string} */ name) => unitCard(name)));
	for (const [index, unit] of status.units.entries()) {
		const card = /** @type {HTMLAnchorElement | null} */ (list.children[index]?.firstElementChild ?? null);
		if (card === null) continue;
		const open = violations.filter((each) => each.unit === unit.unit && each.clearedMs === undefined).length;
		card.setAttribute("href", link.href(unit.unit));
		if (unit.unit === link.selected) card.setAttribute("aria-current", "true");
		else card.removeAttribute("aria-current");
		const ageMs = typeof unit.throughMs === "number" ? status.nowMs - unit.throughMs : undefined;
		const texts = {
			phase: unit.phase || "no phase",
			batch: unit.batch ? `batch ${unit.batch}` : "no batch",
			lot: unit.lot ? `lot ${unit.lot}` : "no lot",
			age: ageMs === undefined ? "no data" : `${duration(ageMs)} old`,
			open: open > 0 ? `▲ ${count(open)} open` : "",
		};
		for (const [key, text] of Object.entries(texts)) {
			const part = card.querySelector(`.${key}`);
			if (part === null) continue;
			setText(part, text);
			part.setAttribute("title", text);
		}
	}
}

/** @param {string} name */
function unitCard(name) {
	const parts = ["phase", "batch faint", "lot faint", "age faint", "open abnormal"];
	return element(
		"li",
		{},
		element(
			"a",
			{},
			element("span", { class: "unit" }, name),
			...parts.map((part) => element("span", { class: part })),
		),
	);
}
