import { type Command, InvalidArgumentError } from "commander";
import type { Run } from "./option-values.ts";

interface LifeValues {
	by: string;
	reason: string;
	json?: boolean;
}

/** `pilotline spec`. */
export function addSpecification(pilotline: Command, run: Run): void {
	const spec = pilotline
		.command("spec")
		.description("a specification: print its plans, approve it, retire it");

	spec
		.command("print")
		.description("what is judged, as tables; the control plan and the reaction plan come from the same file")
		.argument("<file>", "a specification")
		.option("--control-plan", "the control plan: technique, sample, frequency, control method, owner")
		.option(
			"--reaction-plan",
			"the reaction plan: when, what is proposed for the lot, who is told, what to do first",
		)
		.option("--html", "a page for printing instead of text")
		.option("--json", "print one JSON document with everything of both plans")
		.addHelpText(
			"after",
			`
Examples:
  pilotline spec print specification.yaml
  pilotline spec print specification.yaml --control-plan --reaction-plan --html > plans.html
  pilotline spec print specification.yaml --json

The SHA-256 is of what is approved: everything but status, names, reasons, effective_to and baselines.`,
		)
		.action(
			(
				file: string,
				options: { controlPlan?: boolean; reactionPlan?: boolean; html?: boolean; json?: boolean },
			) =>
				run(async () => {
					const { printSpecification } = await import("./specification/print.ts");
					return printSpecification(file, { ...options, env: process.env });
				}),
		);

	spec
		.command("approve")
		.description("approve a draft, in its file; who wrote it cannot")
		.argument("<file>", "a specification with status: draft and its author")
		.requiredOption("--by <name>", "who approves it")
		.requiredOption("--reason <text>", "why")
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			`
Example:
  pilotline spec approve specification.yaml --by "B. Weber" --reason "lots L00061 to L00090 seen"

Writes status, approved_by and approval into the file; comments stay. Nobody logs in here: the file's own access rights
decide who can approve.`,
		)
		.action((file: string, options: LifeValues) =>
			run(async () =>
				(await import("./specification/life.ts")).approve(file, {
					...options,
					env: process.env,
					now: new Date(),
				}),
			),
		);

	spec
		.command("retire")
		.description("end an approved version, in its file; what was made before goes on being judged by it")
		.argument("<file>", "a specification with status: approved")
		.requiredOption("--by <name>", "who retires it")
		.requiredOption("--reason <text>", "why")
		.requiredOption(
			"--from <time>",
			"what is made from then on is not judged by it, such as 2026-12-01T06:00:00Z",
			time,
		)
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			`
Example:
  pilotline spec retire specification.yaml --by "B. Weber" --reason "new mill" --from 2026-12-01T06:00:00Z`,
		)
		.action((file: string, options: LifeValues & { from: Date }) =>
			run(async () =>
				(await import("./specification/life.ts")).retire(file, {
					...options,
					env: process.env,
					now: new Date(),
				}),
			),
		);
}

function time(text: string): Date {
	const value = new Date(text);
	if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(value.getTime()))
		throw new InvalidArgumentError(`expected a time such as 2026-12-01T06:00:00Z, found ${text}`);
	return value;
}
