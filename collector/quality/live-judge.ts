import { type SampleColumns, valueKind } from "../../common/contract/samples.ts";
import { isGood } from "../../common/contract/status.ts";
import type { ContextChange, JudgedRecord, Judgement, JudgePort, Series } from "../pipeline.ts";
import type { Specification, SpecWindow } from "../specification.ts";
import {
	advance,
	awaits,
	copyWindow,
	enterContext,
	idleWindow,
	takeValue,
	type UnitContext,
	type WindowState,
} from "./window-state.ts";

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
}

interface JudgedWindow {
	readonly window: SpecWindow;
	state: WindowState;
	/** Source time of the newest value taken; an older one does not touch the live condition. */
	newestMs: number;
	/** Whether the present batch changed it, and what it was before; meaningless otherwise. Copied into, never made anew. */
	touched: boolean;
	before: WindowState;
	newestBeforeMs: number;
}

type Role =
	| { kind: keyof ContextTags }
	| { kind: "windows"; windows: readonly JudgedWindow[] }
	| { kind: "none" };

/** A judge's state as plain data. */
export interface SavedJudge {
	readonly specVersion: number;
	readonly units: readonly (readonly [string, UnitState])[];
	readonly windows: readonly (readonly [string, WindowState, number])[];
	readonly lots: unknown;
}

/**
 * A source time further ahead than this of the time of receipt is nonsense. Taken as a tag's newest value it would keep
 * every later one from being judged.
 */
const aheadMostMs = 86_400_000;

/**
 * Judges stream windows as records come, on each tag's newest sample. Everything a batch changes can be taken back
 * until `keep`, because it counts only when the store has committed it.
 */
export class LiveJudge implements JudgePort {
	readonly #specVersion: number;
	readonly #contextTags: ContextTags;
	readonly #lots: LotPort;
	readonly #windows: readonly JudgedWindow[];
	readonly #windowsByUnit = new Map<string, JudgedWindow[]>();
	readonly #units = new Map<string, UnitState>();
	readonly #roles: Role[] = [];
	readonly #undoUnits = new Map<string, UnitState | undefined>();
	readonly #touched: JudgedWindow[] = [];
	#undoLots: { state: unknown } | undefined;

	constructor(options: { specification: Specification; contextTags: ContextTags; lots: LotPort }) {
		this.#specVersion = options.specification.version;
		this.#contextTags = options.contextTags;
		this.#lots = options.lots;
		this.#windows = options.specification.windows.map((window) => ({
			window,
			state: idleWindow(),
			newestMs: Number.NEGATIVE_INFINITY,
			touched: false,
			before: idleWindow(),
			newestBeforeMs: Number.NEGATIVE_INFINITY,
		}));
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
		this.keep();
	}

	save(): string {
		const saved: SavedJudge = {
			specVersion: this.#specVersion,
			units: [...this.#units],
			windows: this.#windows.map(({ window, state, newestMs }) => [window.id, state, newestMs]),
			lots: this.#lots.save(),
		};
		return JSON.stringify(saved, (_, value: unknown) => (value === Number.NEGATIVE_INFINITY ? null : value));
	}

	/** Takes up a saved state. Windows of another specification version begin anew with the unit's next change. */
	load(text: string): void {
		const saved = JSON.parse(text) as SavedJudge;
		for (const [unit, state] of saved.units)
			this.#units.set(unit, { ...state, context: state.context ?? undefined });
		this.#lots.load(saved.lots as never);
		const states = new Map(saved.windows.map(([id, state, newestMs]) => [id, { state, newestMs }]));
		for (const judged of this.#windows) {
			const found = saved.specVersion === this.#specVersion ? states.get(judged.window.id) : undefined;
			if (found === undefined) continue;
			copyWindow(found.state, judged.state);
			judged.newestMs = found.newestMs ?? Number.NEGATIVE_INFINITY;
		}
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
			out.dirty.push({ device: window.unit, fromMs: atMs, toMs: atMs });
			return;
		}
		const raw =
			samples.kind[index] === valueKind.number
				? (samples.number[index] as number)
				: Number(samples.value(index) || Number.NaN);
		const good = isGood(samples.status[index] as number) && Number.isFinite(raw);
		const state = this.#touch(judged);
		judged.newestMs = atMs;
		takeValue(state, window, this.#specVersion, good ? raw : undefined, atMs, out);
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
		for (const judged of this.#windowsByUnit.get(device) ?? []) {
			if (!awaits(judged.state, throughMs)) continue;
			advance(this.#touch(judged), judged.window, this.#specVersion, throughMs, out);
		}
	}

	#applyContext(device: string, atMs: number, out: Judgement): void {
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
		for (const judged of this.#windowsByUnit.get(device) ?? []) {
			enterContext(this.#touch(judged), judged.window, this.#specVersion, after, atMs, out);
		}
		this.#undoLots ??= { state: this.#lots.save() };
		this.#lots.change({ unit: device, atMs, before, after }, out);
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
				? { context: undefined, pending: undefined, pendingMs: 0, contextMs: 0, keyMs: {}, said: [] }
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
