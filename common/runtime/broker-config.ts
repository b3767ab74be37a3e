import { z } from "zod";
import { keys, pathFrom, text, whole } from "./config-values.ts";
import type { BrokerConnection } from "./mqtt-link.ts";
import { readSecretFile } from "./secret-file.ts";

/** The `broker` section, the same in every process that speaks MQTT. */
export const brokerSection = keys({
	/** mqtt://host:port. TLS (mqtts://) is not supported yet. */
	url: text.refine((url) => /^mqtt:\/\/[^/@\s]+$/.test(url), {
		error: "expected mqtt://host:port without user or path",
	}),
	/** An unencrypted connection must be asked for by name; the status page shows it. */
	insecure: z.literal(true, { error: "expected insecure: true, because mqtt:// is not encrypted" }),
	client_id: text.optional(),
	username: text.optional(),
	/** The file whose first line is the password; passwords never stand in a configuration. */
	password_file: text.optional(),
	keepalive_s: whole({ min: 2, max: 600 }).default(15),
	connect_timeout_ms: whole({ min: 500, max: 60_000 }).default(5_000),
});

/** A connection as the section asks for it; the password is read from its file. @throws CodedError CONFIG_UNREADABLE */
export async function brokerConnection(
	section: z.output<typeof brokerSection>,
	directory: string,
	defaultClientId: string,
): Promise<BrokerConnection> {
	const { url, client_id, username, password_file, keepalive_s, connect_timeout_ms } = section;
	return {
		url,
		clientId: client_id ?? defaultClientId,
		username,
		password:
			password_file === undefined ? undefined : await readSecretFile(pathFrom(directory, password_file)),
		keepaliveS: keepalive_s,
		connectTimeoutMs: connect_timeout_ms,
	};
}

/** The `status` section: where /healthz, /readyz, /metrics and /status are served. */
export const statusSection = keys({
	host: text.default("127.0.0.1"),
	port: whole({ min: 0, max: 65535 }),
});
