import { z } from "zod";
import { keys, text, whole } from "./config-values.ts";

/** The `broker` section, the same in every process that speaks MQTT. */
export const brokerSection = keys({
	/** mqtt://host:port. Certificates (mqtts://) come with the issue on MQTT security. */
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

/** The `status` section: where /healthz, /readyz, /metrics and /status are served. */
export const statusSection = keys({
	host: text.default("127.0.0.1"),
	port: whole({ min: 0, max: 65535 }),
});
