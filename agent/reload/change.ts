import type { AgentConfig } from "../config.ts";
import type { ReadableTag } from "../pipeline.ts";
import type { TagBook } from "../tag-book.ts";
import type { Plan, ServerPlan, Touch } from "./plan.ts";

/** What a reload changes, as the composition hands it in. */
export interface ChangeableParts {
	readonly servers: {
		prepare(
			changes: ServerPlan,
			next: AgentConfig,
		): Promise<{
			readonly tags: ReadonlyMap<string, readonly ReadableTag[]>;
			leave(): Promise<void>;
			make(): void;
		}>;
	};
	readonly book: Pick<TagBook, "addAll" | "configure">;
	readonly publisher: { tagsChanged(): void };
	/** Reads the broker's secrets; what it returns has them used. @throws CodedError CONFIG_UNREADABLE */
	readonly broker: (next: AgentConfig) => Promise<(touched: ReadonlySet<Touch>) => void>;
	/** Everything that is changed by a value: log level, bounds. */
	readonly values: (next: AgentConfig, touched: ReadonlySet<Touch>) => void;
}

/**
 * Prepares a change, and returns what makes it: first sources that cannot go on as they are end, then everything else
 * happens in one turn of the event loop, in the order of `TagSets`.
 * @throws Error from whatever cannot be read or written; then nothing has changed
 */
export async function prepareChange(
	{ servers, book, publisher, broker, values }: ChangeableParts,
	plan: Plan,
	next: AgentConfig,
): Promise<(stopping: AbortSignal) => Promise<void>> {
	const useBroker = await broker(next);
	const prepared = await servers.prepare(plan.servers, next);
	await book.addAll([...prepared.tags].map(([name, tags]) => ({ name, tags })));
	return async (stopping) => {
		await prepared.leave();
		if (stopping.aborted) return;
		for (const [device, tags] of prepared.tags) book.configure(device, tags);
		prepared.make();
		values(next, plan.touched);
		useBroker(plan.touched);
		if (prepared.tags.size > 0) publisher.tagsChanged();
	};
}
