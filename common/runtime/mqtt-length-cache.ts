// mqtt-packet keeps the encoded length of every message it has written, up to 16,383 of them, in buffers of one or two
// bytes cut from the shared 64 KiB slabs, and each keeps its whole slab alive: an agent whose messages vary in length
// grows by up to a gigabyte. Made in one go, all of them lie side by side in a few slabs.

import { writeToStream } from "mqtt-packet";

const cachedBelow = 16_384;
/** Topic length, its two bytes, and no packet identifier: what a QoS 0 PUBLISH has beside its payload. */
const topic = "t";
const besidePayload = 2 + topic.length;

let isFilled = false;

/** Fills mqtt-packet's cache of encoded lengths, once for the process. Takes some 30 ms. */
export function fillLengthCache(): void {
	if (isFilled) return;
	isFilled = true;
	// Topic lengths and packet identifiers are made when needed, not kept: 65,536 buffers less.
	writeToStream.cacheNumbers = false;
	const nowhere = {
		write: () => true,
		cork: () => undefined,
		uncork: () => undefined,
	} as unknown as NodeJS.WritableStream;
	const zeros = Buffer.alloc(cachedBelow);
	for (let length = besidePayload; length < cachedBelow; length++) {
		const payload = zeros.subarray(0, length - besidePayload);
		writeToStream({ cmd: "publish", topic, payload, qos: 0, retain: false, dup: false }, nowhere);
	}
}
