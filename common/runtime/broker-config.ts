import { z } from "zod";
import { keys, list, oneOf, pathFrom, text, whole } from "./config-values.ts";
import type { BrokerConnection } from "./mqtt-link.ts";
import { readSecretFile } from "./secret-file.ts";

const plain = "mqtt://";
const brokerUrl = text.refine((url) => /^mqtts?:\/\/[^/@\s]+$/.test(url), {
	error: "expected mqtts://host:port, or mqtt://host:port with insecure: true, without user or path",
});

/** The `broker` section, the same in every process that speaks MQTT. */
export const brokerSection = keys({
	url: brokerUrl,
	/** Further servers of the same system; one is used at a time, the next when it fails. */
	further_urls: list(brokerUrl, 0, "URLs").max(7, { error: "expected at most 7 further URLs" }).default([]),
	protocol: oneOf(["3.1.1", "5.0"] as const).default("3.1.1"),
	/** A connection without encryption must be asked for by name; the status page shows it. */
	insecure: z.literal(true, { error: "expected insecure: true, or no such key with mqtts://" }).optional(),
	tls: keys({
		/** Authorities that may vouch for the broker, PEM; without it those that Node.js knows. */
		ca_file: text.optional(),
		certificate_file: text.optional(),
		key_file: text.optional(),
		/** What the broker's certificate must name, where that is not the host of the URL. */
		server_name: text.optional(),
	}).prefault({}),
	client_id: text.optional(),
	username: text.optional(),
	/** The file whose first line is the password; passwords never stand in a configuration. */
	password_file: text.optional(),
	keepalive_s: whole({ min: 2, max: 600 }).default(15),
	connect_timeout_ms: whole({ min: 500, max: 60_000 }).default(5_000),
}).superRefine(({ url, further_urls, insecure, tls }, context) => {
	const complain = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
	const urls = [url, ...further_urls];
	if (urls.some((one) => one.startsWith(plain)) && insecure === undefined)
		complain(["insecure"], "expected insecure: true, because mqtt:// is not encrypted");
	if (urls.every((one) => one.startsWith("mqtts://")) && insecure !== undefined)
		complain(["insecure"], "expected no such key, because every URL is mqtts://, which is encrypted");
	if ((tls.certificate_file === undefined) !== (tls.key_file === undefined))
		complain(["tls"], "expected certificate_file and key_file together, found one of them");
});

/** Whether some connection to the broker may be without encryption. */
export function isPlain({ insecure }: { readonly insecure?: true | undefined }): boolean {
	return insecure === true;
}

/** A connection as the section asks for it; the password is read from its file. @throws CodedError CONFIG_UNREADABLE */
export async function brokerConnection(
	section: z.output<typeof brokerSection>,
	directory: string,
	defaultClientId: string,
): Promise<BrokerConnection> {
	const { url, further_urls, protocol, tls, client_id, username, password_file } = section;
	const { keepalive_s, connect_timeout_ms } = section;
	const file = (path: string | undefined) => (path === undefined ? undefined : pathFrom(directory, path));
	return {
		urls: [url, ...further_urls],
		protocol,
		tls: {
			caFile: file(tls.ca_file),
			certificateFile: file(tls.certificate_file),
			keyFile: file(tls.key_file),
			serverName: tls.server_name,
		},
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
