// Interlocks by the outer pair of limits. What protects equipment has instruments of its own, so it looks at the quantity
// itself and not at what the line's instruments show of it: a frozen thermocouple does not blind it.

import type { ModelParameters } from "../parameters.ts";
import type { InterlockAction } from "../pipeline.ts";
import type { Signal } from "./signal.ts";
import type { Tag } from "./tags.ts";

type Limit = "LL" | "HH";

interface Watched {
	readonly signal: Signal;
	readonly action: InterlockAction;
	readonly phases: ReadonlySet<string>;
	/** Seconds that the quantity has been beyond its limit, and back inside the warning limit, without a break. */
	beyondS: number;
	backS: number;
	/** Seconds that the interlock stands. */
	stoodS: number;
	limit: Limit | undefined;
	/** A person has let the line go on all the same. */
	overridden: boolean;
}

/** What the rule says of a tag: its own entry, or that of its class. */
export function actionOf(tag: Tag, rule: ModelParameters["interlocks"]): InterlockAction {
	const byClass = { CPP: rule.cpp, CQA: rule.cqa, PP: rule.pp, EHS: rule.ehs, UTL: rule.utl };
	return rule.tags[tag.name] ?? byClass[tag.class];
}

/** The interlocks of one unit: which stand, and what they do to it. */
export class Interlocks {
	readonly #rule: ModelParameters["interlocks"];
	readonly #watched: Watched[];
	#text = "";

	constructor(signals: readonly Signal[], rule: ModelParameters["interlocks"]) {
		this.#rule = rule;
		this.#watched = signals
			.filter(({ tag: { range } }) => range.lowLow !== undefined || range.highHigh !== undefined)
			.map((signal) => ({ signal, action: actionOf(signal.tag, rule) }))
			.filter(({ action }) => action !== "none")
			.map((one) => ({
				...one,
				phases: new Set(one.signal.tag.phases),
				beyondS: 0,
				backS: 0,
				stoodS: 0,
				limit: undefined,
				overridden: false,
			}));
	}

	/** `trip M310.TT01 HH`, further ones behind `; `; empty when none stands. */
	get text(): string {
		return this.#text;
	}

	/** Whether the phase waits: its clock stands. */
	get stops(): boolean {
		return this.#text !== "" && this.#watched.some(standsStill);
	}

	/** Whether the equipment is off. */
	get trips(): boolean {
		return this.#text !== "" && this.#watched.some((one) => one.action === "trip" && standsStill(one));
	}

	/**
	 * Looks at every quantity after `dtS`. `steadyS` is how long the phase has run since it began or was let go on;
	 * `held` takes the limits that put the batch on hold. Returns true when something changed.
	 */
	look(phase: string, steadyS: number, dtS: number, held: Set<string> | undefined): boolean {
		const stopped = this.stops;
		let changed = false;
		for (const one of this.#watched) {
			const { tag, value } = one.signal;
			const applies = one.phases.has(phase);
			if (one.limit === undefined) {
				const limit = applies && !stopped && steadyS >= tag.blankingS ? beyond(tag, value) : undefined;
				one.beyondS = limit === undefined ? 0 : one.beyondS + dtS;
				if (limit === undefined || one.beyondS < this.#rule.delay_s) continue;
				Object.assign(one, { limit, backS: 0, stoodS: 0, overridden: false });
				if (one.action === "hold-batch") held?.add(`${tag.name} ${limit}`);
				changed = true;
				continue;
			}
			one.stoodS += dtS;
			one.backS = !applies || inside(tag, one.limit, value) ? one.backS + dtS : 0;
			if (one.backS > 0 && one.backS >= (one.action === "hold-batch" ? 0 : this.#rule.restart_s)) {
				one.limit = undefined;
				one.beyondS = 0;
				changed = true;
			} else if (standsStill(one) && one.stoodS >= this.#rule.longest_s) {
				one.overridden = true;
				changed = true;
			}
		}
		if (changed) this.#text = this.#told();
		return changed;
	}

	#told(): string {
		return this.#watched
			.filter(({ limit }) => limit !== undefined)
			.map(
				({ action, signal, limit, overridden }) =>
					`${action} ${signal.tag.name} ${limit}${overridden ? " overridden" : ""}`,
			)
			.join("; ");
	}
}

function standsStill({ action, limit, overridden }: Watched): boolean {
	return limit !== undefined && !overridden && (action === "trip" || action === "hold-phase");
}

function beyond({ range }: Tag, value: number): Limit | undefined {
	if (range.lowLow !== undefined && value < range.lowLow) return "LL";
	return range.highHigh !== undefined && value > range.highHigh ? "HH" : undefined;
}

/** Back inside the warning limit of that side; where there is none, inside the outer one. */
function inside({ range }: Tag, limit: Limit, value: number): boolean {
	if (limit === "LL") return value >= (range.low ?? range.lowLow ?? Number.NEGATIVE_INFINITY);
	return value <= (range.high ?? range.highHigh ?? Number.POSITIVE_INFINITY);
}
