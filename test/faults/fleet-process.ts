// Many edge nodes in one process: `node fleet-process.ts URL NODES TAGS`. Each has its own connection and will, is born,
// says ten of its values once a second, and is born again when it is asked. Tells its parent each second what it did.

import { connectAsync, type MqttClient } from "mqtt";
import { readCommand } from "../../agent/publisher/command.ts";
import { datatypes } from "../../common/contract/datatype.ts";
import { PayloadWriter } from "../../common/contract/payload-writer.ts";

const [url = "", nodes = "0", tags = "0"] = process.argv.slice(2);
const changesAtOnce = 10;
const writer = new PayloadWriter();
const told = { type: "fleet", connected: 0, births: 0, requests: 0, values: 0 };

class Node {
	readonly #name: string;
	#client: MqttClient | undefined;
	#seq = 0;
	#turn = 0;

	constructor(name: string) {
		this.#name = name;
	}

	async connect(): Promise<void> {
		const will = { topic: this.#topic("NDEATH"), payload: this.#death(), qos: 1 as const, retain: false };
		const client = await connectAsync(url, { clientId: this.#name, will, reconnectPeriod: 1_000 });
		this.#client = client;
		told.connected++;
		client.on("message", (_, payload) => {
			if (!readCommand(payload).rebirth) return;
			told.requests++;
			this.born();
		});
		await client.subscribeAsync(this.#topic("NCMD"), { qos: 1 });
		this.born();
	}

	born(): void {
		const nowMs = Date.now();
		this.#seq = 0;
		writer.begin(nowMs, 0);
		const declare = (name: string, datatype: 4 | 10 | 11, value: number | boolean, alias?: number) =>
			writer.metric({
				...{ name, datatype, value, withDatatype: true, timestampMs: nowMs },
				...(alias === undefined ? {} : { alias }),
			});
		declare("bdSeq", datatypes.Int64, 0);
		declare("Node Control/Rebirth", datatypes.Boolean, false);
		for (let tag = 0; tag < Number(tags); tag++) declare(`T${tag}`, datatypes.Double, this.#turn, tag + 1);
		this.#send("NBIRTH");
		told.births++;
	}

	say(): void {
		const nowMs = Date.now();
		this.#seq = (this.#seq + 1) % 256;
		this.#turn++;
		writer.begin(nowMs, this.#seq);
		for (let change = 0; change < changesAtOnce; change++) {
			const alias = 1 + ((this.#turn * changesAtOnce + change) % Number(tags));
			writer.metric({ alias, timestampMs: nowMs, datatype: datatypes.Double, value: this.#turn });
		}
		told.values += changesAtOnce;
		this.#send("NDATA");
	}

	async end(): Promise<void> {
		await this.#client?.endAsync(true);
	}

	#death(): Buffer {
		writer.begin(Date.now());
		writer.metric({
			...{ name: "bdSeq", datatype: datatypes.Int64, value: 0, withDatatype: true, timestampMs: Date.now() },
		});
		return Buffer.from(writer.finish());
	}

	#topic(type: string): string {
		return `spBv1.0/bench/${type}/${this.#name}`;
	}

	#send(type: string): void {
		this.#client?.publish(this.#topic(type), Buffer.from(writer.finish()), { qos: 0 });
	}
}

const fleet = Array.from({ length: Number(nodes) }, (_, index) => new Node(`node-${index + 1}`));
for (let at = 0; at < fleet.length; at += 20)
	await Promise.all(fleet.slice(at, at + 20).map((node) => node.connect()));

const saying = setInterval(() => {
	for (const node of fleet) node.say();
}, 1_000);
const telling = setInterval(() => process.send?.(told), 500);
process.on("message", (message: { type?: string }) => {
	if (message.type !== "halt") return;
	clearInterval(saying);
});
process.on("disconnect", () => {
	clearInterval(saying);
	clearInterval(telling);
	void Promise.all(fleet.map((node) => node.end()));
});
