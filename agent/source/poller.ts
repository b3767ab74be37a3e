import {
	type ClientSession,
	RegisterNodesRequest,
	type RegisterNodesResponse,
	resolveNodeId,
} from "node-opcua";
import { SampleColumns } from "../../common/contract/samples.ts";
import { type Clock, pause } from "../../common/runtime/clock.ts";
import type { SampleTarget } from "./data-change-reader.ts";
import { isBroken } from "./left-session.ts";
import type { OperationLimits } from "./operation-limits.ts";
import type { NodeIdOf } from "./plant-listener.ts";
import { type AskedValue, PresentValues } from "./present-values.ts";
import { isNoNode } from "./quiet-tags.ts";
import { ask } from "./service.ts";
import type { TagList } from "./watched-tags.ts";

/** Which tags are polled, and where their values go. */
export interface PolledTags {
	readonly list: TagList;
	/** By client handle, which is the place counted from 1. */
	readonly targets: readonly (SampleTarget | undefined)[];
	readonly isPolled: (place: number) => boolean;
	/** Whether the tag is the one that its device writes last in each cycle. */
	isTimeBase(place: number): boolean;
	isAny(): boolean;
	/** The interval of tags that have none of their own. */
	readonly pollElseMs: number;
	/** The server has no subscriptions, or has them again. */
	pollAll(pollsAll: boolean): void;
}

/** What was read of all tags of one interval. */
export interface PollRound {
	readonly intervalMs: number;
	/** The server's time before which nothing was read; undefined of a server that does not tell it. */
	readonly startedMs: number | undefined;
	/** By device; used again after the call. */
	readonly samples: ReadonlyMap<string, SampleColumns>;
}

export interface PollerOptions {
	readonly session: ClientSession;
	readonly clock: Clock;
	readonly limits: OperationLimits;
	readonly polling: PolledTags;
	readonly nodeIdOf: NodeIdOf;
	readonly over: AbortSignal;
	readonly onRound: (round: PollRound) => void;
	/** A round took so long that this many others were left out. */
	readonly onOverrun: (rounds: number) => void;
}

/** Tags of one interval. */
interface Group {
	readonly intervalMs: number;
	dueMs: number;
	readonly samples: Map<string, SampleColumns>;
	/** Those of time bases first: what is read after them is not older. */
	readonly bases: { readonly place: number; readonly target: SampleTarget }[];
	readonly others: { readonly place: number; readonly target: SampleTarget }[];
}

const idleMs = 1_000;

/**
 * Reads tags in intervals for as long as a session lasts: in series, in parts that the server takes, by registered node ids
 * where it registers any (Part 4 §5.9.5, §5.11.2). A round that is not finished in its interval is not overtaken.
 */
export class Poller {
	readonly #options: PollerOptions;
	readonly #values: PresentValues;
	#groups: Group[] = [];
	#isStale = true;
	/** By place: what the server wants the node to be called in this session, and what it was registered as. */
	readonly #registered = new Map<number, { readonly nodeId: string; readonly as: string }>();
	#registers = true;

	constructor(options: PollerOptions) {
		this.#options = options;
		this.#values = new PresentValues(options.limits);
	}

	/** Other tags are polled than before. */
	tagsChanged(): void {
		this.#isStale = true;
	}

	/** Ends with the session. @throws Error when the service fails */
	async run(): Promise<void> {
		const { clock, over } = this.#options;
		while (!over.aborted) {
			if (this.#isStale) await this.#plan();
			const nowMs = clock.monotonicMs();
			const next = this.#groups.reduce<Group | undefined>(
				(least, group) => (least === undefined || group.dueMs < least.dueMs ? group : least),
				undefined,
			);
			const waitMs = next === undefined ? idleMs : next.dueMs - nowMs;
			if (waitMs > 0) {
				await pause(clock, Math.min(waitMs, idleMs), over);
				continue;
			}
			if (next !== undefined && !over.aborted) await this.#round(next);
		}
	}

	async #plan(): Promise<void> {
		const { polling, clock } = this.#options;
		this.#isStale = false;
		const before = new Map(this.#groups.map((group) => [group.intervalMs, group.dueMs]));
		const groups = new Map<number, Group>();
		const places: number[] = [];
		for (const [place, named] of polling.list.entries()) {
			const target = polling.targets[place + 1];
			if (named === undefined || target === undefined || !polling.isPolled(place)) continue;
			const intervalMs = named.sampling.pollMs ?? polling.pollElseMs;
			const dueMs = before.get(intervalMs) ?? clock.monotonicMs();
			const group = groups.get(intervalMs) ?? {
				...{ intervalMs, dueMs, samples: new Map(), bases: [], others: [] },
			};
			groups.set(intervalMs, group);
			const { device } = named.tag.tag;
			const samples = group.samples.get(device) ?? new SampleColumns(64);
			group.samples.set(device, samples);
			const list = polling.isTimeBase(place) ? group.bases : group.others;
			list.push({ place, target: { ...target, samples } });
			places.push(place);
		}
		this.#groups = [...groups.values()];
		await this.#register(places);
	}

	/** Registered ids spare a server looking a node up each time; they are the session's. */
	async #register(places: readonly number[]): Promise<void> {
		const { session, limits, nodeIdOf } = this.#options;
		const fresh = places.flatMap((place) => {
			const nodeId = nodeIdOf(place);
			const isKnown = nodeId === undefined || this.#registered.get(place)?.nodeId === nodeId;
			return isKnown ? [] : [{ place, nodeId }];
		});
		for (let from = 0; from < fresh.length && this.#registers; ) {
			const chunk = fresh.slice(from, from + limits.of("register"));
			const nodesToRegister = chunk.map(({ nodeId }) => resolveNodeId(nodeId));
			try {
				const request = new RegisterNodesRequest({ nodesToRegister });
				const { registeredNodeIds } = await ask<RegisterNodesResponse>(session, request);
				for (const [index, { place, nodeId }] of chunk.entries()) {
					const as = registeredNodeIds?.[index]?.toString();
					if (as !== undefined) this.#registered.set(place, { nodeId, as });
				}
				from += chunk.length;
			} catch (error) {
				if (limits.lower("register", chunk.length, error)) continue;
				if (isBroken(error)) throw error;
				this.#registers = false;
			}
		}
	}

	async #round(group: Group): Promise<void> {
		const { session, clock, over, onRound, onOverrun } = this.#options;
		const { intervalMs, samples } = group;
		let startedMs: number | undefined;
		let isFirst = true;
		const askedMs = clock.monotonicMs();
		for (const columns of samples.values()) {
			columns.count = 0;
			columns.other.length = 0;
		}
		const received = (serverMs: number | undefined) => {
			// When the first answer came, this much had passed at most since its first value was read.
			if (isFirst && serverMs !== undefined && serverMs > 0)
				startedMs = serverMs - (clock.monotonicMs() - askedMs);
			isFirst = false;
		};
		for (const part of [group.bases, group.others]) {
			const asked = part.flatMap(({ place, target }) => this.#asked(place, target));
			await this.#values.read(session, asked, () => clock.wallMs(), received);
			if (over.aborted) return;
		}
		this.#dropLostNames(group);
		onRound({ intervalMs, startedMs, samples });
		group.dueMs += intervalMs;
		const lateMs = clock.monotonicMs() - group.dueMs;
		if (lateMs <= 0) return;
		const missed = Math.floor(lateMs / intervalMs) + 1;
		group.dueMs += missed * intervalMs;
		onOverrun(missed);
	}

	#asked(place: number, target: SampleTarget): AskedValue[] {
		const nodeId = this.#options.nodeIdOf(place);
		if (nodeId === undefined) return [];
		const registered = this.#registered.get(place);
		return [{ nodeId: registered?.nodeId === nodeId ? registered.as : nodeId, target }];
	}

	/** A node that came back may have another handle; it is asked for by its own id from now on. */
	#dropLostNames({ samples, bases, others }: Group): void {
		const lost = new Set<number>();
		for (const columns of samples.values())
			for (let index = 0; index < columns.count; index++)
				if (isNoNode(columns.status[index] as number)) lost.add(columns.tagId[index] as number);
		if (lost.size === 0) return;
		for (const { place, target } of [...bases, ...others])
			if (lost.has(target.tagId)) this.#registered.delete(place);
	}
}
