import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { collectorConfig } from "../../../collector/config.ts";
import type { FollowerPosition, FollowerPositions } from "../../../collector/follow-port.ts";
import { followerTargets } from "../../../collector/followers/follower-targets.ts";
import { Followers } from "../../../collector/followers/followers.ts";
import { StoreReader } from "../../../collector/store/reader.ts";
import { CollectorTelemetry } from "../../../collector/telemetry.ts";
import { systemClock } from "../../../common/runtime/clock.ts";

/** Places are forgotten with the process, so that the run's own store stays as it is. */
class PassingPositions implements FollowerPositions {
	#position: FollowerPosition | undefined;

	async followerPositions(): Promise<FollowerPosition[]> {
		return this.#position === undefined ? [] : [this.#position];
	}

	async saveFollowerPosition(position: FollowerPosition): Promise<void> {
		this.#position = position;
	}

	async forgetFollower(): Promise<void> {
		this.#position = undefined;
	}
}

/** Brings a stopped collector's data to a database of InfluxDB 1 as a new follower does. Resolves with the points written. */
export async function followRecordedRun(data: string, url: string, database: string): Promise<number> {
	const folder = mkdtempSync(join(tmpdir(), "pilotline-follow-"));
	const reader = new StoreReader();
	await reader.open(join(data, "store.db"));
	const config = collectorConfig.schema.parse({
		...{ kind: "collector", schema: 1, host: "h", groups: ["g"], data_dir: "d", specification: "s" },
		...{ route: ["U"], broker: { url: "mqtts://127.0.0.1:1" }, api: { port: 0 } },
		followers: [{ name: "pictures", kind: "influxdb1", url, database, rows_per_second_max: 1_000_000 }],
	});
	const followers = new Followers({
		targets: await followerTargets(config.followers, folder),
		reader,
		positions: new PassingPositions(),
		clock: systemClock,
		random: Math.random,
		telemetry: new CollectorTelemetry(pino({ level: "silent" })),
		deadLetterDirectory: folder,
	});
	try {
		await followers.start();
		for (;;) {
			const status = followers.status()[0];
			if (status?.lastError !== undefined) throw new Error(status.lastError);
			if (status?.state === "current") return status.writtenLines;
			await delay(200);
		}
	} finally {
		await followers.stop();
		await reader.close();
		rmSync(folder, { recursive: true, force: true });
	}
}
