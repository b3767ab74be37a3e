import type { GapCause } from "../../common/contract/gap.ts";
import type { Backfill } from "./backfill.ts";
import type { LeftDevice } from "./left-device.ts";
import type { ServerBudgets } from "./server-budget.ts";

/** A device that another source, or this one under other settings, goes on with. */
export interface LeftOfDevice extends LeftDevice {
	/** Where its hole begins, in source time; of a device that had none, where what is known of it ends. */
	readonly holeFromMs: number;
	readonly cause: GapCause;
}

/** What a source leaves to the one that takes its place. */
export interface LeftSource {
	readonly devices: ReadonlyMap<string, LeftOfDevice>;
	readonly backfill: Backfill;
	readonly budgets: ServerBudgets;
	readonly lastResponseMs: number | undefined;
	/** Its tags were not called Bad. */
	readonly wasConnected: boolean;
}
