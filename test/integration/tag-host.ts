import { connectAsync } from "mqtt";
import { onTestFinished } from "vitest";
import { type Datatype, type DatatypeName, datatypeName } from "../../common/contract/datatype.ts";
import { deliveryMetrics, gapMetric } from "../../common/contract/delivery.ts";
import { decodeGap, type Gap } from "../../common/contract/gap.ts";
import { MetricView, readPayload, readProperties } from "../../common/contract/payload-reader.ts";
import type { SampleValue } from "../../common/contract/samples.ts";

/** What a birth says of a tag. */
interface DeclaredTag {
	readonly type: DatatypeName | undefined;
	readonly alias: number;
	readonly value: SampleValue | undefined;
	readonly status: number;
	readonly eu: unknown;
	readonly low: unknown;
	readonly high: unknown;
}

interface HeardSample {
	readonly device: string;
	readonly tag: string;
	readonly value: SampleValue | undefined;
	readonly status: number;
	readonly sourceMs: number;
}

/** Follows births and aliases of one edge node, confirms nothing, and remembers every birth and sample. */
export class TagHost {
	/** Device births in the order in which they came, without what is ours in them. */
	readonly births: { readonly device: string; readonly tags: ReadonlyMap<string, DeclaredTag> }[] = [];
	readonly samples: HeardSample[] = [];
	/** What the agent wrote down as missing. */
	readonly gaps: Gap[] = [];
	/** Metrics of data messages that no birth declared. */
	undeclared = 0;
	readonly #throughMs = new Map<string, number>();
	readonly #aliases = new Map<number, { device: string; name: string; datatype: Datatype }>();

	static async connect(url: string, id = "collector"): Promise<TagHost> {
		const client = await connectAsync(url, { reconnectPeriod: 0 });
		onTestFinished(() => client.endAsync(true));
		const host = new TagHost();
		client.on("message", (topic, payload) => host.#read(topic, payload));
		await client.subscribeAsync("spBv1.0/site/#", { qos: 1 });
		await client.publishAsync(
			`spBv1.0/STATE/${id}`,
			JSON.stringify({ online: true, timestamp: Date.now() }),
			{
				qos: 1,
				retain: true,
			},
		);
		return host;
	}

	/** A further one, at another broker. */
	also(url: string): Promise<TagHost> {
		return TagHost.connect(url);
	}

	/** The newest birth of a device. */
	born(device: string): ReadonlyMap<string, DeclaredTag> | undefined {
		return this.births.findLast((birth) => birth.device === device)?.tags;
	}

	of(device: string, tag: string): HeardSample[] {
		return this.samples.filter((sample) => sample.device === device && sample.tag === tag);
	}

	/** The last word of a device on how far its data is complete. */
	throughMs(device: string): number {
		return this.#throughMs.get(device) ?? 0;
	}

	values(device: string, tag: string): (SampleValue | undefined)[] {
		return this.of(device, tag).map(({ value }) => value);
	}

	#read(topic: string, payload: Buffer): void {
		const [, , type = "", , device = ""] = topic.split("/");
		if (type === "NBIRTH") {
			this.#aliases.clear();
			readPayload(payload, new MetricView(), ({ name = "", alias, datatype }) => {
				if (alias !== undefined) this.#aliases.set(alias, { device, name, datatype: datatype as Datatype });
			});
		}
		if (type === "NDATA") {
			readPayload(payload, new MetricView(), (metric) => {
				const known = this.#aliases.get(metric.alias);
				const value = known?.name === gapMetric ? metric.value(known.datatype) : undefined;
				const gap = typeof value === "string" ? decodeGap(value) : undefined;
				if (gap !== undefined) this.gaps.push(gap);
			});
		}
		if (type === "DBIRTH") {
			const tags = new Map<string, DeclaredTag>();
			readPayload(payload, new MetricView(), (metric) => {
				const { name = "", alias, datatype } = metric;
				this.#aliases.set(alias, { device, name, datatype: datatype as Datatype });
				if (name.startsWith("Delivery/")) return;
				const properties = metric.properties && readProperties(metric.properties);
				tags.set(name, {
					...{ type: datatypeName(datatype), alias, status: metric.status() },
					value: metric.value(datatype as Datatype),
					eu: properties?.get("engUnit"),
					low: properties?.get("engLow"),
					high: properties?.get("engHigh"),
				});
			});
			this.births.push({ device, tags });
		} else if (type === "DDATA") {
			readPayload(payload, new MetricView(), (metric) => {
				const known = this.#aliases.get(metric.alias);
				if (known === undefined) this.undeclared++;
				else if (known.name === deliveryMetrics.through)
					this.#throughMs.set(device, Number(metric.value(known.datatype)));
				else if (!known.name.startsWith("Delivery/"))
					this.samples.push({
						...{ device: known.device, tag: known.name, status: metric.status() },
						value: metric.value(known.datatype),
						sourceMs: metric.timestampMs,
					});
			});
		}
	}
}
