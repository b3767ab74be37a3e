import { type CommandOutcome, runCommand } from "../helpers/run-command.ts";

/** The document that `pilotline demo --exit --json` prints. */
export interface DemoDocument {
	readonly lots: readonly { readonly id: string; readonly verdict: string; readonly violations: number }[];
	readonly valuesProduced: number;
	readonly valuesStored: number;
	readonly gaps: number;
	readonly violations: number;
	readonly webhooksDelivered: number;
	readonly reconciliation: Readonly<
		Record<
			string,
			readonly {
				readonly unit: string;
				readonly lot: string;
				readonly produced: number;
				readonly stored: number;
				readonly restarted: boolean;
				readonly complete: boolean;
			}[]
		>
	>;
	readonly seconds: number;
}

export const repository = new URL("../../", import.meta.url).pathname;
export const nodeArguments = ["--disable-warning=ExperimentalWarning", "cli/main.ts"];

/** Plant time runs this fast in tests; the line waits for its clients whatever the figure says. */
const testSpeed = "6000";

/** Runs the demonstration as a process of its own to its end; as fast as it can, or at its own speed. */
export async function runDemo(
	args: readonly string[],
	speed: "fast" | "default" = "fast",
	env: Readonly<Record<string, string>> = {},
): Promise<CommandOutcome & { document: DemoDocument }> {
	const outcome = await runCommand(
		process.execPath,
		[
			...nodeArguments,
			"demo",
			"--exit",
			"--json",
			...(speed === "fast" ? ["--speed", testSpeed] : []),
			...args,
		],
		{ cwd: repository, withinMs: 7 * 60_000, env: { ...process.env, ...env } },
	);
	let document: DemoDocument;
	try {
		document = JSON.parse(outcome.stdout) as DemoDocument;
	} catch {
		throw new Error(
			`expected one JSON document, found "${outcome.stdout}" and on standard error:\n${outcome.stderr}`,
		);
	}
	return { ...outcome, document };
}
