/**
 * Every error code of the product, once. `meaning` is what the reader of the documentation sees;
 * `retryable` says whether the same call can succeed later without anybody changing anything.
 * A test holds this list against the table in README.md. A retired code is never used again.
 */
export const errorCodes = {
	CONFIG_INVALID: {
		retryable: false,
		meaning: "A configuration file has problems; each is listed with its place.",
	},
	CONFIG_UNREADABLE: {
		retryable: false,
		meaning: "A configuration file, or a file it names, cannot be read.",
	},
	USAGE: { retryable: false, meaning: "The command line is not what the program expects." },
	DATA_DIR_BUSY: { retryable: false, meaning: "Another process owns the data directory." },
	DATA_FORMAT_NEWER: {
		retryable: false,
		meaning: "The data was written by a newer version; it is left untouched.",
	},
	DATA_DAMAGED: {
		retryable: false,
		meaning: "A file of the data directory cannot be understood; it is left untouched.",
	},
	OPCUA_UNREACHABLE: {
		retryable: true,
		meaning: "The OPC UA server cannot be reached or refused the session.",
	},
	OPCUA_NAMESPACE_UNKNOWN: {
		retryable: true,
		meaning: "The OPC UA server does not have the namespace that a tag names.",
	},
	OPCUA_SECURITY_NOT_OFFERED: {
		retryable: true,
		meaning: "The OPC UA server offers less security than is asked for; the message lists what it offers.",
	},
	OPCUA_CERTIFICATE_REFUSED: {
		retryable: true,
		meaning: "The OPC UA server's certificate is not accepted; the message names each reason.",
	},
	OPCUA_ENDPOINTS_DIFFER: {
		retryable: true,
		meaning: "What the OPC UA server offers was changed on its way: somebody may be in between.",
	},
	OPCUA_OWN_CERTIFICATE_REFUSED: {
		retryable: true,
		meaning: "The OPC UA server does not accept the agent's own certificate.",
	},
	OPCUA_OWN_CERTIFICATE_UNUSABLE: {
		retryable: false,
		meaning: "The agent's own certificate or its key cannot be read, or they do not belong together.",
	},
	OPCUA_IDENTITY_REFUSED: {
		retryable: true,
		meaning: "The OPC UA server does not accept the configured user, or it could not be named safely.",
	},
	BROKER_UNREACHABLE: {
		retryable: true,
		meaning: "The MQTT broker cannot be reached or refused the connection.",
	},
	BROKER_UNTRUSTED: {
		retryable: false,
		meaning: "The MQTT broker's certificate, or ours, is not accepted; the message names the reason.",
	},
	HOST_ID_TAKEN: {
		retryable: false,
		meaning: "Another collector is online under the same host id; each needs its own.",
	},
	STORE_FAILED: {
		retryable: true,
		meaning: "The store could not commit; nothing of the batch was confirmed.",
	},
	ENTRY_REFUSED: {
		retryable: false,
		meaning: "What was entered does not fit what is stored; nothing of it was taken.",
	},
	REQUEST_ID_REUSED: {
		retryable: false,
		meaning:
			"The id of a request that was taken before came again with something else in it; nothing of it was taken.",
	},
	WEBHOOK_TARGET_REFUSED: {
		retryable: false,
		meaning: "A webhook address is not allowed by its destination's rules.",
	},
	API_UNREACHABLE: { retryable: true, meaning: "A process does not answer at its address as expected." },
	VALUES_INVALID: {
		retryable: false,
		meaning: "A file of values cannot be charted; each wrong place is named with its line and row.",
	},
	SPECIFICATION_CHANGED: {
		retryable: false,
		meaning:
			"A specification file does not say what was approved under its version; the message names what changed.",
	},
	DEMO_FAILED: { retryable: false, meaning: "The demonstration could not run to its end." },
} as const;

export type ErrorCode = keyof typeof errorCodes;
