import type { SampleSource, TagSet } from "./pipeline.ts";
import type { TagBook } from "./tag-book.ts";

interface TagSetsOptions {
	readonly book: Pick<TagBook, "add" | "configure">;
	/** The source of a device; undefined for one that nobody reads. */
	readonly sourceOf: (device: string) => Pick<SampleSource, "tagsChanged"> | undefined;
	readonly publisher: { tagsChanged(): void };
}

/**
 * The one way by which a device gets other tags while the agent is running. First the tag book has numbers for them on
 * disk. Then, in one turn of the event loop, the book calls them configured, the source reads them (what it still has to say
 * of tags that leave, it says before), and the publisher's births declare them. Samples of tags that stay are not touched.
 */
export class TagSets {
	readonly #options: TagSetsOptions;
	#last: Promise<void> = Promise.resolve();

	constructor(options: TagSetsOptions) {
		this.#options = options;
	}

	/** One change after the other; resolves when everyone knows. What fails, or is over by its turn, changes nothing. */
	change(set: TagSet, over?: AbortSignal): Promise<void> {
		return this.alone(async () => {
			if (over?.aborted === true) return;
			const { book, sourceOf, publisher } = this.#options;
			await book.add(set.device, set.tags);
			book.configure(set.device, set.tags);
			sourceOf(set.device)?.tagsChanged?.(set);
			publisher.tagsChanged();
		});
	}

	/** Work during which no device gets other tags from anybody else. */
	alone(work: () => Promise<void>): Promise<void> {
		const done = this.#last.then(work);
		this.#last = done.catch(() => undefined);
		return done;
	}
}
