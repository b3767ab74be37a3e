import mqtt, { type MqttClient } from "mqtt";
import { type Datatype, datatypes } from "../../common/contract/datatype.ts";
import { deliveryMetrics } from "../../common/contract/delivery.ts";
import type { EdgeNodeId, GroupId } from "../../common/contract/ids.ts";
import { PayloadWriter } from "../../common/contract/payload-writer.ts";
import { nodeTopic } from "../../common/contract/topics.ts";

type CommandMetric = readonly [name: string, datatype: Datatype, value: string | bigint | boolean];

/** Somebody with access to the broker who sends commands to the agent of a line, as a collector does. */
export class Commander {
	readonly #client: MqttClient;
	readonly #writer = new PayloadWriter();

	private constructor(client: MqttClient) {
		this.#client = client;
		client.on("error", () => undefined);
	}

	/** Comes back by itself when the broker does. */
	static async connect(brokerUrl: string): Promise<Commander> {
		return new Commander(await mqtt.connectAsync(brokerUrl, { reconnectPeriod: 200 }));
	}

	async rebirth(): Promise<void> {
		await this.#send([["Node Control/Rebirth", datatypes.Boolean, true]]);
	}

	/** A confirmation in the name of `host`; offsets may be beyond what a number can say. */
	async confirm(host: string, epoch: number, confirmed: bigint): Promise<void> {
		await this.#send([
			[deliveryMetrics.host, datatypes.String, host],
			[deliveryMetrics.epoch, datatypes.Int64, BigInt(epoch)],
			[deliveryMetrics.confirmed, datatypes.Int64, confirmed],
		]);
	}

	async close(): Promise<void> {
		await this.#client.endAsync(true);
	}

	async #send(metrics: readonly CommandMetric[]): Promise<void> {
		const timestampMs = Date.now();
		this.#writer.begin(timestampMs);
		for (const [name, datatype, value] of metrics)
			this.#writer.metric({ name, timestampMs, datatype, withDatatype: true, value });
		const topic = nodeTopic("bench" as GroupId, "NCMD", "bench" as EdgeNodeId);
		await this.#client.publishAsync(topic, Buffer.from(this.#writer.finish()), { qos: 0 });
	}
}
