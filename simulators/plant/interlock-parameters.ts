// The rule of the interlocks: what the outer pair of limits, LL and HH, does by the class of a tag, or for one tag.

import { z } from "zod";
import { assumed, assumedOrNone } from "./assumed.ts";
import { type InterlockAction, interlockActions } from "./pipeline.ts";

const action = z.enum(interlockActions, `expected ${interlockActions.join(", ")}`);
const ofClass = (preset: InterlockAction, what: string) =>
	action.default(preset).describe(`At LL or HH of ${what}`);

/** Tags whose class would do the wrong thing: what grinds and heats is stopped, what is only counted is not. */
const exceptions: Readonly<Record<string, InterlockAction>> = {
	"M310.TT01": "trip",
	"M310.PT02": "trip",
	"D400.WC01": "hold-batch",
	"F500.PT02": "hold-batch",
};

export const interlockParameters = z.strictObject({
	cpp: ofClass("hold-batch", "a critical process parameter"),
	cqa: ofClass("hold-batch", "a quality attribute"),
	pp: ofClass("trip", "a process parameter"),
	ehs: ofClass("hold-phase", "a quantity of safety; on U900 no batch is charged meanwhile"),
	utl: ofClass("hold-phase", "a utility: no batch is charged meanwhile"),
	delay_s: assumed(30, "s", "A quantity must be beyond its limit for this long"),
	restart_s: assumedOrNone(
		600,
		"s",
		"It must be back within its warning limit for this long, until the line goes on",
	),
	longest_s: assumed(7200, "s", "After this long a person lets the line go on all the same"),
	tags: z
		.record(z.string(), action)
		.default({ ...exceptions })
		.describe("Actions of single tags, before those of their classes"),
});
