import type { Clock } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import { type ConfigResult, formatProblems } from "../../common/runtime/config-file.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import type { AgentConfig } from "../config.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import { FileWatch } from "./file-watch.ts";
import { type Plan, planReload } from "./plan.ts";

/**
 * `applied`, `unchanged`; `refused`: nothing of the file was taken; `failed`: it broke off in the middle, which must not
 * happen and is said as such.
 */
export type ReloadResult = "applied" | "unchanged" | "refused" | "failed";

/** What became of a reload, for people. Lists are cut at twenty. */
export interface ReloadReport {
	readonly at: string;
	readonly why: "signal" | "file changed";
	readonly result: ReloadResult;
	readonly changed: readonly string[];
	readonly costs: readonly string[];
	readonly problems: readonly string[];
}

interface ReloaderOptions {
	readonly running: AgentConfig;
	/** Reads and checks the whole configuration. @throws CodedError CONFIG_UNREADABLE */
	readonly read: (stopping: AbortSignal) => Promise<ConfigResult<AgentConfig>>;
	/** The files that it comes from. */
	readonly files: (running: AgentConfig) => readonly string[];
	/**
	 * Everything that can fail; what it returns makes the change, and ends early when the agent is stopping.
	 * @throws Error and then nothing has changed
	 */
	readonly prepare: (plan: Plan, next: AgentConfig) => Promise<(stopping: AbortSignal) => Promise<void>>;
	/** Runs one piece of work while nobody else changes tags. */
	readonly alone: (work: () => Promise<void>) => Promise<void>;
	readonly clock: Clock;
	readonly telemetry: AgentTelemetry;
}

const linesMax = 20;

/**
 * Has the running agent take another configuration: read and checked as a whole, compared with what runs, and then only what
 * changed is touched. One reload after the other; any number of wishes during one is one more.
 */
export class Reloader implements Part {
	readonly name = "reload";
	readonly #options: ReloaderOptions;
	readonly #watch: FileWatch;
	readonly #stopping = new AbortController();
	#running: AgentConfig;
	#present: Promise<ReloadReport> | undefined;
	#next: Promise<ReloadReport | undefined> | undefined;
	#last: ReloadReport | undefined;
	/** Files that a refused configuration has problems in; one of them may be put right alone. */
	#refusedFiles: readonly string[] = [];
	/** A change broke off in the middle: what runs is neither the one nor the other. */
	#isBroken = false;

	constructor(options: ReloaderOptions) {
		this.#options = options;
		this.#running = options.running;
		this.#watch = new FileWatch({
			clock: options.clock,
			// What is new among them counts as changed: nobody knows what it was when it was read.
			files: () => [...options.files(this.#running), ...this.#refusedFiles],
			onChanged: () => void this.reload("file changed"),
		});
	}

	/** What the agent runs with. */
	get running(): AgentConfig {
		return this.#running;
	}

	get last(): ReloadReport | undefined {
		return this.#last;
	}

	async start(): Promise<void> {
		await this.#watch.taken();
		this.#watchAsAsked();
	}

	/** A reload that is on its way comes to its end. */
	async stop(): Promise<void> {
		this.#stopping.abort();
		this.#watch.stop();
		await this.#present;
	}

	/** Never throws. Undefined when the agent is stopping. */
	reload(why: ReloadReport["why"]): Promise<ReloadReport | undefined> {
		if (this.#stopping.signal.aborted) return Promise.resolve(undefined);
		if (this.#present !== undefined) {
			this.#next ??= this.#present.then(() => {
				this.#next = undefined;
				return this.reload(why);
			});
			return this.#next;
		}
		const present = this.#reload(why).finally(() => {
			this.#present = undefined;
		});
		this.#present = present;
		return present;
	}

	async #reload(why: ReloadReport["why"]): Promise<ReloadReport> {
		const { clock, telemetry } = this.#options;
		const found = await this.#attempt();
		const report: ReloadReport = {
			...{ at: new Date(clock.wallMs()).toISOString(), why, result: found.result },
			changed: cut(found.plan?.changes.map(({ kind, where }) => `${kind} ${where}`) ?? []),
			costs: cut(found.plan?.costs ?? []),
			problems: cut(found.problems ?? []),
		};
		this.#last = report;
		telemetry.reloaded(report);
		return report;
	}

	async #attempt(): Promise<{ result: ReloadResult; plan?: Plan; problems?: readonly string[] }> {
		const { read, prepare, alone } = this.#options;
		let plan: Plan | undefined;
		let isMaking = false;
		let result: ReloadResult = "refused";
		if (this.#isBroken)
			return { result, problems: ["the reload before this one broke off; restart the agent"] };
		try {
			await this.#watch.taken();
			const found = await read(this.#stopping.signal);
			this.#refusedFiles = found.ok ? [] : [...new Set(found.problems.map(({ file }) => file))];
			if (!found.ok) return { result, problems: formatProblems(found.problems).split("\n") };
			const next = found.value;
			plan = planReload(this.#running, next);
			if (plan.needsRestart.length > 0)
				return { result, plan, problems: plan.needsRestart.map((key) => `${key}: needs a restart`) };
			const planned = plan;
			await alone(async () => {
				const make = await prepare(planned, next);
				if (this.#stopping.signal.aborted) return;
				isMaking = true;
				await make(this.#stopping.signal);
			});
			if (this.#stopping.signal.aborted) return { result, plan, problems: ["the agent is stopping"] };
			this.#running = next;
			this.#watchAsAsked();
			result = plan.changes.length === 0 ? "unchanged" : "applied";
			return { result, plan };
		} catch (error) {
			this.#isBroken = isMaking;
			result = isMaking ? "failed" : "refused";
			return { result, ...(plan && { plan }), problems: [errorText(error)] };
		}
	}

	#watchAsAsked(): void {
		if (this.#running.reload.watch && !this.#stopping.signal.aborted) this.#watch.start();
		else this.#watch.stop();
	}
}

function cut(lines: readonly string[]): string[] {
	if (lines.length <= linesMax) return [...lines];
	return [...lines.slice(0, linesMax), `${lines.length - linesMax} more`];
}
