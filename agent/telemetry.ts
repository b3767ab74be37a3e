import { Counter, Gauge, Registry } from "prom-client";
import type { CertificateInUse } from "../common/runtime/certificate-watch.ts";
import type { Logger } from "../common/runtime/logger.ts";
import { EndpointTelemetry } from "./endpoint-telemetry.ts";
import { SamplingTelemetry } from "./sampling-telemetry.ts";
import { TimeTelemetry } from "./time-telemetry.ts";

/** Tags whose long lists the log names, at most. */
const longListsMax = 1_000;

/**
 * Every log event and metric of the agent. Functions are named in the past tense, and log and count together:
 * `warn` means unexpected and nothing lost, `error` means data lost or somebody must act.
 */
export class AgentTelemetry {
	readonly registry = new Registry();
	readonly #log: Logger;
	readonly #samples = this.#counter("samples_total", "Samples taken from plant servers", ["server"]);
	readonly #notGood = this.#counter("samples_not_good_total", "Samples whose status is not Good", ["server"]);
	readonly #repeats = this.#counter(
		"samples_repeated_total",
		"Samples that came twice after a reconnect, dropped once",
		["server"],
	);
	readonly #refused = this.#counter("samples_refused_total", "Samples that could not become a record", [
		"reason",
	]);
	readonly #overflows = this.#counter(
		"server_overflows_total",
		"Samples with the overflow bit: the server lost older ones",
		["server"],
	);
	readonly #republished = this.#counter(
		"server_messages_republished_total",
		"Messages of a subscription that were asked for again and came",
		["server"],
	);
	readonly #missed = this.#counter(
		"server_messages_missed_total",
		"Messages of a subscription that the server did not have any more; a gap each",
		["server"],
	);
	readonly #stoodStill = this.#counter(
		"stood_still_total",
		"Times that a plant server was not heard because the agent itself stood still",
		["server"],
	);
	readonly #records = this.#counter("records_sent_total", "Records published", ["lane"]);
	readonly #bytes = this.#counter("bytes_sent_total", "Payload bytes published", []);
	readonly #resent = this.#counter(
		"records_resent_total",
		"Records sent a second time: asked for, or not confirmed in time",
		[],
	);
	readonly #births = this.#counter("births_total", "Births of the edge node", ["reason"]);
	readonly #connections = this.#counter("broker_connections_total", "Connections to the broker", []);
	readonly #backfilled = this.#counter("samples_backfilled_total", "Samples read from histories of servers", [
		"server",
	]);
	readonly #backfillsDropped = this.#counter(
		"backfills_dropped_total",
		"Gaps that were not read from a server's history because too many waited",
		["server"],
	);
	readonly #historiesFailed = this.#counter(
		"histories_failed_total",
		"Histories of tags that a server has and could not give; each leaves a gap",
		["server"],
	);
	readonly #commands = this.#counter("commands_refused_total", "Commands refused", ["reason"]);
	readonly #journal = this.#counter("journal_troubles_total", "Failed writes and dropped segments", ["kind"]);
	readonly #certificatesRefused = this.#counter(
		"certificates_refused_total",
		"Certificates of plant servers that were not accepted, by each reason",
		["server", "reason"],
	);
	readonly #certificatesDropped = this.#counter(
		"rejected_certificates_dropped_total",
		"Rejected certificates that were removed to make room for newer ones",
		[],
	);
	readonly #certificateExpires = new Gauge({
		name: "pilotline_agent_certificate_expires_seconds",
		help: "When a certificate in use expires, in seconds since 1970 UTC: the broker's, ours, each OPC UA server's",
		labelNames: ["whose"],
		registers: [this.registry],
	});

	readonly #unresolved = new Gauge({
		name: "pilotline_agent_tags_unresolved",
		help: "Configured tags of which the server has not said what they are",
		labelNames: ["server"],
		registers: [this.registry],
	});
	readonly #resolutionTroubles = new Gauge({
		name: "pilotline_agent_tag_troubles",
		help: "Tags and variables that the configuration asks for and that cannot be read, at the last look",
		labelNames: ["server"],
		registers: [this.registry],
	});
	readonly #resolutionsFailed = this.#counter(
		"tag_resolutions_failed_total",
		"Times that a server could not be asked what its tags are",
		["server"],
	);

	readonly #reloads = this.#counter("reloads_total", "Times that the configuration was read again", [
		"result",
	]);
	readonly #leftOut = this.#counter(
		"elements_left_out_total",
		"Elements of lists that came and have no tag",
		["server"],
	);
	/** Servers' tags of which the log says already that their lists are longer. */
	readonly #longLists = new Set<string>();

	/** What servers make of how samples are to be taken. */
	readonly sampling: SamplingTelemetry;
	readonly endpoints: EndpointTelemetry;
	readonly times: TimeTelemetry;

	constructor(log: Logger) {
		this.#log = log;
		this.sampling = new SamplingTelemetry(this.registry, log);
		this.endpoints = new EndpointTelemetry(this.registry, log);
		this.times = new TimeTelemetry(this.registry, log);
	}

	#counter(name: string, help: string, labelNames: string[]): Counter {
		return new Counter({ name: `pilotline_agent_${name}`, help, labelNames, registers: [this.registry] });
	}

	started(fields: { group: string; edgeNode: string; tags: number; servers: number; epoch: number }): void {
		this.#log.info(fields, "agent started");
	}
	stopped(fields: { late: string[]; failed: string[] }): void {
		if (fields.late.length + fields.failed.length === 0) this.#log.info("agent stopped");
		else this.#log.warn(fields, "agent stopped, and some of its parts did not");
	}
	plainConnectionsAllowed(fields: { servers: string[]; broker: boolean }): void {
		if (fields.servers.length === 0 && !fields.broker) return;
		this.#log.warn(fields, "connections without encryption are configured (insecure: true)");
	}
	journalOpened(fields: {
		segments: number;
		tornBytes: number;
		setAside: string[];
		previousEpoch: number;
	}): void {
		if (fields.setAside.length > 0)
			this.#log.error(fields, "journal opened; damaged segments were set aside");
		else if (fields.tornBytes > 0) this.#log.warn(fields, "journal opened; a torn tail was cut off");
		else this.#log.info(fields, "journal opened");
	}
	journalTroubled(fields: { kind: "failed" | "dropped"; message: string; records: number }): void {
		this.#journal.inc({ kind: fields.kind });
		this.#log.error(
			fields,
			fields.kind === "failed"
				? "journal write failed; trying a new segment"
				: "journal dropped its oldest segment",
		);
	}
	reloaded(fields: {
		result: "applied" | "unchanged" | "refused" | "failed";
		why: string;
		changed: readonly string[];
		problems: readonly string[];
	}): void {
		const { result } = fields;
		this.#reloads.inc({ result });
		if (result === "applied") this.#log.info(fields, "configuration read again; what changed is in use");
		else if (result === "unchanged")
			this.#log.info(fields, "configuration read again; nothing has changed in it");
		else if (result === "refused")
			this.#log.error(fields, "configuration read again and refused; the one before stays in use");
		else this.#log.error(fields, "configuration read again, and taking it broke off; restart the agent");
	}
	serverConnected(fields: { server: string; tags: number; refusedTags: number }): void {
		this.#log.info(fields, "plant server connected and subscribed");
	}
	serverLost(fields: { server: string; reason: string }): void {
		this.#log.warn(fields, "plant server lost; its tags are Bad until it returns");
	}
	agentStoodStill(fields: { server: string; reason: string; graceMs: number }): void {
		this.#stoodStill.inc({ server: fields.server });
		this.#log.warn(
			fields,
			"the agent itself stood still and has not heard the plant server; its tags are Bad only if it is not heard soon",
		);
	}
	serverRemoved(server: string): void {
		for (const gauge of [this.#unresolved, this.#resolutionTroubles]) gauge.remove({ server });
		this.times.serverRemoved(server);
		this.#certificateExpires.remove({ whose: `opcua_server:${server}` });
		this.#log.info({ server }, "plant server left, as the configuration has it no more");
	}
	serverRetried(fields: { server: string; reason: string; retryMs: number }): void {
		this.#log.warn(fields, "plant server not reached; trying again");
	}
	tagRefused(fields: { server: string; tag: string; status: string }): void {
		this.#log.error(fields, "plant server refused a tag; it stays Bad and is tried again by itself");
	}
	gapBackfilled(fields: { server: string; device: string; values: number; tagsWithout: number }): void {
		this.#backfilled.inc({ server: fields.server }, fields.values);
		this.#log.info(fields, "gap read from the server's history");
	}
	backfillDropped(server: string): void {
		this.#backfillsDropped.inc({ server });
	}
	historyFailed(fields: { server: string; tag: string; reason: string }): void {
		this.#historiesFailed.inc({ server: fields.server });
		this.#log.error(fields, "the server's history of a tag could not be read; what it lacks stays a gap");
	}
	tagWatched(fields: { server: string; tag: string }): void {
		this.#log.info(fields, "plant server watches a tag that it had refused");
	}
	tagsResolved(fields: { server: string; device: string; tags: number; before: number; gone: number }): void {
		this.#log.info(fields, "the tags of a device changed, as the plant server has them");
	}
	tagUnresolved(fields: { server: string; tag: string; reason: string }): void {
		this.#log.error(fields, "the plant server does not have what the configuration asks for");
	}
	tagsUnresolved(server: string, unresolved: number, troubles: number): void {
		this.#unresolved.set({ server }, unresolved);
		this.#resolutionTroubles.set({ server }, troubles);
	}
	resolutionFailed(fields: { server: string; reason: string }): void {
		this.#resolutionsFailed.inc({ server: fields.server });
		this.#log.warn(fields, "the plant server could not be asked what its tags are; trying again");
	}
	elementsLeftOut({ server, tag, elements }: { server: string; tag: string; elements: number }): void {
		this.#leftOut.inc({ server }, elements);
		const key = `${server}\n${tag}`;
		if (this.#longLists.has(key) || this.#longLists.size >= longListsMax) return;
		this.#longLists.add(key);
		this.#log.error(
			{ server, tag, elements },
			"a list is longer than its tags; what is beyond is counted only",
		);
	}
	samplesReceived(server: string, samples: number, notGood: number, repeats: number): void {
		this.#samples.inc({ server }, samples);
		if (notGood > 0) this.#notGood.inc({ server }, notGood);
		if (repeats > 0) this.#repeats.inc({ server }, repeats);
	}
	samplesRefused(reason: "unknown_handle" | "journal_full", samples: number): void {
		this.#refused.inc({ reason }, samples);
	}
	messageRepublished(server: string): void {
		this.#republished.inc({ server });
	}
	messagesMissed(server: string): void {
		this.#missed.inc({ server });
		this.#log.error({ server }, "the server no longer had a message that was lost; a gap was written down");
	}
	serverOverflowed(server: string, samples: number): void {
		this.#overflows.inc({ server }, samples);
	}
	brokerConnected(fields: { broker: string; bdSeq: number }): void {
		this.#connections.inc();
		this.#log.info(fields, "broker connected");
	}
	certificateSeen({ whose, subject, expiresMs }: CertificateInUse): void {
		this.#certificateExpires.set({ whose }, Math.floor(expiresMs / 1_000));
		this.#log.info({ whose, subject, expires: new Date(expiresMs).toISOString() }, "certificate in use");
	}
	serverCertificateRefused(
		fields: { server: string; reasons: string[]; subject: string; thumbprint: string; file: string },
		isNews: boolean,
	): void {
		for (const reason of new Set(fields.reasons))
			this.#certificatesRefused.inc({ server: fields.server, reason });
		if (isNews)
			this.#log.error(fields, "the certificate of a plant server was not accepted; it is kept for review");
	}
	rejectedCertificatesDropped(certificates: number): void {
		this.#certificatesDropped.inc(certificates);
		this.#log.warn({ certificates }, "rejected certificates were removed to make room for newer ones");
	}
	serverSecured(fields: { server: string; security: string; subject: string; thumbprint: string }): void {
		this.#log.info(fields, "plant server reached through a secure channel");
	}
	ownCertificateMade(fields: { how: "created" | "renewed"; file: string; thumbprint: string }): void {
		this.#log.warn(
			fields,
			fields.how === "created"
				? "the agent's own certificate was created; each plant server has to trust it"
				: "the agent's own certificate was renewed; each plant server has to trust it before the one before it ends",
		);
	}
	ownCertificateOutdated(fields: { server: string; file: string; previousExpires: string }): void {
		this.#log.warn(
			fields,
			"a plant server does not accept the agent's renewed certificate; the one before it is used while it is valid",
		);
	}
	ownCertificateFailed(fields: { reason: string }): void {
		this.#log.error(fields, "the agent's own certificate could not be read or renewed");
	}
	certificateExpiring({ whose, subject, expiresMs }: CertificateInUse, daysLeft: number): void {
		this.#log.warn(
			{ whose, subject, expires: new Date(expiresMs).toISOString(), daysLeft },
			"a certificate expires soon; renew it, and the next connection uses the new one",
		);
	}
	brokerLost(fields: { broker: string; reason: string }): void {
		this.#log.warn(fields, "broker not connected; the journal holds what arrives");
	}
	primaryHostAwaited(fields: { host: string; broker: string }): void {
		this.#log.info(fields, "waiting for the primary host before anything is published");
	}
	born(reason: "connected" | "asked" | "tags_changed"): void {
		this.#births.inc({ reason });
		this.#log.info({ reason }, "births published");
	}
	hostChanged(fields: { host: string; online: boolean }): void {
		this.#log.info(fields, "host application changed its state");
	}
	recordsSent(lane: "live" | "catch_up", records: number, again: number, bytes: number): void {
		if (records > 0) this.#records.inc({ lane }, records);
		if (again > 0) this.#resent.inc(again);
		this.#bytes.inc(bytes);
	}
	recordsUnconfirmed(records: number): void {
		this.#log.warn({ records }, "records were not confirmed in time and are sent again");
	}
	commandRefused(fields: { reason: string; detail: string }): void {
		this.#commands.inc({ reason: fields.reason });
		this.#log.warn(fields, "command refused");
	}
	publishingFailed(fields: { err: unknown }): void {
		this.#log.error(fields, "publishing failed; the connection starts anew");
	}
}
