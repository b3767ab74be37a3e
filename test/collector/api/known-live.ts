import { Registry } from "prom-client";
import { z } from "zod";
import { ApiServer, type ApiServerOptions } from "../../../collector/api/api-server.ts";
import type { LotDocuments } from "../../../collector/api/lot-routes.ts";
import { Access } from "../../../collector/people/access.ts";
import type { EntriesPort, EntryPort } from "../../../collector/people-port.ts";
import type { LivePort, LiveStatus, ReadPort } from "../../../collector/read-port.ts";
import type { SamplesPort } from "../../../collector/samples-port.ts";
import type { SpecWindow } from "../../../collector/specification.ts";
import type { Clock } from "../../../common/runtime/clock.ts";
import { systemClock } from "../../../common/runtime/clock.ts";
import { quietTelemetry } from "../../helpers/quiet-telemetry.ts";
import { windowFrom } from "../specification-of.ts";
import { beganMs, hourMs } from "../store/known-store.ts";

/** Three hours after the known data begin. */
export const knownNowMs = beganMs + 3 * hourMs;

export const knownWindow: SpecWindow = windowFrom({
	id: "F500.TT01-soak",
	unit: "U500",
	tag: "F500.TT01",
	phases: ["SOAK"],
	eu: "degC",
	low: 495,
	high: 505,
	deadband: 1,
	on_delay_s: 60,
	off_delay_s: 60,
	blanking_s: 0,
	concerns: ["technical", "production_technology"],
	reaction: "Look at the controller before touching the set point.",
});

export const knownStatus: LiveStatus = {
	process: "collector",
	host: "main",
	instance: "instance-1",
	broker: { url: "mqtt://127.0.0.1:1883", connected: true },
	insecure: ["broker"],
	simulated: true,
	plantTimeMs: knownNowMs,
	storedPerSecond: 120,
	waitingSamples: 0,
	edgeNodes: [
		{
			group: "site",
			edgeNode: "agent-1",
			online: true,
			lastMessageMs: knownNowMs,
			devices: [{ device: "U500" }],
			rivals: [],
			epochs: [{ epoch: 7, prefix: 3, held: 0 }],
		},
	],
	units: [
		{ unit: "U500", phase: "SOAK", batch: "B1", lot: "L1", recipe: "R1", throughMs: knownNowMs },
		{ unit: "U700", phase: "", batch: "", lot: "", recipe: "", throughMs: undefined },
	],
	specification: { product: "LPSCl-3A", version: 1 },
};

export function knownLive(
	change: Partial<LiveStatus> = {},
	windows: readonly SpecWindow[] = [knownWindow],
): LivePort {
	return { status: () => ({ ...knownStatus, ...change }), windows: () => windows };
}

/** The wall clock stands at `knownNowMs`. */
const clock: Clock = { ...systemClock, wallMs: () => knownNowMs };

const consoleDirectory = new URL("../../../dashboards/console/", import.meta.url);

const noDocuments: LotDocuments = {
	record: async () => undefined,
	page: () => "",
	certificate: () => ({ refused: "" }),
};
/** Nobody can log in there, and nothing be entered. */
function nobody(): Pick<ApiServerOptions, "access" | "entry" | "entering"> {
	const refuse = () => Promise.reject(new Error("expected nobody to enter anything"));
	const entries: EntryPort = { enter: refuse, record: refuse };
	const access = new Access({
		...{ clock, telemetry: quietTelemetry(), entries, login: "writing", file: undefined },
		sessions: { idleMs: 60_000, lifetimeMs: 60_000 },
		lastRecorded: async () => undefined,
	});
	const refused = { body: z.never(), enter: refuse };
	return { access, entry: entries, entering: { results: refused, decisions: refused } };
}

export async function startServer(
	read: ReadPort & SamplesPort & EntriesPort,
	live: LivePort = knownLive(),
	writtenTag: string | null = "Written",
	people: Pick<ApiServerOptions, "access" | "entry" | "entering"> = nobody(),
	documents: LotDocuments = noDocuments,
): Promise<ApiServer> {
	const server = new ApiServer({
		clock,
		host: "127.0.0.1",
		port: 0,
		read,
		samples: read,
		live,
		documents,
		...people,
		entries: read,
		onRefused: () => {},
		registry: new Registry(),
		ready: () => ({ ready: true }),
		phaseTag: "Phase",
		writtenTag: writtenTag ?? undefined,
		chartRules: { names: ["beyond-3-sigma"], falseAlarmEveryPoints: 370.4 },
		consoleDirectory,
	});
	await server.start();
	return server;
}
