import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Seeded } from "../../delivery/seeded.ts";
import { counted } from "../../helpers/quiet-telemetry.ts";
import { wholeBirth } from "../../helpers/whole-birth.ts";
import { edgeSession, HostRig } from "./host-rig.ts";
import { recordOf } from "./record-of.ts";

const seed = Number(process.env.TEST_SEED ?? 20_261_123);
const messages = 10_000_000;
const batch = 5_000;
const held = [{ epoch: 7, first: 1, next: 2 }];
const MB = 1024 ** 2;

/** Garbage is collected as far as it can be, so that what remains is what is kept. */
function heapKept(): number {
	setFlagsFromString("--expose-gc");
	const collect = runInNewContext("gc") as () => void;
	collect();
	collect();
	return process.memoryUsage().heapUsed;
}

/** A topic as it was, with damage, or of characters nobody expects. */
function fuzzedTopic(random: Seeded, known: readonly string[]): string {
	const topic = known[random.from(0, known.length - 1)] as string;
	if (random.chance(0.6)) return topic;
	if (random.chance(0.5)) return topic.replace("line-1", `line-${random.from(1, 50_000)}`);
	const levels = topic.split("/");
	const at = random.from(0, levels.length - 1);
	levels[at] = random.chance(0.5)
		? ""
		: String.fromCharCode(...Array.from({ length: 5 }, () => random.from(0x30, 0x2ff)));
	if (random.chance(0.2)) levels.push("more");
	// A client cannot publish to wildcards.
	return levels.join("/").replace(/[#+]/g, "x") || "x";
}

function fuzzedPayload(random: Seeded, known: readonly Buffer[]): Buffer {
	if (random.chance(0.05))
		return Buffer.from(Array.from({ length: random.from(0, 60) }, () => random.from(0, 255)));
	const bytes = Buffer.from(known[random.from(0, known.length - 1)] as Buffer);
	for (let edits = random.from(0, 4); edits > 0; edits--)
		bytes[random.from(0, bytes.length - 1)] = random.from(0, 255);
	return random.chance(0.1) ? bytes.subarray(0, random.from(0, bytes.length - 1)) : bytes;
}

test(`${messages} fuzzed payloads and topics: all counted, named once per kind, nothing dies, nothing grows`, async () => {
	const random = new Seeded(seed);
	const rig = await new HostRig().start();
	// What the host hands on is not kept here: it is the host's own growth that counts.
	const forget = () => {
		rig.records.length = 0;
		rig.held.length = 0;
		rig.progress.length = 0;
		rig.commands.length = 0;
		rig.series.length = 0;
		rig.gaps.length = 0;
	};
	const session = edgeSession();
	const good = [
		...session.births(wholeBirth(3, held), 1_000),
		session.data(recordOf(1), 1_000),
		session.held(held, 1_000),
		session.death(9, 1_000),
		session.progress("U500", 7, 4, 8_000, 1_000),
	];
	const topics = [...good.map(({ topic }) => topic), "spBv1.0/STATE/another"];
	const payloads = [...good.map(({ payload }) => payload), Buffer.from('{"online":true,"timestamp":1}')];
	let early = 0;
	for (let sent = 0; sent < messages; sent += batch) {
		for (let count = 0; count < batch; count++)
			await rig.publish(fuzzedTopic(random, topics), fuzzedPayload(random, payloads));
		forget();
		// Series and edge nodes have their bounds; after the first part they are reached or known.
		if (sent + batch === messages / 2) early = heapKept();
	}
	const next = edgeSession();
	await rig.send(
		...next.births(wholeBirth(4, held), 1_000),
		next.data({ ...recordOf(1), epoch: 4_711 }, 1_000),
	);
	await expect.poll(() => rig.records.some(({ epoch }) => epoch === 4_711), { timeout: 60_000 }).toBe(true);
	forget();
	const late = heapKept();
	const count = (labels: Record<string, string> = {}) =>
		counted(rig.telemetry, "messages_refused_total", labels);
	process.stdout.write(
		`${messages} messages, seed ${seed}: refused ${await count()}, heap ${Math.round(early / MB)} MB at half, ${Math.round(late / MB)} MB at the end\n`,
	);
	expect(await count({ reason: "payload" })).toBeGreaterThan(messages / 100);
	expect(await count({ reason: "topic" })).toBeGreaterThan(messages / 100);
	expect(rig.host.edgeNodes().length).toBeLessThanOrEqual(10_000);
	expect(late - early, "bytes kept by the second half").toBeLessThan(64 * MB);
});
