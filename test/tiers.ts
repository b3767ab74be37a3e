/** The kinds of test, in the order in which they run. The folder of a test file decides. */
export const tiers = ["static", "unit", "integration", "faults", "end-to-end"] as const;
export type Tier = (typeof tiers)[number];

const minute = 60_000;

/**
 * How each tier runs. Most of what unit, integration and fault tests take is waiting, so more of them run at a time than
 * processors would do alone; the demonstration and the benchmark, which use all that there is, get the machine for themselves.
 */
export const tierRules: Record<Tier, { testTimeoutMs: number; workers: number }> = {
	static: { testTimeoutMs: 2 * minute, workers: 2 },
	unit: { testTimeoutMs: 30_000, workers: 3 },
	integration: { testTimeoutMs: minute, workers: 3 },
	faults: { testTimeoutMs: 8 * minute, workers: 2 },
	"end-to-end": { testTimeoutMs: 8 * minute, workers: 1 },
};

/** All default tiers together, and each part of the full tier. */
export const defaultLimitMs = 8 * minute;
export const fullPartLimitMs = 60 * minute;

/**
 * Parts of `npm run test:full`: the folders under test/ whose `*.full.test.ts` files belong to it.
 * A test checks that every such file is in exactly one part.
 */
export const fullParts = {
	common: ["common", "launcher", "static", "cli"],
	simulators: ["simulators"],
	agent: ["agent", "delivery"],
	collector: ["collector", "dashboards"],
	integration: ["integration", "conformance", "interop"],
	"end-to-end": ["end-to-end"],
	faults: ["faults"],
} as const satisfies Record<string, readonly string[]>;
export type FullPart = keyof typeof fullParts;
export const fullPartNames = Object.keys(fullParts) as FullPart[];

const fullSuffix = ".full.test.ts";

/** The tier of a test file, given as `test/…` with forward slashes; undefined when no default tier runs it. */
export function tierOf(file: string): Tier | undefined {
	if (!file.endsWith(".test.ts") || file.endsWith(fullSuffix)) return undefined;
	switch (folderOf(file)) {
		case "static":
			return "static";
		case "integration":
		case "conformance":
			return "integration";
		case "faults":
			return "faults";
		case "end-to-end":
			return "end-to-end";
		case "bench":
			return undefined;
		default:
			return "unit";
	}
}

/** The parts of the full tier that claim a file; exactly one for each `*.full.test.ts`, none for others. */
export function partsOf(file: string): FullPart[] {
	if (!file.endsWith(fullSuffix)) return [];
	return fullPartNames.filter((part) => (fullParts[part] as readonly string[]).includes(folderOf(file)));
}

function folderOf(file: string): string {
	return file.split("/")[1] ?? "";
}

export interface TestCommand {
	readonly kind: "default" | "full" | "list" | "help";
	readonly tiers: readonly Tier[];
	readonly parts: readonly FullPart[];
	/** Handed to vitest: file filters and options such as `-t`. */
	readonly rest: readonly string[];
}

export const testHelp = `npm test [-- --only TIER…] [FILE…] [-t NAME]     the default tiers: ${tiers.join(", ")}
npm run test:full [-- PART…] [FILE…] [-t NAME]   the full tier, every part or only these: ${fullPartNames.join(", ")}
npm run test:full -- --list                      which files each part has

FILE is a piece of a test file's path with a "/", or of its name after --only; NAME a piece of a test's title.
What begins with "-" otherwise is handed on to vitest. Exit code 0: all passed; 1: not; 2: the command line is wrong.

npm test -- --only unit payload -t "aliases"
npm run test:full -- integration integration/opcua-storm
`;

/** Reads the command line of `npm test`; text instead of a command says what is wrong with it. */
export function parseTestCommand(args: readonly string[]): TestCommand | string {
	let kind: TestCommand["kind"] = "default";
	const only: Tier[] = [];
	const parts: FullPart[] = [];
	const rest: string[] = [];
	const left = [...args];
	for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
		if (arg === "--full") kind = kind === "list" ? "list" : "full";
		else if (arg === "--list") kind = "list";
		else if (arg === "--help" || arg === "-h") return { kind: "help", tiers: [], parts: [], rest: [] };
		else if (arg === "--only" || arg.startsWith("--only=")) {
			const name = arg === "--only" ? left.shift() : arg.slice("--only=".length);
			const tier = tiers.find((candidate) => candidate === name);
			if (tier === undefined)
				return `--only: expected one of ${tiers.join(", ")}, found ${name ?? "nothing"}`;
			only.push(tier);
		} else if (kind === "full" && fullPartNames.includes(arg as FullPart)) parts.push(arg as FullPart);
		else rest.push(arg);
	}
	if (kind === "full" && only.length > 0)
		return "--only: expected without --full, whose parts are named directly";
	if (
		kind === "full" &&
		parts.length === 0 &&
		rest.some((arg) => !arg.startsWith("-") && !arg.includes("/"))
	) {
		const found = rest.find((arg) => !arg.startsWith("-"));
		return `--full: expected a part (${fullPartNames.join(", ")}), found ${found ?? "nothing"}`;
	}
	return {
		kind,
		tiers: only.length > 0 ? tiers.filter((tier) => only.includes(tier)) : tiers,
		parts: parts.length > 0 ? parts : fullPartNames,
		rest,
	};
}
