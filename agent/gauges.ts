import { Gauge, type Registry } from "prom-client";
import type { Figures } from "../common/runtime/process-figures.ts";
import type { JournalStats, SourceState } from "./pipeline.ts";

/** How the agent stands at this moment, for whoever asks for /metrics. */
interface AgentFigures {
	readonly figures: Figures;
	readonly brokerConnected: boolean;
	readonly hostsOnline: number;
	readonly servers: readonly SourceState[];
	readonly journal: JournalStats;
	readonly journalMaxBytes: number;
	readonly unconfirmedRecords: number;
}

type One = (read: AgentFigures) => number | undefined;
type OfServer = (read: SourceState) => number | undefined;

/** Values that are not known are left out: an alarm on what is absent is better than one on a wrong zero. */
const singles: readonly (readonly [name: string, help: string, of: One])[] = [
	["broker_connected", "1 while the connection to the broker stands", (read) => Number(read.brokerConnected)],
	["hosts_online", "Host applications that say they are online", (read) => read.hostsOnline],
	["journal_bytes", "Bytes of the journal on disk", ({ journal }) => journal.bytes],
	["journal_max_bytes", "What the journal may take, journal.max_bytes", (read) => read.journalMaxBytes],
	[
		"journal_hours_left",
		"Hours that the journal has room for at the present rate",
		({ journal }) => journal.hoursLeft,
	],
	[
		"journal_failing",
		"1 while the journal cannot be written",
		({ journal }) => Number(journal.lastError !== undefined),
	],
	["unconfirmed_records", "Records that some host has not confirmed", (read) => read.unconfirmedRecords],
	["memory_bytes", "Memory of the process", ({ figures }) => figures.memoryMB * 1e6],
	["cpu_seconds", "CPU seconds since the start", ({ figures }) => figures.cpuSeconds],
	[
		"event_loop_delay_p99_seconds",
		"How long the event loop was held up, 99th percentile since the start",
		({ figures }) => figures.eventLoopDelayMs.p99 / 1_000,
	],
];

const ofServers: readonly (readonly [name: string, help: string, of: OfServer])[] = [
	[
		"server_connected",
		"1 while the session with a plant server stands",
		({ connected }) => Number(connected),
	],
	["server_tags", "Tags that are to be read from a plant server", ({ tags }) => tags],
	["server_tags_watched", "Tags that a plant server watches", ({ tagsSubscribed }) => tagsSubscribed],
	[
		"server_heard_seconds",
		"Seconds since a plant server's last publish response; absent before the first",
		({ lastNotificationAgeMs: ms }) => (ms === undefined ? undefined : ms / 1_000),
	],
];

/** Adds them to a registry, in place of those of an earlier run; they are read when it is asked, and cost nothing meanwhile. */
export function addGauges(registry: Registry, read: () => AgentFigures): void {
	for (const [name] of [...singles, ...ofServers]) registry.removeSingleMetric(`pilotline_agent_${name}`);
	for (const [name, help, of] of singles) {
		new Gauge({
			...{ name: `pilotline_agent_${name}`, help, registers: [registry] },
			collect() {
				const value = of(read());
				if (value === undefined) this.remove();
				else this.set(value);
			},
		});
	}
	for (const [name, help, of] of ofServers) {
		new Gauge({
			...{ name: `pilotline_agent_${name}`, help, labelNames: ["server"], registers: [registry] },
			collect() {
				for (const state of read().servers) {
					const value = of(state);
					if (value === undefined) this.remove({ server: state.server });
					else this.set({ server: state.server }, value);
				}
			},
		});
	}
}
