import {
	BinaryStream,
	DataChangeNotification,
	type DataValueOptions,
	type ExtensionObject,
	NotificationMessage,
} from "node-opcua";

/** A notification as it travels: in a message, as node-opcua writes it. */
export function encoded(values: readonly { clientHandle: number; value: DataValueOptions }[]): Buffer {
	const notification = new DataChangeNotification({ monitoredItems: [...values] as never });
	const message = new NotificationMessage({
		sequenceNumber: 7,
		publishTime: new Date(0),
		notificationData: [notification as ExtensionObject],
	});
	const stream = new BinaryStream(1024 * 1024);
	message.encode(stream);
	return stream.buffer.subarray(0, stream.length);
}

/** What node-opcua makes of the bytes of such a message. */
export function decoded(message: Buffer): DataChangeNotification {
	const result = new NotificationMessage();
	result.decode(new BinaryStream(message));
	return result.notificationData?.[0] as unknown as DataChangeNotification;
}
