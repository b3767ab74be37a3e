import { BinaryStream, DataChangeNotification, DataType } from "node-opcua";
import { expect, test } from "vitest";
import { keepDataChangeBodies, takeBody } from "../../../agent/source/data-change-body.ts";
import { decoded, encoded } from "./encoded-notification.ts";

const values = [1, 2].map((value) => ({
	clientHandle: value,
	value: { value: { dataType: DataType.Double, value }, sourceTimestamp: new Date(1_790_000_000_000) },
}));
const message = encoded(values);
const asDecodedBefore = decoded(message).toJSON();

test("a notification keeps its bytes, and who asks for its items gets what node-opcua makes of them", () => {
	keepDataChangeBodies();
	keepDataChangeBodies();
	const notification = decoded(message);
	expect(notification.toJSON()).toEqual(asDecodedBefore);
	expect(notification.monitoredItems?.[1]).toMatchObject({ clientHandle: 2, value: { value: { value: 2 } } });
});

test("the bytes are given once, and nothing is left for the library to hand out", () => {
	keepDataChangeBodies();
	const notification = decoded(message);
	const body = takeBody(notification);
	expect(body?.readInt32LE(0)).toBe(2);
	// The body ends with the count of diagnostic information, of which there is none.
	expect([0, -1]).toContain(body?.readInt32LE(body.length - 4));
	expect(takeBody(notification)).toBeUndefined();
	expect(notification.monitoredItems).toBeNull();
});

test("where no length stands before it, a notification is decoded at once", () => {
	keepDataChangeBodies();
	const stream = new BinaryStream(1_000);
	new DataChangeNotification({ monitoredItems: values as never }).encode(stream);
	stream.length = 0;
	const notification = new DataChangeNotification();
	notification.decode(stream);
	expect(notification.monitoredItems).toHaveLength(2);
	expect(takeBody(notification)).toBeUndefined();
});
