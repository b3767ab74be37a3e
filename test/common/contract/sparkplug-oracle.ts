import protobuf from "protobufjs";

// The published schema's field numbers, which are facts; the names are ours. protobufjs knows nothing of our codec.
const schema = `
syntax = "proto2";
message Payload {
	optional uint64 timestamp = 1;
	repeated Metric metrics = 2;
	optional uint64 seq = 3;
	optional string uuid = 4;
	optional bytes body = 5;
	message Metric {
		optional string name = 1;
		optional uint64 alias = 2;
		optional uint64 timestamp = 3;
		optional uint32 datatype = 4;
		optional bool is_historical = 5;
		optional bool is_transient = 6;
		optional bool is_null = 7;
		optional PropertySet properties = 9;
		oneof value {
			uint32 int_value = 10;
			uint64 long_value = 11;
			float float_value = 12;
			double double_value = 13;
			bool boolean_value = 14;
			string string_value = 15;
			bytes bytes_value = 16;
		}
	}
	message PropertySet { repeated string keys = 1; repeated PropertyValue values = 2; }
	message PropertyValue {
		optional uint32 type = 1;
		optional bool is_null = 2;
		oneof value {
			uint32 int_value = 3;
			uint64 long_value = 4;
			float float_value = 5;
			double double_value = 6;
			bool boolean_value = 7;
			string string_value = 8;
		}
	}
}`;

const payloadType = protobuf.parse(schema, { keepCase: true }).root.lookupType("Payload");

/** A payload as plain objects; 64-bit integers are decimal text. */
export function oracleDecode(bytes: Uint8Array): Record<string, unknown> {
	return payloadType.toObject(payloadType.decode(bytes), { longs: String, bytes: Array });
}

export function oracleEncode(payload: object): Buffer {
	return Buffer.from(payloadType.encode(payloadType.fromObject(payload)).finish());
}
