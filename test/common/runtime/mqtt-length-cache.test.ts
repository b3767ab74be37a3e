import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { writeToStream } from "mqtt-packet";
import { expect, test } from "vitest";
import { fillLengthCache } from "../../../common/runtime/mqtt-length-cache.ts";

const MiB = 1024 ** 2;

/** What buffers keep alive, whole slabs included. */
function bufferBytes(): number {
	setFlagsFromString("--expose-gc");
	const collect = runInNewContext("gc") as () => void;
	collect();
	collect();
	return process.memoryUsage().arrayBuffers;
}

test("messages of every length leave no memory behind, and go out as they are", () => {
	const written: Buffer[] = [];
	const stream = {
		write: (chunk: Buffer | string) => written.push(Buffer.from(chunk as Buffer)) > 0,
		cork: () => undefined,
		uncork: () => undefined,
	} as unknown as NodeJS.WritableStream;
	fillLengthCache();
	const before = bufferBytes();
	const topic = "spBv1.0/site/DDATA/agent-1/U500";
	for (let length = 100; length < 16_000; length += 5) {
		written.length = 0;
		// As the publisher does it: a payload from the shared slabs for each message.
		const payload = Buffer.alloc(length, 7);
		Buffer.from(payload);
		writeToStream({ cmd: "publish", topic, payload, qos: 0, retain: false, dup: false }, stream);
		const bytes = Buffer.concat(written);
		expect(bytes.length).toBe(1 + (topic.length + 2 + length < 128 ? 1 : 2) + 2 + topic.length + length);
		expect(bytes.subarray(-length).equals(payload)).toBe(true);
	}
	written.length = 0;
	expect(bufferBytes() - before).toBeLessThan(2 * MiB);
});

test("the client library writes with the same copy of mqtt-packet", () => {
	const ours = createRequire(import.meta.url);
	expect(createRequire(ours.resolve("mqtt")).resolve("mqtt-packet")).toBe(ours.resolve("mqtt-packet"));
});
