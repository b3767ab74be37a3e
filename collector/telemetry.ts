import { Counter, Gauge, Registry } from "prom-client";
import type { CertificateInUse } from "../common/runtime/certificate-watch.ts";
import type { Logger } from "../common/runtime/logger.ts";
import { FollowerTelemetry } from "./follower-telemetry.ts";
import { GenealogyTelemetry } from "./genealogy-telemetry.ts";
import { LaboratoryTelemetry } from "./laboratory-telemetry.ts";
import { PeopleTelemetry } from "./people-telemetry.ts";

/** Every log event and metric of the collector; see agent/telemetry.ts for the rules. */
export class CollectorTelemetry {
	readonly registry = new Registry();
	/** What concerns followers of the store. */
	readonly followers: FollowerTelemetry;
	/** What concerns people and what they enter. */
	readonly people: PeopleTelemetry;
	readonly laboratory: LaboratoryTelemetry;
	readonly genealogy: GenealogyTelemetry;
	readonly #log: Logger;
	readonly #messages = this.#counter("messages_total", "Sparkplug messages taken", ["type"]);
	readonly #refused = this.#counter("messages_refused_total", "Messages that could not be used, by reason", [
		"reason",
	]);
	readonly #records = this.#counter("records_stored_total", "Records committed", []);
	readonly #samples = this.#counter("samples_stored_total", "Samples committed", []);
	readonly #duplicates = this.#counter("records_repeated_total", "Records that were already stored", []);
	readonly #commits = this.#counter("commits_total", "Transactions", []);
	readonly #failures = this.#counter("commit_failures_total", "Transactions that failed", []);
	readonly #gaps = this.#counter("gaps_total", "Rows of the gap ledger", ["cause"]);
	readonly #conflicts = this.#counter(
		"records_conflicting_total",
		"Records that came again with another content",
		[],
	);
	readonly #heldUp = this.#counter(
		"records_held_up_total",
		"Records not taken because two agents publish as one edge node",
		[],
	);
	readonly #foreign = this.#counter(
		"foreign_samples_total",
		"Samples of edge nodes without confirmed delivery: taken, or repeats of what is stored",
		["outcome"],
	);
	readonly #late = this.#counter("late_samples_total", "Samples older than what was judged already", []);
	readonly #fromFuture = this.#counter(
		"future_samples_total",
		"Samples stored and not judged: their source time is more than a day after they were received",
		[],
	);
	readonly #violations = this.#counter("violations_total", "Violations raised", ["window"]);
	readonly #alerts = this.#counter("alerts_total", "Values beyond alert, action and hold limits raised", [
		"level",
	]);
	readonly #chartSignals = this.#counter("chart_signals_total", "Signals of control charts of lots", [
		"rule",
	]);
	readonly #chartsRefused = this.#counter(
		"charts_refused_total",
		"Points without a chart: too many characteristics",
		[],
	);
	readonly #webhooks = this.#counter("webhook_attempts_total", "Attempts to deliver a message", [
		"destination",
		"outcome",
	]);
	readonly #rebirths = this.#counter("rebirths_asked_total", "Rebirths asked for", ["reason"]);
	readonly #resends = this.#counter("resends_asked_total", "Records asked for again", []);
	readonly #sealed = this.#counter("samples_sealed_total", "Samples sealed into Parquet parts", []);
	readonly #sealedBytes = this.#counter("sealed_bytes_total", "Bytes of the parts that were sealed", []);
	readonly #retired = this.#counter("samples_retired_total", "Sealed samples deleted by age or size", []);
	readonly #adopted = this.#counter(
		"samples_adopted_total",
		"Samples taken over from parts that were set aside",
		[],
	);
	readonly #heldBytes = new Gauge({
		name: "pilotline_collector_held_bytes",
		help: "Bytes of parts beyond store.keep_mb that a follower or an open lot still needs",
		registers: [this.registry],
	});
	readonly #damagedParts = this.#counter("parts_damaged_total", "Parts that were set aside as damaged", []);
	readonly #waiting = new Gauge({
		name: "pilotline_collector_waiting_samples",
		help: "Samples decoded and not yet committed",
		registers: [this.registry],
	});
	readonly #named = new Map<string, number>();
	#chartRefusedBefore = false;
	#lastHeldBytes = 0;

	readonly #certificateExpires = new Gauge({
		name: "pilotline_collector_certificate_expires_seconds",
		help: "When the broker's certificate, and our own, expire, in seconds since 1970 UTC",
		labelNames: ["whose"],
		registers: [this.registry],
	});

	constructor(log: Logger) {
		this.#log = log;
		this.followers = new FollowerTelemetry(log, this.registry);
		this.people = new PeopleTelemetry(log, this.registry);
		this.laboratory = new LaboratoryTelemetry(log, this.registry);
		this.genealogy = new GenealogyTelemetry(log, this.registry);
	}

	#counter(name: string, help: string, labelNames: string[]): Counter {
		return new Counter({ name: `pilotline_collector_${name}`, help, labelNames, registers: [this.registry] });
	}

	started(fields: {
		host: string;
		instance: string;
		specification: string;
		version: number;
		windows: number;
	}): void {
		this.#log.info(fields, "collector started");
	}
	/** Nothing is judged: lots are stored, and not evaluable. */
	noSpecificationInForce(fields: { versions: number }): void {
		this.#log.warn(fields, "no approved specification is in force; lots cannot be evaluated");
	}
	stopped(fields: { late: string[]; failed: string[] }): void {
		if (fields.late.length + fields.failed.length === 0) this.#log.info("collector stopped");
		else this.#log.warn(fields, "collector stopped, and some of its parts did not");
	}
	plainConnectionsAllowed(fields: {
		broker: boolean;
		api: boolean;
		destinations: string[];
		followers: string[];
	}): void {
		this.#log.warn(fields, "connections without encryption are configured (insecure: true)");
	}
	judgementRebuilt(fields: { fromSeq: number; toSeq: number }): void {
		this.#log.info(fields, "judgement rebuilt from the store");
	}
	brokerConnected(fields: { broker: string }): void {
		this.#log.info(fields, "broker connected");
	}
	certificateSeen({ whose, subject, expiresMs }: CertificateInUse): void {
		this.#certificateExpires.set({ whose }, Math.floor(expiresMs / 1_000));
		this.#log.info({ whose, subject, expires: new Date(expiresMs).toISOString() }, "certificate in use");
	}
	certificateExpiring({ whose, subject, expiresMs }: CertificateInUse, daysLeft: number): void {
		this.#log.warn(
			{ whose, subject, expires: new Date(expiresMs).toISOString(), daysLeft },
			"a certificate expires soon; renew it, and the next connection uses the new one",
		);
	}
	brokerLost(fields: { broker: string; reason: string }): void {
		this.#log.warn(fields, "broker not connected; agents keep their data");
	}
	edgeNodeBorn(fields: {
		group: string;
		edgeNode: string;
		devices: number;
		tags: number;
		confirmedDelivery: boolean;
	}): void {
		this.#log.info(fields, "edge node born");
	}
	edgeNodeDied(fields: { group: string; edgeNode: string }): void {
		this.#log.warn(fields, "edge node died; its values are stale");
	}
	messageTaken(type: string): void {
		this.#messages.inc({ type });
	}
	/** Counted always, logged once per kind and then at every power of ten. */
	messageRefused(reason: string, fields: { topic: string; detail: string }): void {
		this.#refused.inc({ reason });
		const seen = (this.#named.get(reason) ?? 0) + 1;
		this.#named.set(reason, seen);
		if (Number.isInteger(Math.log10(seen))) this.#log.warn({ reason, seen, ...fields }, "message refused");
	}
	rebirthAsked(fields: { group: string; edgeNode: string; reason: string }): void {
		this.#rebirths.inc({ reason: fields.reason });
		this.#log.info(fields, "asked an edge node for its births");
	}
	resendAsked(records: number): void {
		this.#resends.inc(records);
	}
	committed(records: number, samples: number, waiting: number): void {
		this.#commits.inc();
		this.#records.inc(records);
		this.#samples.inc(samples);
		this.#waiting.set(waiting);
	}
	commitFailed(fields: { err: unknown; records: number }): void {
		this.#failures.inc();
		this.#log.error(fields, "nothing of a batch was stored or confirmed; its records will be sent again");
	}
	repeated(records: number): void {
		this.#duplicates.inc(records);
	}
	gapsWritten(gaps: readonly { device: string; cause: string; fromMs: number; toMs: number }[]): void {
		for (const gap of gaps) {
			this.#gaps.inc({ cause: gap.cause });
			this.#log.error(gap, "a gap was written to the ledger");
		}
	}
	conflictFound(fields: { edgeNode: number; epoch: number; offset: number; device: string }): void {
		this.#conflicts.inc();
		this.#log.error(
			fields,
			"a record came again with another content; the first stays, the other is kept aside (table conflict)",
		);
	}
	rivalsNoticed(fields: { group: string; edgeNode: string; epochs: readonly number[] }): void {
		this.#log.error(
			fields,
			"two agents publish as one edge node; nothing of it is stored or confirmed until one of them is silent for a minute",
		);
	}
	/** Samples of edge nodes without confirmed delivery: taken, and repeats of what is stored. */
	foreignSamples(taken: number, repeated: number): void {
		this.#foreign.inc({ outcome: "taken" }, taken);
		this.#foreign.inc({ outcome: "repeated" }, repeated);
	}
	recordHeldUp(): void {
		this.#heldUp.inc();
	}
	/** What was in the folder of parts at the start, besides what the store lists. */
	partsFound({
		listed,
		removed,
		setAside,
	}: {
		listed: number;
		removed: readonly string[];
		setAside: readonly string[];
	}): void {
		if (removed.length > 0)
			this.#log.info({ listed, removed }, "unfinished parts of an interrupted run were removed");
		if (setAside.length > 0)
			this.#log.warn(
				{ listed, setAside },
				"files that the store does not list were put into parts/set-aside",
			);
	}
	partSealed(fields: { file: string; samples: number; bytes: number; tookMs: number }): void {
		this.#sealed.inc(fields.samples);
		this.#sealedBytes.inc(fields.bytes);
		this.#log.info(fields, "samples sealed into a part");
	}
	partsCompacted(fields: { from: number; to: number; samples: number }): void {
		this.#log.info(fields, "parts were put together by day");
	}
	partRetired(fields: { file: string; samples: number; bytes: number; why: string }): void {
		this.#retired.inc(fields.samples);
		this.#log.info(fields, "a part was deleted, as store.keep_days and store.keep_mb say");
	}
	/** Logged when it begins, because the disk may fill. */
	partsHeld(bytes: number): void {
		if (bytes > 0 && this.#lastHeldBytes === 0)
			this.#log.warn(
				{ bytes },
				"more is kept than store.keep_mb, because a follower or an open lot needs it",
			);
		this.#lastHeldBytes = bytes;
		this.#heldBytes.set(bytes);
	}
	partDamaged(fields: { file: string; reason: string }): void {
		this.#damagedParts.inc();
		this.#log.error(
			fields,
			"a part is damaged; it is in parts/set-aside, its time is a gap, the rest goes on",
		);
	}
	/** Every two seconds while it goes on. */
	adopting(fields: { file: string; records: number }): void {
		this.#log.info(fields, "records are being taken over");
	}
	adopted(fields: {
		file: string;
		records: number;
		samples: number;
		known: number;
		incomplete: number;
	}): void {
		this.#adopted.inc(fields.samples);
		if (fields.incomplete > 0)
			this.#log.warn(
				fields,
				"records were taken over, but not those whose part is missing; put it beside them",
			);
		else this.#log.info(fields, "records were taken over");
	}
	notAdopted(fields: { file: string; reason: string }): void {
		this.#log.error(fields, "records were not taken over; they are tried again at the next start");
	}
	samplesFromFuture(samples: number): void {
		if (samples > 0) this.#fromFuture.inc(samples);
	}
	lateSamples(samples: number): void {
		if (samples > 0) this.#late.inc(samples);
	}
	violationRaised(fields: { window: string; unit: string; batch: string; lot: string }): void {
		this.#violations.inc({ window: fields.window });
		this.#log.warn(fields, "violation raised");
	}
	alertRaised(level: string): void {
		this.#alerts.inc({ level });
	}
	lotJudged(fields: { lot: string; verdict: string; violations: number }): void {
		this.#log.info(fields, "lot judged");
	}
	chartSignalled(fields: { characteristic: string; lot: string; rule: string }): void {
		this.#chartSignals.inc({ rule: fields.rule });
		this.#log.warn(fields, "control chart signalled");
	}
	baselineFrozen(fields: { characteristic: string; version: number; by: string; n: number }): void {
		this.#log.info(fields, "baseline frozen");
	}
	baselineRefused(fields: { characteristic: string; version: number; reason: string }): void {
		this.#log.error(fields, "baseline refused");
	}
	chartRefused(fields: { characteristic: string }): void {
		this.#chartsRefused.inc();
		if (this.#chartRefusedBefore) return;
		this.#chartRefusedBefore = true;
		this.#log.error(fields, "no more control charts taken");
	}
	messageSettled(fields: {
		destination: string;
		outcome: string;
		type: string;
		id: string;
		attempts: number;
		error?: string;
	}): void {
		this.#webhooks.inc({ destination: fields.destination, outcome: fields.outcome });
		if (fields.outcome === "delivered") this.#log.info(fields, "message delivered");
		else if (fields.outcome === "retry")
			this.#log.warn(fields, "message not delivered; it will be sent again");
		else this.#log.error(fields, "message given up");
	}
	partFailed(fields: { part: string; err: unknown }): void {
		this.#log.error(fields, "a part of the collector failed and goes on");
	}
}
