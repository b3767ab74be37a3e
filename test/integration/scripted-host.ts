import { connectAsync, type MqttClient } from "mqtt";
import { onTestFinished } from "vitest";
import { decodeHeld, type HeldEpoch } from "../../common/contract/delivery.ts";
import { oracleDecode, oracleEncode } from "../common/contract/sparkplug-oracle.ts";

type Metric = Readonly<Record<string, unknown>> & { name?: string; alias?: string };

/** A message as the host sees it; metrics by the names of the birth. */
export interface Seen {
	/** When it came, monotonic. */
	readonly atMs: number;
	readonly type: string;
	readonly device: string;
	readonly seq: number | undefined;
	readonly bdSeq: number | undefined;
	readonly epoch: number | undefined;
	readonly offset: number | undefined;
	readonly values: readonly unknown[];
	readonly held: readonly HeldEpoch[] | undefined;
	readonly historical: boolean;
	readonly names: readonly string[];
}

const number = (metric: Metric | undefined) =>
	metric?.long_value === undefined ? undefined : Number(metric.long_value);

/** A host application that says and does only what a test tells it to. */
export class ScriptedHost {
	readonly seen: Seen[] = [];
	readonly #client: MqttClient;
	readonly #names = new Map<string, string>();

	private constructor(client: MqttClient) {
		this.#client = client;
		client.on("message", (topic, payload) => this.#read(topic, payload));
	}

	static async connect(url: string): Promise<ScriptedHost> {
		const client = await connectAsync(url, { reconnectPeriod: 0 });
		onTestFinished(() => client.endAsync(true));
		const host = new ScriptedHost(client);
		await client.subscribeAsync("spBv1.0/site/#", { qos: 1 });
		return host;
	}

	async say(online: boolean, timestamp = Date.now(), host = "collector"): Promise<void> {
		await this.#client.publishAsync(`spBv1.0/STATE/${host}`, JSON.stringify({ online, timestamp }), {
			qos: 1,
			retain: true,
		});
	}

	async command(...metrics: object[]): Promise<void> {
		const payload = oracleEncode({ timestamp: Date.now(), metrics });
		await this.#client.publishAsync("spBv1.0/site/NCMD/agent", payload, { qos: 0 });
	}

	confirm(epoch: number, offset: number, host = "collector"): Promise<void> {
		return this.command(
			{ name: "Delivery/Host", string_value: host },
			{ name: "Delivery/Epoch", long_value: epoch },
			{ name: "Delivery/Confirmed", long_value: offset },
		);
	}

	resend(epoch: number, offset: number, host = "collector"): Promise<void> {
		return this.command(
			{ name: "Delivery/Host", string_value: host },
			{ name: "Delivery/Epoch", long_value: epoch },
			{ name: "Delivery/Resend From", long_value: offset },
		);
	}

	/** Messages with a record in them, as `epoch:offset`, in order of arrival. */
	get records(): string[] {
		return this.seen.flatMap(({ epoch, offset }) => (offset === undefined ? [] : [`${epoch}:${offset}`]));
	}

	/** Types of messages without the NDATA that says each second what is held. */
	get types(): string[] {
		return this.seen
			.filter(({ held, type }) => held === undefined || type === "NBIRTH")
			.map(({ type }) => type);
	}

	ofType(type: string): Seen[] {
		return this.seen.filter((message) => message.type === type);
	}

	#read(topic: string, payload: Buffer): void {
		const [, , type = "", , device = ""] = topic.split("/");
		if (type === "NCMD") return;
		const { seq, metrics = [] } = oracleDecode(payload) as { seq?: string; metrics?: Metric[] };
		for (const { name, alias } of metrics) {
			if (name !== undefined && alias !== undefined) this.#names.set(alias, name);
		}
		const named = new Map(
			metrics.map((metric) => [metric.name ?? this.#names.get(metric.alias ?? "") ?? "?", metric]),
		);
		const held = named.get("Delivery/Held");
		this.seen.push({
			atMs: performance.now(),
			type,
			device,
			seq: seq === undefined ? undefined : Number(seq),
			bdSeq: number(named.get("bdSeq")),
			epoch: number(named.get("Delivery/Epoch")),
			offset: number(named.get("Delivery/Offset")),
			values: metrics
				.filter(({ alias }) => this.#names.get(alias ?? "")?.startsWith("TT01") === true)
				.map(({ double_value, int_value }) => double_value ?? int_value),
			held: held === undefined ? undefined : decodeHeld(Uint8Array.from(held.bytes_value as number[])),
			historical: metrics.some(({ is_historical }) => is_historical === true),
			names: [...named.keys()],
		});
	}
}
