import { join } from "node:path";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import type { AgentConfig } from "../../agent/config.ts";
import { DiskJournal } from "../../agent/journal/journal.ts";
import { Recorder } from "../../agent/journal/recorder.ts";
import { CurrentValues } from "../../agent/publisher/current-values.ts";
import { Delivery } from "../../agent/publisher/delivery.ts";
import { EdgeSession } from "../../agent/publisher/edge-session.ts";
import { Publisher } from "../../agent/publisher/publisher.ts";
import {
	RollingConfirmation,
	rollingHost,
	rollingKeepMs,
} from "../../agent/publisher/rolling-confirmation.ts";
import { TagBook } from "../../agent/tag-book.ts";
import { AgentTelemetry } from "../../agent/telemetry.ts";
import type { EdgeNodeId, GroupId } from "../../common/contract/ids.ts";
import { SampleColumns, type SampleValue } from "../../common/contract/samples.ts";
import { CertificateWatch } from "../../common/runtime/certificate-watch.ts";
import { systemClock } from "../../common/runtime/clock.ts";
import type { BrokerConnection } from "../../common/runtime/mqtt-link.ts";
import { plainBroker } from "../helpers/plain-broker.ts";

const startMs = Date.UTC(2026, 0, 5, 6);

interface RigOptions {
	readonly folder: string;
	readonly brokerUrl: string;
	/** Several servers instead of the one. */
	readonly brokerUrls?: readonly string[];
	readonly protocol?: "3.1.1" | "5.0";
	/** The host is the primary one. */
	readonly primary?: boolean;
	readonly tags?: readonly { name: string; type: string }[];
	/** Devices besides F500, which has `tags`. */
	readonly devices?: readonly { name: string; tags: readonly { name: string; type: string }[] }[];
	/** Whether a device's plant server is lost. */
	readonly isLost?: (device: string) => boolean;
	readonly windowBytes?: number;
	readonly resendAfterMs?: number;
	readonly epoch?: number;
	/** Group, edge node and host, where they are not site, agent and collector. */
	readonly names?: { readonly group: string; readonly edgeNode: string; readonly host: string };
	/** The host confirms nothing. */
	readonly rolling?: boolean;
	/** User, password, TLS. */
	readonly connection?: Partial<BrokerConnection>;
}

/** A sample of the rig's cycles; Good where no status is given. */
export interface RigSample {
	readonly tag: string;
	readonly value: SampleValue;
	readonly sourceMs: number;
	readonly status?: number;
}

/** Everything of an agent behind its sources: recorder, journal on real files, and publisher. */
export async function publishingAgent(options: RigOptions) {
	const { folder, brokerUrl, tags: given = [{ name: "TT01", type: "Double" }] } = options;
	const { devices = [], isLost = () => false, connection = {} } = options;
	const { names = { group: "site", edgeNode: "agent", host: "collector" } } = options;
	const [group, edgeNode] = [names.group as GroupId, names.edgeNode as EdgeNodeId];
	const { brokerUrls = brokerUrl, protocol = "3.1.1", primary = false } = options;
	const { windowBytes = 4 * 1024 ** 2, resendAfterMs = 60_000, epoch = 1_001 } = options;
	const tags = await TagBook.open(folder, {
		devices: [{ name: "F500", tags: given }, ...devices],
	} as unknown as AgentConfig);
	const journal = new DiskJournal({
		folder: join(folder, "journal"),
		segmentBytes: 64 * 1024,
		maxBytes: 1024 ** 3,
		memoryBytes: 16 * 1024 ** 2,
		commitIntervalMs: 5,
		clock: systemClock,
		newEpoch: () => epoch,
		onTrouble: ({ message }) => {
			throw new Error(message);
		},
	});
	const { previousEpoch, previousLast } = await journal.open();
	const recorder = new Recorder({ journal, tags, clock: systemClock });
	recorder.opened({ epoch, previousEpoch, previousLast });
	const current = new CurrentValues(new SampleColumns(tags.tags.length + 1));
	const telemetry = new AgentTelemetry(pino({ level: "silent" }));
	const { rolling = false } = options;
	const delivery = new Delivery({ hosts: [rolling ? rollingHost : names.host], windowBytes, resendAfterMs });
	const publisher = new Publisher({
		group,
		edgeNode,
		hosts: [names.host],
		primaryHost: primary ? names.host : undefined,
		directory: folder,
		broker: plainBroker(brokerUrls, { clientId: "agent", protocol, keepaliveS: 30, ...connection }),
		clock: systemClock,
		journal,
		progress: recorder.progress,
		isLost,
		session: new EdgeSession({ group, edgeNode, tags: tags.tags, current }),
		delivery,
		rolling: rolling ? new RollingConfirmation(rollingKeepMs(30)) : undefined,
		certificates: new CertificateWatch({ clock: systemClock, telemetry }),
		telemetry,
	});
	const stop = async () => {
		await publisher.stop();
		await journal.close();
	};
	onTestFinished(stop);
	/** One cycle of a device, as its plant server would send it. */
	const put = (device: string, throughMs: number, rows: readonly RigSample[]) => {
		const samples = new SampleColumns(rows.length);
		samples.count = rows.length;
		for (const [index, { tag, value, sourceMs, status = 0 }] of rows.entries()) {
			samples.tagId[index] = tags.find(device, tag)?.id ?? 0;
			samples.sourceMs[index] = sourceMs;
			samples.serverLagTicks[index] = Number.NaN;
			samples.status[index] = status;
			samples.setValue(index, value);
		}
		current.update({ device, samples, throughMs: undefined });
		recorder.cycle({ device, samples, throughMs });
	};
	let cycles = 0;
	/** One cycle with these values of the first tag, a second after the one before. */
	const cycle = (...values: number[]) => {
		const sourceMs = startMs + ++cycles * 1_000;
		const tag = given[0]?.name ?? "";
		put(
			"F500",
			sourceMs,
			values.map((value) => ({ tag, value, sourceMs })),
		);
	};
	/** Counter of the agent's telemetry, summed over its labels. */
	const counted = async (name: string) => {
		const metric = await telemetry.registry.getSingleMetric(`pilotline_agent_${name}`)?.get();
		return (metric?.values ?? []).reduce((sum, { value }) => sum + value, 0);
	};
	return { publisher, journal, delivery, cycle, put, counted, stop };
}
