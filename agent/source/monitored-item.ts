import {
	AttributeIds,
	DataChangeFilter,
	DataChangeTrigger,
	DeadbandType,
	type MonitoredItemCreateRequestOptions,
	MonitoringMode,
} from "node-opcua";
import type { Sampling } from "./sampling.ts";

/** How much of a filter a server takes for an item: all of it, all but the deadband, or no filter. */
export const filterLevels = { whole: 0, noDeadband: 1, none: 2 } as const;

/** A server may say of a filter that it is this filter, or any (Part 4 §5.12.2.4, Part 8 §6.2). */
const refusesFilter: ReadonlySet<string> = new Set([
	...["BadFilterNotAllowed", "BadDeadbandFilterInvalid", "BadMonitoredItemFilterUnsupported"],
	"BadMonitoredItemFilterInvalid",
]);

const triggers = {
	status: DataChangeTrigger.Status,
	status_value: DataChangeTrigger.StatusValue,
	status_value_timestamp: DataChangeTrigger.StatusValueTimestamp,
} as const;

/** How much less of a filter to ask for; undefined when the filter is not what the server refused, or there is none. */
export function lessFilter(status: string, level: number, { deadband }: Sampling): number | undefined {
	if (!refusesFilter.has(status) || level >= filterLevels.none) return undefined;
	return level === filterLevels.whole && deadband !== undefined ? filterLevels.noDeadband : filterLevels.none;
}

/** Part 4 §5.12.2.2 and §7.21; a value that is written again with a new time is a new value, unless configured otherwise. */
export function requestedParameters(sampling: Sampling, clientHandle: number, level: number) {
	const { intervalMs, queueSize, discardOldest, deadband, trigger } = sampling;
	const isWithDeadband = deadband !== undefined && level === filterLevels.whole;
	const types = { absolute: DeadbandType.Absolute, percent: DeadbandType.Percent } as const;
	const filter =
		level === filterLevels.none
			? undefined
			: new DataChangeFilter({
					trigger: triggers[trigger],
					deadbandType: isWithDeadband ? types[deadband.kind] : DeadbandType.None,
					deadbandValue: isWithDeadband ? deadband.width : 0,
				});
	return {
		...{ clientHandle, samplingInterval: intervalMs, queueSize, discardOldest },
		...(filter === undefined ? {} : { filter }),
	};
}

export function itemOf(
	sampling: Sampling,
	nodeId: string,
	clientHandle: number,
	level: number,
): MonitoredItemCreateRequestOptions {
	return {
		itemToMonitor: { nodeId, attributeId: AttributeIds.Value },
		monitoringMode: MonitoringMode.Reporting,
		requestedParameters: requestedParameters(sampling, clientHandle, level),
	};
}
