import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { Notifier } from "../../../collector/notify/notifier.ts";
import { parseSecret } from "../../../collector/notify/signature.ts";
import type { OutboxRow } from "../../../collector/pipeline.ts";
import { Store } from "../../../collector/store/store.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { type ReceivedMessage, WebhookReceiver } from "../../../simulators/receiver/webhook-receiver.ts";
import { quietTelemetry } from "../../helpers/quiet-telemetry.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const secret = `whsec_${randomBytes(32).toString("base64")}`;

export function message(n: number, destination = "a"): OutboxRow {
	return { id: `msg_${n}`, destination, type: "violation.raised", body: `{"n":${n}}`, createdMs: 0 };
}

/** A real outbox in a real store, and the notifier on a clock of the test's. */
export class NotifyRig {
	readonly clock = new SteppedClock(Date.now());
	readonly telemetry = quietTelemetry();
	readonly path = join(temporaryFolder(), "store.db");
	store = new Store();
	notifier!: Notifier;

	async start(
		urls: Readonly<Record<string, string>>,
		changes: { allow?: string[]; timeoutMs?: number } = {},
	): Promise<void> {
		await this.store.open(this.path);
		this.notifier = new Notifier({
			destinations: Object.entries(urls).map(([name, url]) => ({
				...{ name, url, insecure: true, secret_file: "", events: [], concerns: [] },
				allow_networks: changes.allow ?? ["127.0.0.0/8"],
				timeout_ms: changes.timeoutMs ?? 5_000,
				key: parseSecret(secret, "secret"),
			})),
			outbox: this.store,
			clock: this.clock,
			random: () => 0.5,
			telemetry: this.telemetry,
		});
		onTestFinished(() => this.stop());
		this.notifier.start();
	}

	async stop(): Promise<void> {
		await this.notifier.stop();
		await this.store.close();
	}

	async write(...outbox: OutboxRow[]): Promise<void> {
		const none = {
			edgeNodes: [],
			series: [],
			records: [],
			epochs: [],
			gaps: [],
			throughs: [],
			conflicts: [],
			dirty: [],
			fromFuture: 0,
			occurrences: [],
			alerts: [],
		};
		const batch = {
			...none,
			periods: [],
			limits: [],
			visits: [],
			lots: [],
			due: [],
			cache: undefined,
			samples: new SampleColumns(0),
		};
		const createdMs = this.clock.wallMs();
		await this.store.commit({ ...batch, outbox: outbox.map((row) => ({ ...row, createdMs })) });
		this.notifier.look();
	}

	/** Messages that still wait, whenever they are due. */
	async waiting(): Promise<string[]> {
		const due = await this.store.takeMessages(Number.MAX_SAFE_INTEGER, 100);
		return due.map(({ id, attempts }) => `${id} after ${attempts}`);
	}
}

export async function receiver(clock?: SteppedClock) {
	const received: ReceivedMessage[] = [];
	const server = new WebhookReceiver({
		port: 0,
		secret,
		onMessage: (taken) => received.push(taken),
		...(clock === undefined ? {} : { clock }),
	});
	await server.start();
	onTestFinished(() => server.stop());
	return { server, received, url: server.url };
}
