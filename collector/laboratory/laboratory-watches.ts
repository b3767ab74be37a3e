import type { SpecVersion } from "../specification-port.ts";
import { MaterialWatch, type MaterialWatchOptions } from "./material-watch.ts";
import { OverdueWatch, type OverdueWatchOptions } from "./overdue-watch.ts";

/** What looks after results while they come: what is overdue, and what they say of raw materials. */
export function laboratoryWatches(
	options: Pick<OverdueWatchOptions, "clock" | "plantTimeMs" | "onRaised"> &
		Pick<OverdueWatchOptions & MaterialWatchOptions, "telemetry" | "store"> & {
			/** The version in force at a source time. */
			readonly inForce: (sourceMs: number) => SpecVersion | undefined;
			readonly overdueMessages: OverdueWatchOptions["messages"];
			readonly materialMessages: MaterialWatchOptions["messages"];
			/** A lot of the product is to be judged again. */
			readonly judgeAgain: (lot: string) => void;
		},
): { readonly overdue: OverdueWatch; readonly materials: MaterialWatch } {
	const { clock, telemetry, store, inForce, plantTimeMs, onRaised, judgeAgain } = options;
	return {
		overdue: new OverdueWatch({
			...{ clock, telemetry, store, plantTimeMs, onRaised, messages: options.overdueMessages },
			testsAt: (madeMs) => inForce(madeMs)?.specification.laboratory ?? [],
		}),
		materials: new MaterialWatch({
			...{ clock, telemetry, store, messages: options.materialMessages },
			specificationAt: inForce,
			onJudged: (lots) => {
				for (const lot of lots) judgeAgain(lot);
				onRaised();
			},
		}),
	};
}
