// What the trend shows is in the address after #, so that a link keeps it: #unit=F500&tag=F500.TT01&hours=24

/** @typedef {{ unit: string, tag: string, hours: number }} TrendLink */

export const periods = [6, 24, 72];

/** The shortest period that reaches back so far; the longest when none does. @param {number} ageMs */
export function periodFor(ageMs) {
	return periods.find((hours) => ageMs < hours * 3_600_000) ?? periods[periods.length - 1];
}

/** @param {string} hash @returns {Partial<TrendLink>} */
export function parseLink(hash) {
	const given = new URLSearchParams(hash.replace(/^#/, ""));
	const hours = Number(given.get("hours"));
	/** @type {Partial<TrendLink>} */
	const link = {};
	const unit = given.get("unit");
	const tag = given.get("tag");
	if (unit) link.unit = unit;
	if (tag) link.tag = tag;
	if (periods.includes(hours)) link.hours = hours;
	return link;
}

/** @param {{ unit: string, tag?: string, hours: number }} link */
export function linkText({ unit, tag, hours }) {
	return `#${new URLSearchParams({ unit, ...(tag ? { tag } : {}), hours: String(hours) })}`;
}

/**
 * What to show: as the link says where that exists, else what is most worth a look.
 * @param {Partial<TrendLink>} link
 * @param {{ unit: string, tag: string }[]} tags
 * @param {{ unit: string, tag: string, phases?: string[] }[]} windows
 * @param {{ plantTimeMs: number, units: { unit: string, phase: string }[], violations: { unit: string, tag: string, startedMs: number }[] }} now
 * @returns {TrendLink | undefined} undefined while there are no tags
 */
export function chooseTrend(link, tags, windows, now) {
	const hours = link.hours ?? 6;
	const inUnit = tags.filter(({ unit }) => link.unit === undefined || unit === link.unit);
	const candidates = inUnit.length > 0 ? inUnit : tags;
	const named = candidates.find(({ tag }) => tag === link.tag);
	if (named !== undefined) return { unit: named.unit, tag: named.tag, hours };
	const has = (/** @type {{ unit: string, tag: string } | undefined} */ wanted) =>
		wanted && candidates.find(({ unit, tag }) => unit === wanted.unit && tag === wanted.tag);
	const phaseOf = new Map(now.units.map(({ unit, phase }) => [unit, phase]));
	const judgedNow = windows.filter(({ unit, phases }) => phases?.includes(phaseOf.get(unit) ?? "") ?? true);
	for (const violation of now.violations) {
		const found = has(violation);
		const reach = periodFor(now.plantTimeMs - violation.startedMs);
		if (found) return { unit: found.unit, tag: found.tag, hours: link.hours ?? reach };
	}
	for (const wanted of [...judgedNow, ...windows]) {
		const found = has(wanted);
		if (found) return { unit: found.unit, tag: found.tag, hours };
	}
	const first = candidates[0];
	return first && { unit: first.unit, tag: first.tag, hours };
}
