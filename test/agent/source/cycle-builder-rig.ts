import type { DeviceConfig } from "../../../agent/config.ts";
import { CycleBuilder } from "../../../agent/source/cycle-builder.ts";
import { noCounts } from "../../../agent/source/cycle-counts.ts";
import { datatypes } from "../../../common/contract/datatype.ts";
import type { SampleValue } from "../../../common/contract/samples.ts";

/** Tag ids. */
export const [phase, temperature, heartbeat] = [1, 2, 3];

/** A device with these three tags. */
export function builder(timeBase: DeviceConfig["time_base"] = { tag: "Heartbeat" }): CycleBuilder {
	const names = ["Phase", "TT01", "Heartbeat"];
	const device = { name: "U500", time_base: timeBase } as DeviceConfig;
	return new CycleBuilder(
		device,
		names.map((name, rank) => ({
			rank,
			nodeId: `s=${name}`,
			tag: { id: rank + 1, device: "U500", name, datatype: datatypes.Double, configured: true },
		})),
	);
}

/** A value arrives. */
export function add(
	to: CycleBuilder,
	tagId: number,
	sourceMs: number,
	value: SampleValue,
	status = 0,
	rest = 0,
): void {
	const { samples } = to;
	samples.reserve(samples.count + 1);
	const index = samples.count++;
	samples.tagId[index] = tagId;
	samples.sourceMs[index] = sourceMs;
	samples.sourceRestTicks[index] = rest;
	samples.serverLagTicks[index] = Number.NaN;
	samples.status[index] = status;
	samples.setValue(index, value);
}

/** The end of a cycle, taken apart. */
export function finish(from: CycleBuilder, publishThroughMs?: number, nowMs = 1_000, serverMs?: number) {
	const counted = noCounts();
	const cycle = from.finish(publishThroughMs, counted, nowMs, undefined, serverMs);
	const samples = Array.from({ length: cycle?.samples.count ?? 0 }, (_, index) => [
		cycle?.samples.tagId[index],
		cycle?.samples.sourceMs[index],
		cycle?.samples.value(index),
	]);
	return { samples, throughMs: cycle?.throughMs, counts: counted, cycle };
}
