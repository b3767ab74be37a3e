import { type Command, InvalidArgumentError } from "commander";
import { type Role, roles } from "../collector/people-port.ts";
import type { Run } from "./option-values.ts";

/** What an option is that was not given. */
const unset = { json: false };

function role(text: string, before: Role[] = []): Role[] {
	const known = roles.find((candidate) => candidate === text);
	if (known === undefined)
		throw new InvalidArgumentError(`expected one of ${roles.join(", ")}, found ${text}`);
	return before.includes(known) ? before : [...before, known];
}

/** `pilotline people`. */
export function addPeopleCommands(pilotline: Command, run: Run): void {
	const people = pilotline
		.command("people")
		.description("who may log in to a collector, with which role; and tokens for programs");
	const load = async () => await import("./people.ts");
	const full = <T>(flags: T) => ({ ...unset, ...flags, env: process.env });
	const config = "--config /etc/pilotline/collector.yaml";
	const add = (name: string, what: string, examples: string) =>
		people
			.command(name)
			.description(what)
			.requiredOption("--config <file>", "the collector's configuration, with people.file in it")
			.option("--json", "print one JSON document")
			.addHelpText("after", `\n${examples}\n\nRun it as the user that the collector runs as, or as root.`);
	const withRole = (command: Command) =>
		command.requiredOption("--role <name>", `${roles.join(", ")}; may be given more than once`, role);
	const withPassword = (command: Command) =>
		command.option("--password-file <file>", "its first line is the password (default: standard input)");

	withPassword(
		withRole(
			add(
				"add",
				"a person, or a program that only uses tokens",
				`Examples:
  pilotline people add k.tanaka --role quality ${config}
  pilotline people add lims --role operator --no-password ${config}

viewer reads; operator and quality enter things; quality decides about product; administrator reads the audit
record and never decides about product. The password is typed, or read from standard input or a file; never given
as an argument.`,
			),
		),
	)
		.argument("<name>", "as the record shall name them")
		.option("--no-password", "nobody logs in by this name")
		.action((name: string, flags) => run(async () => (await load()).addPeople(name, full(flags))));
	withPassword(
		add(
			"password",
			"set a password; open sessions end",
			`Example:\n  pilotline people password k.tanaka ${config}`,
		),
	)
		.argument("<name>")
		.action((name: string, flags) => run(async () => (await load()).setPassword(name, full(flags))));
	withRole(
		add(
			"roles",
			"set the roles; open sessions end",
			`Example:\n  pilotline people roles k.tanaka --role quality --role viewer ${config}`,
		),
	)
		.argument("<name>")
		.action((name: string, flags) => run(async () => (await load()).setRoles(name, full(flags))));
	add(
		"remove",
		"a person with all tokens; open sessions end",
		`Example:\n  pilotline people remove k.tanaka ${config}`,
	)
		.argument("<name>")
		.action((name: string, flags) => run(async () => (await load()).removePeople(name, full(flags))));
	add(
		"list",
		"names, roles and tokens, without secrets",
		`Example:\n  pilotline people list ${config}`,
	).action((flags) => run(async () => (await load()).listPeople(full(flags))));
	add(
		"token",
		"make a token for a program, which acts in the person's name; it is shown once",
		`Example:\n  pilotline people token lims import ${config} > lims.token\n\nPrograms send it as Authorization: Bearer TOKEN; for pilotline's own commands: PILOTLINE_TOKEN_FILE=lims.token.`,
	)
		.argument("<name>", "whose token")
		.argument("<label>", "what it is for")
		.action((name: string, label: string, flags) =>
			run(async () => (await load()).makePersonsToken(name, label, full(flags))),
		);
	add("revoke", "take a token back", `Example:\n  pilotline people revoke lims import ${config}`)
		.argument("<name>", "whose token")
		.argument("<label>", "its label")
		.action((name: string, label: string, flags) =>
			run(async () => (await load()).revokeToken(name, label, full(flags))),
		);
}
