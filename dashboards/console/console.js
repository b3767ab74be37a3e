// The page asks every two seconds while somebody can see it, one round at a time; it keeps no history of its own.

import { ask, Refusal } from "./ask.js";
import { showGaps, showLots, showMessages, showViolations } from "./event-lists.js";
import { showOverview, showUnits, showUnreachable } from "./overview.js";
import { byId, setText } from "./page-elements.js";
import { Trend } from "./trend.js";
import { loginNeeded, onWhoChanged, showWho } from "./who.js";

const roundMs = 2_000;
const tagsEveryMs = 30_000;

const trend = new Trend();
/** @type {any[]} */
let windows = [];
let tagsKnownMs = Number.NEGATIVE_INFINITY;
let tagCount = 0;
/** @type {number | undefined} */
let unreachableMs;
/** @type {number | undefined} */
let timer;
let running = false;
let whoKnown = false;
/** Shows the units again as they were in the last round; another may be selected. */
let showCards = () => {};

async function round() {
	const status = await ask("status");
	showOverview(status);
	unreachableMs = undefined;
	const [violations, { alerts }, lots, gaps, messages] = await Promise.all([
		ask("violations", { limit: "50" }),
		ask("alerts", { limit: "12" }),
		ask("lots", { limit: "6" }),
		ask("gaps", { limit: "6" }),
		ask("messages", { limit: "6" }),
	]);
	// A line that has just begun gets new tags all the time.
	if (performance.now() - tagsKnownMs > (tagCount === 0 ? roundMs : tagsEveryMs)) {
		const [known, specification] = await Promise.all([ask("tags"), ask("windows")]);
		tagsKnownMs = performance.now();
		tagCount = known.tags.length;
		windows = specification.windows;
		trend.know(known.tags, windows);
	}
	trend.follow({
		plantTimeMs: status.plantTimeMs ?? status.nowMs,
		units: status.units,
		violations: violations.violations,
	});
	const trendShown = trend.refresh();
	showCards = () =>
		showUnits(status, violations.violations, { selected: trend.unit, href: (unit) => trend.href(unit) });
	showCards();
	// Of alerts, what is open now; a violation of the same window says more.
	const isOpen = (/** @type {any} */ each) => each.clearedMs === undefined;
	const violated = new Set(
		violations.violations.filter(isOpen).map((/** @type {any} */ each) => each.window),
	);
	const watched = alerts.filter((/** @type {any} */ each) => isOpen(each) && !violated.has(each.window));
	const listed = [...violations.violations.slice(0, 12), ...watched];
	const openFirst = listed.toSorted((a, b) => Number(isOpen(b)) - Number(isOpen(a)));
	showViolations(openFirst.slice(0, 12), windows, (each) => trend.hrefOf(each));
	showLots(lots.lots);
	showGaps(gaps.gaps);
	showMessages(messages.messages);
	await trendShown;
}

async function turn() {
	if (running || document.hidden) return;
	running = true;
	try {
		if (!whoKnown) await showWho();
		whoKnown = true;
		await round();
	} catch (refused) {
		try {
			if (refused instanceof Refusal && refused.code === "LOGIN_NEEDED") {
				whoKnown = false;
				return loginNeeded();
			}
			// A question about data fails while the store is not there yet; only no status means no collector.
			showOverview(await ask("status"));
		} catch {
			unreachableMs ??= Date.now();
			showUnreachable(unreachableMs);
		}
	} finally {
		running = false;
		clearTimeout(timer);
		if (!document.hidden) timer = setTimeout(turn, roundMs);
	}
}

onWhoChanged(() => {
	clearTimeout(timer);
	void turn();
});
document.addEventListener("visibilitychange", () => {
	clearTimeout(timer);
	void turn();
});
// After the trend's own listener, which takes the choice from the address.
addEventListener("hashchange", () => showCards());
setText(byId("zone"), Intl.DateTimeFormat().resolvedOptions().timeZone);
void turn();
