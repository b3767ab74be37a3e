import { type Command, InvalidArgumentError } from "commander";
import type { AuditAnchor } from "../common/runtime/audit-chain.ts";
import { type Run, wholeNumber } from "./option-values.ts";

/** HASH, or N:HASH. */
function anchor(text: string, before: AuditAnchor[] = []): AuditAnchor[] {
	const found = /^(?:(?<n>\d{1,12}):)?(?<hash>[0-9a-f]{64})$/.exec(text)?.groups;
	if (found === undefined)
		throw new InvalidArgumentError(`expected HASH or NUMBER:HASH with 64 hexadecimal digits, found ${text}`);
	return [...before, { n: found.n === undefined ? undefined : Number(found.n), hash: found.hash as string }];
}

/** `pilotline audit`. */
export function addAudit(pilotline: Command, run: Run): void {
	const audit = pilotline
		.command("audit")
		.description("the record of who did what: take it out, and check what was taken out");
	audit
		.command("export")
		.description("the audit record as JSON lines, one entry each")
		.option("--from <n>", "from this entry on", wholeNumber(1, 999_999_999_999), 1)
		.option("--data <dir>", "read this data directory, whether or not a collector runs on it")
		.option("--api <url>", "ask a running collector (default: http://127.0.0.1:9300)")
		.option(
			"--token-file <file>",
			"for --api: the token of a person with role quality or administrator (default: PILOTLINE_TOKEN_FILE)",
		)
		.option("--output <file>", "a file instead of standard output; it appears when it is whole")
		.option("--json", "print what was written as one JSON document; needs --output")
		.addHelpText(
			"after",
			`
Examples:
  pilotline audit export --data /var/lib/pilotline/collector --output audit.jsonl
  pilotline audit export --from 4711 --token-file auditor.token > audit.jsonl

The number and hash of the last entry are printed: keep them elsewhere, and no later export can hide that the end
was cut off.`,
		)
		.action((options) =>
			run(async () => (await import("./audit.ts")).exportAudit({ json: false, ...options })),
		);
	audit
		.command("verify")
		.description("check an export, with nothing else needed")
		.argument("<file>", "what pilotline audit export wrote; - reads standard input")
		.option(
			"--anchor <hash>",
			"NUMBER:HASH or HASH of an entry that was kept elsewhere; may be given more than once",
			anchor,
		)
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			`
Examples:
  pilotline audit verify audit.jsonl
  pilotline audit verify audit.jsonl --anchor 4711:6f0c…

Says the first entry that is changed, missing or put in, and why; exit code 1 then. That the end was cut off, or that the
whole was made anew, shows only against an anchor: the collector writes one into its log once a day, at each start and at
each stop, and into every backup (backup.json).`,
		)
		.action((file: string, options) =>
			run(async () =>
				(await import("./audit.ts")).verifyAudit(file, { json: false, anchor: [], ...options }),
			),
		);
}
