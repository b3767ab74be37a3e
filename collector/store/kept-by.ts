import type { CollectorConfig } from "../config.ts";
import type { KeeperOptions } from "./keeper.ts";
import type { DuckLimits } from "./parts/duck.ts";

/** What each DuckDB may use, with so many threads. */
export function duckLimits(config: CollectorConfig["store"], threads = config.query_threads): DuckLimits {
	return { memoryMb: config.memory_mb, temporaryMb: config.temporary_mb, threads };
}

/** How samples are kept, as the configuration says. */
export function keptBy(
	config: CollectorConfig["store"],
): Pick<KeeperOptions, "limits" | "sealAfterMs" | "sealSamplesMax" | "retention"> {
	return {
		limits: duckLimits(config, 1),
		sealAfterMs: config.seal_after_minutes * 60_000,
		sealSamplesMax: config.seal_samples_max,
		retention: {
			keepMs: config.keep_days === undefined ? undefined : config.keep_days * 86_400_000,
			keepBytes: config.keep_mb === undefined ? undefined : config.keep_mb * 1_000_000,
		},
	};
}
