import { describe, expect, test } from "vitest";
import { specificationConfig } from "../../collector/specification.ts";
import { parseConfig } from "../../common/runtime/config-file.ts";

/** One of each, sound. Every key has a line of its own, so that places can be told. */
const sound = `kind: specification
schema: 1
product:
  code: P
  formula: F
  grade: coarse
  grades:
    - grade: fine
      recipes: [R2, R3]
version: 1
status: approved
author: A. Ito
approved_by: B. Weber
effective_from: 2026-01-01T00:00:00Z
effective_to: 2027-01-01T00:00:00Z
windows:
  - id: w
    unit: U
    tag: T
    eu: degC
    low: 10
    high: 20
    target: 15
    exclusive: [high]
    frozen:
      suspect_after_s: 60
      fail_after_s: 120
    concerns: [technical]
    reaction: look
aggregates:
  - id: a
    unit: U
    tag: T
    phases: [SOAK]
    basis: time_outside
    reference: 5
    eu: h
    high: 1
    concerns: [technical]
    reaction: look
laboratory:
  - id: l
    test: d50
    method: laser
    eu: um
    low: 2
    high: 4
    decision: guarded
    uncertainty: 0.1
    detection_limit: 0.5
    temperature:
      reference_c: 25
      activation_ev: 0.36
    concerns: [technical]
    reaction: look
materials:
  - id: m
    material: Li2S
    test: assay
    eu: wt%
    low: 99
    concerns: [procurement]
    reaction: look
`;

/** `line:column: path: message` of everything that is wrong once `from` is `to`. */
function wrong(from: string | RegExp, to: string): string[] {
	const changed = sound.replace(from, to);
	expect(changed).not.toBe(sound);
	const result = parseConfig(changed, "f", specificationConfig, {});
	return result.ok ? [] : result.problems.map((p) => `${p.line}:${p.column}: ${p.path}: ${p.message}`);
}

const second = (keys: string) => `    reaction: look
  - id: w2
    characteristic: w
    unit: U
    tag: T
    eu: degC
    high: 20
    concerns: [technical]
    reaction: look
${keys}aggregates:`;

describe("a specification", () => {
	test("of one of each is sound", () => {
		const result = parseConfig(sound, "f", specificationConfig, {});
		expect(result.ok ? [] : result.problems).toEqual([]);
	});

	test.each<[string, string | RegExp, string, string]>([
		[
			"with alert limits that cross",
			"target: 15",
			"alert_low: 16\n    alert_high: 14",
			"23:16: windows[0].alert_low: window w: expected alert_low below alert_high, found 16 and 14",
		],
		[
			"with an action limit outside the specification",
			"target: 15",
			"action_high: 21",
			"23:18: windows[0].action_high: window w: expected action_high below high, found 21 and 20",
		],
		[
			"with a hold limit that is not outside the limits",
			"target: 15",
			"hold_high: 20",
			"23:16: windows[0].hold_high: window w: expected hold_high above high, found 20 and 20",
		],
		[
			"that excludes a limit that is not there",
			"exclusive: [high]",
			"exclusive: [alert_high]",
			"24:17: windows[0].exclusive[0]: window w: expected a limit that it has, found alert_high",
		],
		[
			"whose target lies on a limit that must not be reached",
			"target: 15",
			"target: 20",
			"24:17: windows[0].exclusive[0]: window w: expected a target that a value may reach, found it on high",
		],
		[
			"that calls frozen what is not suspect yet",
			"fail_after_s: 120",
			"fail_after_s: 30",
			"27:21: windows[0].frozen.fail_after_s: window w: expected fail_after_s of at least suspect_after_s, found 30 and 60",
		],
		[
			"that holds nothing for a while",
			"target: 15",
			"hold: none\n    max_gap_s: 5",
			"24:16: windows[0].max_gap_s: window w: expected no max_gap_s beside hold: none",
		],
		[
			"with a delay where nothing holds",
			"target: 15",
			"hold: none\n    on_delay_s: 5",
			"23:11: windows[0].hold: window w: expected no delays beside hold: none",
		],
		[
			"with a time outside of nothing",
			"    reference: 5\n",
			"",
			"35:12: aggregates[0].basis: window a: expected reference beside basis: time_outside, found none",
		],
		[
			"with a reference for a mean",
			"basis: time_outside",
			"basis: mean",
			"36:16: aggregates[0].reference: window a: expected no reference beside basis: mean",
		],
		[
			"with a time outside in minutes",
			"eu: h\n",
			"eu: min\n",
			"37:9: aggregates[0].eu: window a: expected h for basis: time_outside, found min",
		],
		[
			"with a rate without hours",
			/basis: time_outside\n {4}reference: 5\n {4}eu: h/,
			"basis: rate\n    eu: K/min",
			'36:9: aggregates[0].eu: window a: expected the tag\'s unit and "/h" for basis: rate, found K/min',
		],
		[
			"with a temperature in kelvin",
			"reference_c: 25",
			"reference_c: 298.15",
			"52:20: laboratory[0].temperature.reference_c: expected a number from -100 to 250, found 298.15",
		],
		[
			"with an activation energy in kJ/mol",
			"activation_ev: 0.36",
			"activation_ev: 34.7",
			"53:22: laboratory[0].temperature.activation_ev: expected a number from 0.01 to 3, found 34.7",
		],
		[
			"with a method that cannot see the limit",
			"detection_limit: 0.5",
			"detection_limit: 3",
			"50:22: laboratory[0].detection_limit: window l: expected a method that detects 2 um, its low, found detection_limit 3",
		],
		[
			"guarded by nothing",
			"    uncertainty: 0.1\n",
			"",
			"48:15: laboratory[0].decision: window l: expected uncertainty beside decision: guarded, found none",
		],
		[
			"guarded so that nothing is inside",
			"uncertainty: 0.1",
			"uncertainty: 1",
			"48:15: laboratory[0].decision: window l: expected an uncertainty that leaves room between 2 and 4, found guard bands of 2 together",
		],
		[
			"with two uncertainties",
			"uncertainty: 0.1",
			"uncertainty: 0.1\n    uncertainty_percent: 1",
			"50:26: laboratory[0].uncertainty_percent: window l: expected uncertainty or uncertainty_percent, found both",
		],
		[
			"approved by its author",
			"approved_by: B. Weber",
			"approved_by: a.  ITO ",
			"13:14: approved_by: expected another person than the author, found a.  ITO for both",
		],
		[
			"approved by nobody",
			"approved_by: B. Weber\n",
			"",
			"11:9: status: expected author and approved_by of a version that is approved, found no approved_by; name two persons, or write status: draft",
		],
		[
			"in draft, approved",
			"status: approved",
			"status: draft",
			"13:14: approved_by: expected nobody while it is a draft, found B. Weber",
		],
		[
			"retired without an end",
			/status: approved([\s\S]*)effective_to: .*\n/,
			"status: retired$1",
			"11:9: status: expected effective_to of a retired version",
		],
		[
			"that ends as it begins",
			"effective_to: 2027",
			"effective_to: 2026",
			"15:15: effective_to: expected a time after effective_from",
		],
		[
			"for a grade that nothing makes",
			"target: 15",
			"grades: [medium]",
			"23:14: windows[0].grades[0]: window w: expected one of coarse, fine, found medium",
		],
		[
			"with a recipe that makes two grades",
			"recipes: [R2, R3]",
			"recipes: [R2, R3]\n    - grade: finest\n      recipes: [R3]",
			"11:17: product.grades[1].recipes[0]: expected a recipe of one grade, found R3 in fine and finest",
		],
		[
			"with two windows of one characteristic everywhere",
			/ {4}reaction: look\naggregates:/,
			second(""),
			"30:5: windows[1]: window w2: expected another scope than that of w, which judges the same characteristic and is as specific",
		],
	])("%s is refused", (_, from, to, problem) => {
		const problems = wrong(from, to);
		expect(problems.map((one) => one.slice(0, problem.length))).toEqual([problem]);
	});

	test.each(["    grades: [fine]\n", "    recipes: [R9]\n", "    phases: [SOAK]\n"])(
		"may have a second window of one characteristic for less:%s",
		(keys) => {
			expect(wrong(/ {4}reaction: look\naggregates:/, second(keys))).toEqual([]);
		},
	);
});
