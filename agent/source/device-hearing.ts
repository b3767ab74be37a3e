import type { SampleColumns } from "../../common/contract/samples.ts";
import { SilentTags } from "./silent-tags.ts";
import { filteredBy, type TagColumns } from "./tag-columns.ts";

/** How samples of a tag are taken. */
export interface TagRules {
	readonly width: number | undefined;
	/** Who leaves values out that are no further than that from the last sample. */
	readonly filteredBy: typeof filteredBy.server | typeof filteredBy.agent;
	readonly isPolled: boolean;
	readonly silenceMs: number | undefined;
}

/** Which tags of a device come by themselves and which do not, and of which of them nothing was heard for too long. Pure. */
export class DeviceHearing {
	readonly #columns: TagColumns;
	#tagIds: readonly number[] = [];
	readonly #silent = new SilentTags();
	/** Some tags have a deadband, a longest silence, or are polled. */
	#hasRules = false;
	/** Which tag `takeQuiet` looks at next. */
	#nextTaken = 0;

	constructor(columns: TagColumns) {
		this.#columns = columns;
	}

	get hasRules(): boolean {
		return this.#hasRules;
	}

	/** The device has these tags; the rules of each are set after it. */
	retag(tagIds: readonly number[]): void {
		this.#tagIds = tagIds;
		this.#silent.clear();
	}

	/**
	 * Tags of which nothing was heard since `beforeMs` and that were not taken since then either, at most `most`; the next
	 * call goes on where this one has ended.
	 */
	takeQuiet(beforeMs: number, nowMs: number, most: number): number[] {
		const quiet: number[] = [];
		const count = this.#tagIds.length;
		const { heardMs, takenMs, seen } = this.#columns;
		for (let turn = 0; turn < count && quiet.length < most; turn++) {
			const id = this.#tagIds[this.#nextTaken++ % count] as number;
			const place = this.#columns.place(id);
			const lastMs = Math.max(heardMs[place] as number, takenMs[place] as number);
			if (seen[place] === 0 || lastMs > beforeMs) continue;
			takenMs[place] = nowMs;
			quiet.push(id);
		}
		return quiet;
	}

	/** Tags that were not given for longer than they may be silent, at most `most`, each once in that time. */
	takeSilent(nowMs: number, most: number): number[] {
		return this.#silent.take(this.#columns, nowMs, most);
	}

	/** Whether a value that was read should have come by itself, because it is another one than the tag's last sample. */
	isNews(tagId: number, read: SampleColumns, index: number): boolean {
		const columns = this.#columns;
		const place = columns.place(tagId);
		// The server's time stands in for one that the source does not give, and is always another.
		const isUntimed = read.serverLagTicks[index] === 0;
		if (isUntimed || columns.filtered[place] !== filteredBy.nobody)
			return !columns.isWithin(place, read, index);
		return columns.last.sourceMs[place] !== read.sourceMs[index];
	}

	/** How samples of a tag are taken; `width` undefined: every value is one. */
	setRules(tagId: number, { width, filteredBy: by, isPolled, silenceMs }: TagRules): void {
		const columns = this.#columns;
		const place = columns.place(tagId);
		columns.width[place] = width ?? 0;
		columns.filtered[place] = width === undefined ? filteredBy.nobody : by;
		columns.polled[place] = isPolled ? 1 : 0;
		columns.silenceMs[place] = silenceMs ?? 0;
		if (silenceMs !== undefined && !isPolled) this.#silent.add(tagId);
		else this.#silent.delete(tagId);
		this.#hasRules ||= width !== undefined || isPolled || silenceMs !== undefined;
	}

	/** Whether something was heard of a tag after `sinceMs`, monotonic. */
	isHeardSince(tagId: number, sinceMs: number): boolean {
		return (this.#columns.heardMs[this.#columns.place(tagId)] as number) > sinceMs;
	}
}
