import { join } from "node:path";
import type { Clock } from "../../common/runtime/clock.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import type { FollowerPositions, PositionReader } from "../follow-port.ts";
import type { LiveFollower } from "../read-port.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { Follower } from "./follower.ts";
import { type FollowerTarget, transportOf } from "./follower-targets.ts";
import { SeriesBook } from "./series-book.ts";

export interface FollowersOptions {
	readonly targets: readonly FollowerTarget[];
	readonly reader: PositionReader;
	readonly positions: FollowerPositions;
	readonly clock: Clock;
	readonly random: () => number;
	readonly telemetry: CollectorTelemetry;
	/** Where dead-letter files go: `<name>.jsonl`. */
	readonly deadLetterDirectory: string;
}

/** All followers of the store; each goes its own way. */
export class Followers implements Part {
	readonly name = "followers";
	readonly #options: FollowersOptions;
	readonly #followers: Follower[] = [];

	constructor(options: FollowersOptions) {
		this.#options = options;
	}

	async start(): Promise<void> {
		if (this.#followers.length > 0) return;
		const { targets, deadLetterDirectory, positions, telemetry, ...means } = this.#options;
		const wanted = new Set(targets.map(({ id }) => id));
		for (const { name, pos } of await positions.followerPositions()) {
			if (wanted.has(name)) continue;
			await positions.forgetFollower(name);
			telemetry.followers.forgotten({ follower: name, pos });
		}
		const series = new SeriesBook(means.reader);
		for (const target of targets) {
			const follower = new Follower({
				...means,
				...{ target, series, positions, telemetry, transport: transportOf(target) },
				deadLetterFile: join(deadLetterDirectory, `${target.config.name}.jsonl`),
			});
			this.#followers.push(follower);
			follower.start();
		}
	}

	async stop(): Promise<void> {
		await Promise.all(this.#followers.splice(0).map((follower) => follower.stop()));
	}

	status(): LiveFollower[] {
		return this.#followers.map((follower) => follower.status());
	}
}
