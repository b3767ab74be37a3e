import type { SampleColumns } from "../../common/contract/samples.ts";
import { isGood } from "../../common/contract/status.ts";
import type { ContextChange, JudgedRecord, Judgement, JudgePort, Series } from "../pipeline.ts";
import type { SpecVersions } from "../specification-port.ts";
import {
	boundaries,
	isJudged,
	type JudgedWindow,
	judgedWindows,
	loadWindows,
	type SavedWindow,
	saveWindows,
} from "./judged-window.ts";
import { MadeTimes } from "./made-times.ts";
import { advance, awaits, enterContext, takeValue } from "./window-machine.ts";
import { copyWindow, type UnitContext, type WindowState } from "./window-state.ts";
import { countingValue } from "./window-values.ts";

/** The names of the tags by which every unit tells what it is doing. */
export interface ContextTags {
	readonly batch: string;
	readonly lot: string;
	readonly recipe: string;
	readonly phase: string;
}

/** Follows lots; the composition gives the lot book. `save` must return a value that later changes leave alone. */
export interface LotPort {
	change(change: ContextChange, out: Judgement): void;
	save(): unknown;
	load(state: never): void;
}

interface UnitState {
	context: UnitContext | undefined;
	/** Context changes at one source time, applied together when time moves on. */
	pending: Partial<UnitContext> | undefined;
	pendingMs: number;
	contextMs: number;
	/** Source time of the newest value of each context tag. */
	keyMs: Partial<Record<keyof ContextTags, number>>;
	/** Context tags that have ever had a value. */
	said: readonly (keyof ContextTags)[];
	/** Source time from which on another version judges what has no lot; null when none will. */
	boundaryMs: number | null;
}

type Role =
	| { kind: keyof ContextTags }
	| { kind: "windows"; windows: readonly JudgedWindow[] }
	| { kind: "none" };

/** A judge's state as plain data. */
export interface SavedJudge {
	/** The version of windows that name none, as in a state of before. */
	readonly specVersion: number;
	readonly units: readonly (readonly [string, UnitState])[];
	readonly windows: readonly SavedWindow[];
	readonly lots: unknown;
	readonly made?: readonly (readonly [string, number])[];
}

/**
 * A source time further ahead than this of the time of receipt is nonsense. Taken as a tag's newest value it would keep
 * every later one from being judged.
 */
const aheadMostMs = 86_400_000;

/** Versions whose windows are followed live, the newest ones; a lot that was made under an older one has its final verdict. */
const versionsMax = 4;

/**
 * Judges stream windows as records come, on each tag's newest sample. Everything a batch changes can be taken back
 * until `keep`, because it counts only when the store has committed it.
 */
export class LiveJudge implements JudgePort {
	readonly #versions: SpecVersions;
	/** Source times at which a version begins or ends, in order. */
	readonly #boundaries: readonly number[];
	readonly #made = new MadeTimes();
	readonly #contextTags: ContextTags;
	readonly #lots: LotPort;
	readonly #windows: readonly JudgedWindow[];
	readonly #windowsByUnit = new Map<string, JudgedWindow[]>();
	readonly #units = new Map<string, UnitState>();
	readonly #roles: Role[] = [];
	readonly #undoUnits = new Map<string, UnitState | undefined>();
	readonly #touched: JudgedWindow[] = [];
	#undoLots: { state: unknown } | undefined;

	constructor(options: { versions: SpecVersions; contextTags: ContextTags; lots: LotPort }) {
		this.#versions = options.versions;
		this.#contextTags = options.contextTags;
		this.#lots = options.lots;
		const { versions } = options.versions;
		this.#boundaries = boundaries(versions);
		const newest = versions.toSorted(
			(a, b) => b.specification.effective_from.getTime() - a.specification.effective_from.getTime(),
		);
		this.#windows = judgedWindows(newest.slice(0, versionsMax));
		for (const judged of this.#windows) {
			const { unit } = judged.window;
			this.#windowsByUnit.set(unit, [...(this.#windowsByUnit.get(unit) ?? []), judged]);
		}
	}

	/** Tells the judge what a series id means; call it before the first sample of the series. */
	addSeries({ id, device, tag }: Series): void {
		const context = (Object.keys(this.#contextTags) as (keyof ContextTags)[]).find(
			(key) => this.#contextTags[key] === tag,
		);
		const windows = (this.#windowsByUnit.get(device) ?? []).filter(({ window }) => window.tag === tag);
		if (context !== undefined) this.#roles[id] = { kind: context };
		else this.#roles[id] = windows.length > 0 ? { kind: "windows", windows } : { kind: "none" };
	}

	judge(batch: Parameters<JudgePort["judge"]>[0]): Judgement {
		const out: Judgement = {
			occurrences: [],
			alerts: [],
			periods: [],
			limits: [],
			visits: [],
			lots: [],
			due: [],
			dirty: [],
			fromFuture: 0,
		};
		for (const record of batch.records) {
			const { device, throughMs } = record;
			if (record.count > 0) this.#samples(record, batch.samples, out);
			if (throughMs !== undefined) this.#through(device, throughMs, out);
		}
		return out;
	}

	keep(): void {
		this.#undoUnits.clear();
		for (const judged of this.#touched) judged.touched = false;
		this.#touched.length = 0;
		this.#undoLots = undefined;
		this.#made.keep();
	}

	discard(): void {
		for (const [unit, state] of this.#undoUnits) {
			if (state === undefined) this.#units.delete(unit);
			else this.#units.set(unit, state);
		}
		for (const judged of this.#touched) {
			const undone = judged.state;
			judged.state = judged.before;
			judged.before = undone;
			judged.newestMs = judged.newestBeforeMs;
		}
		if (this.#undoLots !== undefined) this.#lots.load(this.#undoLots.state as never);
		this.#made.discard();
		this.keep();
	}

	save(): string {
		const saved: SavedJudge = {
			specVersion: this.#windows[0]?.specification.version ?? 0,
			units: [...this.#units],
			windows: saveWindows(this.#windows),
			lots: this.#lots.save(),
			made: this.#made.save(),
		};
		return JSON.stringify(saved);
	}

	/** Takes up a saved state. Windows of a version that was not there begin anew with the unit's next change. */
	load(text: string): void {
		const saved = JSON.parse(text) as SavedJudge;
		for (const [unit, state] of saved.units) {
			const boundaryMs = this.#boundaryAfter(state.contextMs);
			this.#units.set(unit, { ...state, context: state.context ?? undefined, boundaryMs });
		}
		this.#lots.load(saved.lots as never);
		this.#made.load(saved.made ?? []);
		loadWindows(this.#windows, saved.windows, saved.specVersion);
	}

	/** What each unit is doing now. */
	contexts(): ReadonlyMap<string, UnitContext | undefined> {
		return new Map([...this.#units].map(([unit, { context }]) => [unit, context]));
	}

	#samples(record: JudgedRecord, samples: SampleColumns, out: Judgement): void {
		const { device, from, count } = record;
		const latestMs = record.receivedMs + aheadMostMs;
		let unit = this.#unit(device);
		for (let index = from; index < from + count; index++) {
			const role = this.#roles[samples.tagId[index] as number];
			if (role === undefined || role.kind === "none") continue;
			const atMs = samples.sourceMs[index] as number;
			if (atMs > latestMs) {
				out.fromFuture++;
				continue;
			}
			if (role.kind === "windows") {
				if (unit.pending !== undefined && atMs >= unit.pendingMs) {
					this.#applyContext(device, unit.pendingMs, out);
					unit = this.#unit(device);
				}
				if (unit.boundaryMs !== null && atMs >= unit.boundaryMs) {
					this.#crossBoundaries(device, atMs, out);
					unit = this.#unit(device);
				}
				for (const judged of role.windows) this.#windowSample(judged, samples, index, out);
			} else {
				this.#contextSample(device, unit, role.kind, samples, index, out);
				unit = this.#unit(device);
			}
		}
	}

	#windowSample(judged: JudgedWindow, samples: SampleColumns, index: number, out: Judgement): void {
		const { window } = judged;
		const atMs = samples.sourceMs[index] as number;
		// A value from before the present run belongs to a context that is gone.
		const ofEarlierRun = judged.state.phase !== "idle" && atMs < judged.state.runFromMs;
		if (atMs < judged.newestMs || ofEarlierRun) {
			if (window.level === undefined) out.dirty.push({ device: window.unit, fromMs: atMs, toMs: atMs });
			return;
		}
		const state = this.#touch(judged);
		judged.newestMs = atMs;
		takeValue(state, window, judged.specification.version, countingValue(samples, index, window), atMs, out);
	}

	#contextSample(
		device: string,
		unit: UnitState,
		key: keyof ContextTags,
		samples: SampleColumns,
		index: number,
		out: Judgement,
	): void {
		const atMs = samples.sourceMs[index] as number;
		const value = samples.value(index);
		// A Bad context says nothing: the unit is taken to go on until it says otherwise.
		if (typeof value !== "string" || !isGood(samples.status[index] as number)) return;
		if (unit.pending !== undefined && atMs > unit.pendingMs) this.#applyContext(device, unit.pendingMs, out);
		if (atMs < unit.contextMs) {
			out.dirty.push({ device, fromMs: atMs, toMs: unit.contextMs });
			// The newest value of its own tag still says what the unit is doing now, however late it came.
			if (atMs < (unit.keyMs[key] ?? Number.NEGATIVE_INFINITY)) return;
		}
		const now = this.#mutableUnit(device);
		now.pending = { ...now.pending, [key]: value };
		now.keyMs = { ...now.keyMs, [key]: atMs };
		now.contextMs = Math.max(atMs, now.contextMs);
		now.pendingMs = now.contextMs;
	}

	#through(device: string, throughMs: number, out: Judgement): void {
		const unit = this.#units.get(device);
		if (unit?.pending !== undefined && throughMs >= unit.pendingMs)
			this.#applyContext(device, unit.pendingMs, out);
		this.#crossBoundaries(device, throughMs, out);
		for (const judged of this.#windowsByUnit.get(device) ?? []) {
			if (!awaits(judged.state, judged.window, throughMs)) continue;
			advance(this.#touch(judged), judged.window, judged.specification.version, throughMs, out);
		}
	}

	#applyContext(device: string, atMs: number, out: Judgement): void {
		this.#crossBoundaries(device, atMs, out);
		const unit = this.#mutableUnit(device);
		const saidNow = Object.keys(unit.pending ?? {}) as (keyof ContextTags)[];
		// The first batch and lot that a unit names began before anybody looked.
		const first = saidNow.some((key) => (key === "batch" || key === "lot") && !unit.said.includes(key));
		const before = first ? undefined : unit.context;
		const after: UnitContext = {
			...{ batch: "", lot: "", recipe: "", phase: "" },
			...unit.context,
			...unit.pending,
		};
		unit.said = [...new Set([...unit.said, ...saidNow])];
		unit.context = after;
		unit.pending = undefined;
		this.#enter(device, after, atMs, out);
		unit.boundaryMs = this.#boundaryAfter(atMs);
		this.#undoLots ??= { state: this.#lots.save() };
		this.#lots.change({ unit: device, atMs, before, after }, out);
	}

	/** Which windows judge from now on: those of the version in force when what is in the unit was made. */
	#enter(device: string, context: UnitContext, atMs: number, out: Judgement): void {
		const inForce = this.#versions.inForce(context.lot === "" ? atMs : this.#made.of(context.lot, atMs));
		for (const judged of this.#windowsByUnit.get(device) ?? []) {
			const { window, specification } = judged;
			const isHere = isJudged(judged, context, inForce);
			enterContext(this.#touch(judged), window, specification.version, context, isHere, atMs, out);
		}
	}

	/** What has no lot, such as a utility, is judged by the version in force at the time. */
	#crossBoundaries(device: string, toMs: number, out: Judgement): void {
		const known = this.#units.get(device);
		if (known?.context === undefined || known.boundaryMs === null || toMs < known.boundaryMs) return;
		const unit = this.#mutableUnit(device);
		while (unit.boundaryMs !== null && toMs >= unit.boundaryMs) {
			if (known.context.lot === "") this.#enter(device, known.context, unit.boundaryMs, out);
			unit.boundaryMs = this.#boundaryAfter(unit.boundaryMs);
		}
	}

	#boundaryAfter(atMs: number): number | null {
		return this.#boundaries.find((boundary) => boundary > atMs) ?? null;
	}

	#unit(device: string): UnitState {
		return this.#units.get(device) ?? this.#mutableUnit(device);
	}

	#mutableUnit(device: string): UnitState {
		const known = this.#units.get(device);
		if (this.#undoUnits.has(device)) return known as UnitState;
		this.#undoUnits.set(device, known);
		const copy: UnitState =
			known === undefined
				? {
						context: undefined,
						pending: undefined,
						pendingMs: 0,
						contextMs: 0,
						keyMs: {},
						said: [],
						boundaryMs: null,
					}
				: { ...known };
		this.#units.set(device, copy);
		return copy;
	}

	#touch(judged: JudgedWindow): WindowState {
		if (!judged.touched) {
			judged.touched = true;
			copyWindow(judged.state, judged.before);
			judged.newestBeforeMs = judged.newestMs;
			this.#touched.push(judged);
		}
		return judged.state;
	}
}
