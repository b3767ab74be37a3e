import { BinaryStream, DataChangeNotification } from "node-opcua";

type Stream = Parameters<DataChangeNotification["decode"]>[0];

/** In front of an ExtensionObject's body: the encoding byte (1: bytes) and the length, Part 6 §5.2.2.15. */
const headBytes = 5;

const bodies = new WeakMap<DataChangeNotification, Buffer>();
let keeping = false;

/**
 * From now on every DataChangeNotification that node-opcua decodes in this process keeps its bytes instead of making
 * a DataValue, a Variant and two Dates for each value, which nobody here looks at. Whoever asks such a notification
 * for its `monitoredItems` all the same still gets them: they are decoded then. Calling it again does nothing.
 */
export function keepDataChangeBodies(): void {
	if (keeping) return;
	keeping = true;
	const decodeItems = DataChangeNotification.prototype.decode;
	DataChangeNotification.prototype.decode = function (this: DataChangeNotification, stream: Stream): void {
		const body = bodyAt(stream);
		if (body === undefined) {
			decodeItems.call(this, stream);
			return;
		}
		stream.length += body.length;
		bodies.set(this, body);
		decodeWhenAsked(this, () => decodeItems.call(this, new BinaryStream(body)));
	};
}

/**
 * The bytes of a notification's body, once: it is empty for the library afterwards, which would otherwise look for a
 * listener of every single value. Undefined when the bytes were not kept or taken before.
 */
export function takeBody(notification: DataChangeNotification): Buffer | undefined {
	const body = bodies.get(notification);
	if (body === undefined) return undefined;
	bodies.delete(notification);
	notification.monitoredItems = null;
	notification.diagnosticInfos = null;
	return body;
}

/** A notification stands in an ExtensionObject, so its length stands before it; undefined where it does not. */
function bodyAt({ buffer, length: start }: Stream): Buffer | undefined {
	if (start < headBytes || buffer[start - headBytes] !== 1) return undefined;
	const bytes = buffer.readUInt32LE(start - 4);
	return bytes <= buffer.length - start ? buffer.subarray(start, start + bytes) : undefined;
}

function decodeWhenAsked(notification: DataChangeNotification, decode: () => void): void {
	const keep = (key: string, value: unknown) =>
		Object.defineProperty(notification, key, {
			value,
			writable: true,
			configurable: true,
			enumerable: true,
		});
	for (const key of ["monitoredItems", "diagnosticInfos"] as const) {
		Object.defineProperty(notification, key, {
			configurable: true,
			enumerable: true,
			get() {
				keep("monitoredItems", null);
				keep("diagnosticInfos", null);
				decode();
				return notification[key];
			},
			set: (value: unknown) => keep(key, value),
		});
	}
}
