import { globSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { createVitest, parseCLI, type Vitest } from "vitest/node";
import shared from "../vitest.config.ts";
import {
	defaultLimitMs,
	fullPartLimitMs,
	fullPartNames,
	parseTestCommand,
	partsOf,
	type TestCommand,
	testHelp,
	tierOf,
	tierRules,
} from "./tiers.ts";

const cancelWithinMs = 60_000;
const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Several test files that run together under one set of limits. */
interface Stage {
	readonly title: string;
	readonly files: readonly string[];
	readonly testTimeoutMs: number;
	readonly workers: number;
	readonly limitMs: number;
}

interface Counts {
	passed: number;
	failed: number;
	skipped: number;
	/** What failed, a line each, told again at the very end: the end of a long log is what is kept of it. */
	readonly failures: string[];
}

function stagesOf(command: TestCommand): Stage[] {
	const files = globSync("test/**/*.test.ts", { cwd: root }).map((file) => file.replaceAll("\\", "/"));
	if (command.kind === "full") {
		return command.parts.map((part) => ({
			title: `full: ${part}`,
			files: files.filter((file) => partsOf(file)[0] === part),
			testTimeoutMs: fullPartLimitMs,
			workers: 1,
			limitMs: fullPartLimitMs,
		}));
	}
	return command.tiers.map((tier) => ({
		title: tier,
		files: files.filter((file) => tierOf(file) === tier),
		...tierRules[tier],
		limitMs: 2 * defaultLimitMs,
	}));
}

/** Runs one stage and adds what it found; a stage without a matching file is left out silently. */
async function runStage(stage: Stage, rest: readonly string[], counts: Counts): Promise<void> {
	const { filter, options } = parseCLI(["vitest", "run", ...rest]);
	const files = stage.files.filter(
		(file) => filter.length === 0 || filter.some((part) => file.includes(part)),
	);
	if (files.length === 0) return;
	process.stdout.write(`\n${stage.title}\n`);
	const vitest = await createVitest(
		{
			...shared.test,
			testTimeout: stage.testTimeoutMs,
			hookTimeout: stage.testTimeoutMs,
			maxWorkers: stage.workers,
			...options,
			root,
			config: false,
			watch: false,
			include: files,
			exclude: [],
		},
		{},
		// One stream, so that a log shows failures where they belong and the counts last.
		{ stderr: process.stdout },
	);
	let late = false;
	const stopping = setTimeout(() => {
		late = true;
		process.stdout.write(`\n${stage.title}: took longer than ${stage.limitMs / 60_000} minutes\n`);
		void vitest.cancelCurrentRun("keyboard-input");
	}, stage.limitMs);
	// A test that never gives the processor back cannot be cancelled; its worker ends with us.
	const leaving = setTimeout(() => {
		count(vitest, options.testNamePattern !== undefined, counts);
		failure(counts, `${stage.title}: did not end after it was cancelled`);
		leave(counts);
	}, stage.limitMs + cancelWithinMs);
	try {
		await vitest.start();
	} finally {
		clearTimeout(stopping);
		clearTimeout(leaving);
		count(vitest, options.testNamePattern !== undefined, counts);
		if (late) failure(counts, `${stage.title}: took longer than ${stage.limitMs / 60_000} minutes`);
		await vitest.close();
	}
}

/** A file that cannot be loaded, a failing hook and an unhandled rejection each count as one failure. */
function count(vitest: Vitest, filteredByName: boolean, counts: Counts): void {
	for (const error of vitest.state.getUnhandledErrors()) {
		failure(counts, `outside of any test: ${firstLine(error)}`);
	}
	for (const module of vitest.state.getTestModules()) {
		let failedHere = 0;
		for (const test of module.children.allTests()) {
			const result = test.result();
			if (result.state === "passed") counts.passed += 1;
			else if (result.state === "failed") {
				failedHere += 1;
				failure(counts, `${module.relativeModuleId}: ${test.fullName}: ${firstLine(result.errors[0])}`);
			} else if (result.state === "skipped" && (result.note !== undefined || !filteredByName)) {
				counts.skipped += 1;
				process.stdout.write(`skipped: ${test.fullName}: ${result.note ?? "no reason given"}\n`);
			}
		}
		if (failedHere === 0 && module.state() === "failed") {
			failure(counts, `${module.relativeModuleId}: ${firstLine(module.errors()[0])}`);
		}
	}
}

function failure(counts: Counts, line: string): void {
	counts.failed += 1;
	counts.failures.push(line);
}

function firstLine(error: unknown): string {
	const message =
		error instanceof Error ? error.message : (error as { message?: unknown } | undefined)?.message;
	return String(message ?? "no message").split("\n", 1)[0] ?? "";
}

function printParts(): void {
	const files = globSync("test/**/*.full.test.ts", { cwd: root });
	for (const part of fullPartNames) {
		const mine = files.filter((file) => partsOf(file)[0] === part);
		process.stdout.write(`${part.padEnd(12)} ${mine.length === 0 ? "no tests" : mine.join(" ")}\n`);
	}
}

/** Leaves when everything printed has gone out, also through a pipe, and whatever a test left open. */
function leave({ passed, failed, skipped, failures }: Counts): void {
	const exitCode = failed > 0 || passed === 0 ? 1 : 0;
	for (const line of failures) process.stdout.write(`failed: ${line}\n`);
	process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`, () =>
		process.exit(exitCode),
	);
}

const command = parseTestCommand(process.argv.slice(2));
if (typeof command === "string") {
	process.stderr.write(`${command}\n`);
	process.exitCode = 2;
} else if (command.kind === "help") {
	process.stdout.write(testHelp);
} else if (command.kind === "list") {
	printParts();
} else {
	const startedMs = performance.now();
	const counts: Counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
	for (const stage of stagesOf(command)) {
		try {
			await runStage(stage, command.rest, counts);
		} catch (error) {
			failure(counts, `${stage.title}: ${firstLine(error)}`);
			process.stdout.write(`${stage.title}: ${error instanceof Error ? error.stack : String(error)}\n`);
		}
	}
	const tookMs = performance.now() - startedMs;
	process.stdout.write(`\n${(tookMs / 1000).toFixed(0)} s\n`);
	if (command.kind === "default" && tookMs > defaultLimitMs) {
		process.stdout.write(`expected at most ${defaultLimitMs / 1000} s for all default tiers\n`);
	}
	if (counts.passed + counts.failed === 0) process.stdout.write("no test ran\n");
	leave(counts);
}
