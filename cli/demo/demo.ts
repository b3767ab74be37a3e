import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Clock, pause, systemClock } from "../../common/runtime/clock.ts";
import { CodedError } from "../../common/runtime/coded-error.ts";
import { Lifecycle } from "../../common/runtime/lifecycle.ts";
import { scenarioNames } from "../../simulators/plant/pipeline.ts";
import type { ReceivedMessage } from "../../simulators/receiver/webhook-receiver.ts";
import {
	ApiClient,
	type ApiLot,
	type ApiReconciliation,
	type ApiReconciliationRow,
	type ApiTotals,
} from "../api-client.ts";
import { type LineUp, lineUp, partsOf, type SimulatorMessage } from "./line-up.ts";
import { type Progress, ProgressLine } from "./progress.ts";

export interface DemoOptions {
	readonly scenario: readonly string[];
	readonly speed: number;
	readonly lots?: number;
	readonly exit: boolean;
	readonly data?: string;
	readonly json: boolean;
	readonly env: NodeJS.ProcessEnv;
}

/** What `--json` prints. */
export interface DemoResult {
	readonly lots: readonly { readonly id: string; readonly verdict: string; readonly violations: number }[];
	readonly valuesProduced: number;
	readonly valuesStored: number;
	readonly gaps: number;
	readonly violations: number;
	readonly webhooksDelivered: number;
	/** By lot, what the units counted while its batches were in them against what is stored. */
	readonly reconciliation: Readonly<Record<string, readonly ApiReconciliationRow[]>>;
	readonly seconds: number;
}

const upWithinMs = 60_000;
const drainWithinMs = 60_000;
const stopPartWithinMs = 4_000;
const lookEveryMs = 500;
/** Plant hours until the first lot that begins after the line has been packed, and each one after it, with a margin. */
const firstLotHours = 54;
const nextLotHours = 18;
const looksBackHours = 72;

/** Runs the whole line until it is interrupted, or until its lots are done. Resolves with the exit code. */
export async function demo(options: DemoOptions): Promise<number> {
	for (const name of options.scenario) {
		if ((scenarioNames as readonly string[]).includes(name)) continue;
		throw new CodedError("USAGE", `expected a scenario of ${scenarioNames.join(", ")}, found ${name}`);
	}
	if (options.exit && options.lots === undefined)
		throw new CodedError("USAGE", "expected --lots N with --exit: it says when to end");
	const temporary = options.data === undefined;
	const directory = temporary
		? await mkdtemp(join(tmpdir(), "pilotline-demo-"))
		: resolve(options.data as string);
	await mkdir(directory, { recursive: true, mode: 0o750 });
	const run = new DemoRun(options, directory, systemClock);
	try {
		const result = await run.run();
		if (result !== undefined && options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
		return result === undefined || result.valuesProduced === result.valuesStored ? 0 : 1;
	} finally {
		await run.stop();
		if (temporary) await rm(directory, { recursive: true, force: true });
	}
}

class DemoRun {
	readonly #options: DemoOptions;
	readonly #directory: string;
	readonly #clock: Clock;
	readonly #progress = new ProgressLine(process.stderr);
	readonly #interrupted = new AbortController();
	readonly #failed = Promise.withResolvers<never>();
	readonly #halted = Promise.withResolvers<Extract<SimulatorMessage, { type: "halted" }>>();
	#lifecycle: Lifecycle | undefined;
	#startedMs = 0;
	#line = { plantTimeMs: 0, speed: 0, produced: 0 };
	#listening = false;
	#received = 0;

	constructor(options: DemoOptions, directory: string, clock: Clock) {
		this.#options = options;
		this.#directory = directory;
		this.#clock = clock;
		// Whoever waits hears of a failure; when nobody waits any more, it is no unhandled rejection.
		this.#failed.promise.catch(() => undefined);
	}

	/** The result when the lots were awaited to their end, undefined when the user ended it. */
	async run(): Promise<DemoResult | undefined> {
		const interrupt = () => this.#interrupted.abort();
		process.on("SIGINT", interrupt);
		process.on("SIGTERM", interrupt);
		return await Promise.race([this.#story(), this.#failed.promise]);
	}

	/** Ends every process within a bound. */
	async stop(): Promise<void> {
		await this.#lifecycle?.stop();
	}

	async #story(): Promise<DemoResult | undefined> {
		this.#startedMs = this.#clock.monotonicMs();
		const up = await this.#start();
		const api = new ApiClient(up.apiUrl);
		this.#progress.say(
			`The page: ${up.apiUrl}/   (everything on it is simulated; Ctrl-C ends the demonstration)`,
		);
		const told = new Set<string>();
		let done = false;
		for (;;) {
			const { lots, totals } = await this.#look(api);
			for (const lot of lots) {
				if (told.has(lot.id)) continue;
				told.add(lot.id);
				this.#progress.say(
					`Lot ${lot.id}: ${lot.verdict}, ${lot.violations} violations in its stream windows`,
				);
			}
			this.#show(lots.length, totals);
			const wanted = this.#options.lots;
			if (wanted !== undefined && lots.length >= wanted && !done) {
				done = true;
				if (this.#options.exit) return await this.#finish(api, up, wanted);
				this.#progress.say(`${wanted} lots were observed whole; the line goes on until Ctrl-C.`);
			}
			if (!(await pause(this.#clock, lookEveryMs, this.#interrupted.signal))) return undefined;
		}
	}

	async #start(): Promise<LineUp> {
		const { lots, scenario, speed, env } = this.#options;
		this.#progress.say("Starting broker, collector, simulated plant and agent …");
		const up = await lineUp({
			directory: this.#directory,
			env,
			clock: this.#clock,
			scenarios: scenario,
			speed,
			startsHoursAgo: lots === undefined ? looksBackHours : firstLotHours + nextLotHours * lots,
			onMessage: (message) => this.#webhook(message),
			onSimulator: (message) => this.#simulator(message),
			onFailure: (error) => this.#failed.reject(error),
		});
		const lifecycle = new Lifecycle({
			clock: this.#clock,
			parts: partsOf(up),
			stopWithinMs: stopPartWithinMs,
		});
		this.#lifecycle = lifecycle;
		await lifecycle.start();
		const api = new ApiClient(up.apiUrl);
		const deadlineMs = this.#clock.monotonicMs() + upWithinMs;
		while (!(this.#line.plantTimeMs > 0 && (await api.isUp()))) {
			if (this.#clock.monotonicMs() > deadlineMs) {
				const missing = this.#listening
					? "the agent has not subscribed to every tag"
					: "the simulated servers are not up";
				throw new CodedError(
					"DEMO_FAILED",
					`after ${upWithinMs / 1_000} s ${missing}; see ${this.#directory}/logs`,
				);
			}
			if (!(await pause(this.#clock, lookEveryMs, this.#interrupted.signal))) break;
		}
		return up;
	}

	async #look(api: ApiClient): Promise<{ lots: DemoResult["lots"]; totals: ApiTotals }> {
		const { lots } = await api.get<{ lots: ApiLot[] }>("/api/v1/lots?limit=100");
		const { totals } = await api.get<{ totals: ApiTotals | null }>("/api/v1/status");
		if (totals === null)
			throw new CodedError("DEMO_FAILED", "the collector's store does not answer; see its log");
		const whole = lots
			.filter((lot) => lot.observedWhole && lot.verdict !== undefined)
			.sort((a, b) => (a.closedMs ?? 0) - (b.closedMs ?? 0))
			.map(({ lot, verdict }) => ({
				id: lot,
				verdict: verdict?.verdict ?? "",
				violations: verdict?.violations ?? 0,
			}));
		return { lots: whole, totals };
	}

	/** Stops the line, waits until everything is confirmed and told, then counts per tag. */
	async #finish(api: ApiClient, up: LineUp, wanted: number): Promise<DemoResult | undefined> {
		this.#progress.say("The lots are done: stopping the line and waiting until everything is stored …");
		up.simulator.tell({ type: "halt" });
		const halted = await this.#halted.promise;
		const deadlineMs = this.#clock.monotonicMs() + drainWithinMs;
		let stored = await this.#counts(api, halted.producedByTag);
		for (;;) {
			stored = await this.#counts(api, halted.producedByTag);
			const { totals } = await this.#look(api);
			const told = totals.messages.waiting === 0 && this.#received >= totals.messages.delivered;
			if (stored.total >= halted.produced && told && (await this.#allConfirmed(up))) break;
			if (this.#clock.monotonicMs() > deadlineMs) break;
			if (!(await pause(this.#clock, lookEveryMs, this.#interrupted.signal))) return undefined;
		}
		this.#compare(halted.producedByTag, stored.tags);
		const { lots, totals } = await this.#look(api);
		this.#show(lots.length, totals);
		const reconciliation = await this.#reconcile(api, lots.slice(0, wanted));
		const seconds = Math.round((this.#clock.monotonicMs() - this.#startedMs) / 100) / 10;
		const result: DemoResult = {
			lots: lots.slice(0, wanted),
			valuesProduced: halted.produced,
			valuesStored: stored.total,
			gaps: totals.gaps,
			violations: totals.occurrences,
			webhooksDelivered: totals.messages.delivered,
			reconciliation,
			seconds,
		};
		this.#progress.say(
			`Produced ${result.valuesProduced} values, stored ${result.valuesStored}, gaps ${result.gaps}, violations ${result.violations}, webhooks delivered ${result.webhooksDelivered}, in ${seconds} s.`,
		);
		return result;
	}

	async #reconcile(api: ApiClient, lots: DemoResult["lots"]): Promise<DemoResult["reconciliation"]> {
		const reconciliation: Record<string, readonly ApiReconciliationRow[]> = {};
		for (const { id } of lots) {
			const path = `/api/v1/reconciliation?lot=${encodeURIComponent(id)}`;
			const { rows } = await api.get<ApiReconciliation>(path);
			reconciliation[id] = rows;
			const sum = (figure: "produced" | "stored") => rows.reduce((all, row) => all + (row[figure] ?? 0), 0);
			this.#progress.say(
				`Lot ${id}: ${sum("produced")} values counted in ${rows.length} units on its way, ${sum("stored")} stored`,
			);
		}
		return reconciliation;
	}

	/** Of the units that the simulator counts; whole laboratory results stand beside them. */
	async #counts(
		api: ApiClient,
		produced: Readonly<Record<string, number>>,
	): Promise<{ total: number; tags: Record<string, number> }> {
		const unitOf = (tag: string) => tag.slice(0, tag.indexOf("/"));
		const counted = new Set(Object.keys(produced).map(unitOf));
		const { tags } = await api.get<{ tags: Record<string, number> }>("/api/v1/counts");
		const told = Object.entries(tags).filter(([tag]) => counted.has(unitOf(tag)));
		return { total: told.reduce((sum, [, count]) => sum + count, 0), tags: Object.fromEntries(told) };
	}

	async #allConfirmed(up: LineUp): Promise<boolean> {
		const status = await new ApiClient(up.agentUrl).get<{ delivery: { unconfirmedRecords: number } }>(
			"/status",
		);
		return status.delivery.unconfirmedRecords === 0;
	}

	/** Names every tag of which another number was stored than produced. */
	#compare(produced: Readonly<Record<string, number>>, stored: Readonly<Record<string, number>>): void {
		const differing = Object.keys({ ...produced, ...stored }).filter(
			(tag) => (produced[tag] ?? 0) !== (stored[tag] ?? 0),
		);
		for (const tag of differing) {
			this.#progress.say(`${tag}: ${produced[tag] ?? 0} produced, ${stored[tag] ?? 0} stored`);
		}
	}

	#show(lotsWhole: number, totals: ApiTotals): void {
		const { gaps, occurrences: violations, samples: stored } = totals;
		const progress: Progress = { ...this.#line, stored, lotsWhole, violations, gaps };
		this.#progress.show(progress, this.#clock.monotonicMs());
	}

	#simulator(message: SimulatorMessage): void {
		if (message.type === "listening") this.#listening = true;
		else if (message.type === "running") this.#line.plantTimeMs = message.plantTimeMs;
		else if (message.type === "progress") {
			const { plantTimeMs, speed, produced } = message;
			if (this.#line.plantTimeMs > 0) this.#line = { plantTimeMs, speed, produced };
		} else if (message.type === "caught-up")
			this.#progress.say("Plant time has met the clock: the line is live now, at 1x.");
		else if (message.type === "halted") this.#halted.resolve(message);
	}

	#webhook({ body, duplicate }: ReceivedMessage): void {
		if (duplicate) return;
		this.#received++;
		const { type, data } = JSON.parse(body) as { type: string; data: Record<string, unknown> };
		const { window, unit, lot, extreme, limit, unitOfMeasure, concerns } = data;
		const what = [
			`${window} in ${unit}`,
			lot === "" ? "" : `lot ${lot}`,
			`${extreme} against ${limit} ${unitOfMeasure}`,
		];
		const whom = Array.isArray(concerns) ? ` → ${concerns.join(", ").replaceAll("_", " ")}` : "";
		this.#progress.say(`Webhook ${type}: ${what.filter((part) => part !== "").join(", ")}${whom}`);
	}
}
