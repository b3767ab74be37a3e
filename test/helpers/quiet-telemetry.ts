import { pino } from "pino";
import { CollectorTelemetry } from "../../collector/telemetry.ts";

/** The collector's real telemetry with a log that nobody reads. */
export function quietTelemetry(): CollectorTelemetry {
	return new CollectorTelemetry(pino({ level: "silent" }));
}

/** The sum of a counter over its labels, or over those that match. */
export async function counted(
	telemetry: CollectorTelemetry,
	name: string,
	labels: Readonly<Record<string, string>> = {},
): Promise<number> {
	const metric = await telemetry.registry.getSingleMetric(`pilotline_collector_${name}`)?.get();
	if (metric === undefined) throw new Error(`expected a counter of the collector, found ${name}`);
	return metric.values
		.filter((value) => Object.entries(labels).every(([label, text]) => value.labels[label] === text))
		.reduce((sum, { value }) => sum + value, 0);
}
