// The socket under an MQTT connection: TCP, or TLS with the broker's certificate checked. Nothing is trusted
// automatically: a certificate must be valid now, name the host we asked for, and lead to a known authority.

import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import type { CertificateInUse } from "./certificate-watch.ts";
import type { Clock } from "./clock.ts";
import { CodedError, errorText } from "./coded-error.ts";

/** What TLS needs, by file, so that a renewed certificate is used from the next connection on. */
export interface TlsFiles {
	/** Authorities that may vouch for the broker, PEM; without it those that Node.js trusts. */
	readonly caFile: string | undefined;
	/** Our own certificate and its key, PEM; both or none. */
	readonly certificateFile: string | undefined;
	readonly keyFile: string | undefined;
	/** What the broker's certificate must name, where that is not the host of the URL. */
	readonly serverName: string | undefined;
}

export interface OpenSocketOptions {
	readonly url: string;
	readonly tls: TlsFiles;
	readonly timeoutMs: number;
	readonly clock: Clock;
	/** The socket exists, not yet connected: whoever ends the session meanwhile destroys it. */
	readonly onSocket: (socket: Socket) => void;
}

export interface OpenedSocket {
	readonly socket: Socket;
	/** None without TLS. */
	readonly certificates: readonly CertificateInUse[];
}

/** Connects to `mqtt://` or `mqtts://`. @throws CodedError BROKER_UNREACHABLE, BROKER_UNTRUSTED or CONFIG_UNREADABLE */
export async function openMqttSocket(options: OpenSocketOptions): Promise<OpenedSocket> {
	const url = new URL(options.url);
	// WHATWG URLs keep the brackets of an IPv6 address, sockets do not.
	const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
	const isTls = url.protocol === "mqtts:";
	const port = url.port === "" ? (isTls ? 8883 : 1883) : Number(url.port);
	if (!isTls) {
		const socket = connectTcp({ host, port, noDelay: true });
		await connected(socket, "connect", `${host}:${port}`, options);
		return { socket, certificates: [] };
	}
	const files = await readTlsFiles(options.tls);
	const named = options.tls.serverName ?? host;
	const socket = connectTls({
		...files,
		host,
		port,
		minVersion: "TLSv1.2",
		// Server name indication knows no addresses; an address is checked against the certificate all the same.
		...(isIP(named) === 0 ? { servername: named } : {}),
	});
	socket.setNoDelay(true);
	await connected(socket, "secureConnect", `${host}:${port}`, options);
	return { socket, certificates: certificatesOf(socket, files.cert) };
}

function connected(
	socket: Socket,
	event: "connect" | "secureConnect",
	where: string,
	{ clock, timeoutMs, onSocket }: OpenSocketOptions,
): Promise<void> {
	onSocket(socket);
	return new Promise((resolve, reject) => {
		// A broker may break the connection while the will is made, when nobody else listens.
		socket.on("error", () => undefined);
		const fail = (error: Error) => {
			socket.destroy();
			reject(connectionError(where, error));
		};
		const cancel = clock.after(timeoutMs, () => fail(new Error("no answer")));
		socket.once("error", fail);
		socket.once("close", cancel);
		socket.once(event, () => {
			cancel();
			socket.off("error", fail);
			resolve();
		});
	});
}

const untrusted: Readonly<Record<string, string>> = {
	ERR_TLS_CERT_ALTNAME_INVALID: "the broker's certificate does not name this host",
	CERT_HAS_EXPIRED: "the broker's certificate has expired",
	CERT_NOT_YET_VALID: "the broker's certificate is not yet valid; or is this clock wrong?",
	DEPTH_ZERO_SELF_SIGNED_CERT: "the broker's certificate is signed by itself and not in tls.ca_file",
	SELF_SIGNED_CERT_IN_CHAIN: "the broker's certificate comes from an authority that is not in tls.ca_file",
	UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		"the broker's certificate comes from an authority that is not in tls.ca_file",
	UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
		"the broker's certificate comes from an authority that is not in tls.ca_file",
	ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "the broker does not know the authority of our certificate",
	ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
		"the broker expects a certificate from us (tls.certificate_file)",
	ERR_SSL_WRONG_VERSION_NUMBER: "the broker does not speak TLS on this port",
	ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "the broker offers no TLS 1.2 or newer",
	ERR_SSL_UNSUPPORTED_PROTOCOL: "the broker offers no TLS 1.2 or newer",
};

function connectionError(where: string, error: Error): CodedError {
	const code = knownReason(error) === undefined ? "BROKER_UNREACHABLE" : "BROKER_UNTRUSTED";
	return new CodedError(code, `${where}: ${connectionReason(error)}`, { cause: error });
}

/** Why a connection failed, in words; with TLS 1.3 a broker's refusal of our certificate comes after the handshake. */
export function connectionReason(error: unknown): string {
	const known = knownReason(error);
	return known === undefined ? errorText(error) : `${known} (${errorText(error)})`;
}

function knownReason(error: unknown): string | undefined {
	const { code } = error as NodeJS.ErrnoException;
	return code === undefined ? undefined : untrusted[code];
}

type ReadFiles = Pick<ConnectionOptions, "ca" | "key"> & { readonly cert?: Buffer };

async function readTlsFiles({ caFile, certificateFile, keyFile }: TlsFiles): Promise<ReadFiles> {
	const [ca, cert, key] = await Promise.all([caFile, certificateFile, keyFile].map(readPem));
	return {
		...(ca === undefined ? {} : { ca }),
		...(cert === undefined ? {} : { cert }),
		...(key === undefined ? {} : { key }),
	};
}

/** Errors name the file and never its content. */
async function readPem(path: string | undefined): Promise<Buffer | undefined> {
	if (path === undefined) return undefined;
	try {
		return await readFile(path);
	} catch (error) {
		throw new CodedError("CONFIG_UNREADABLE", `expected a PEM file: ${errorText(error)}`, { cause: error });
	}
}

function certificatesOf(socket: TLSSocket, own: Buffer | undefined): CertificateInUse[] {
	const found: CertificateInUse[] = [];
	const peer = socket.getPeerX509Certificate();
	if (peer !== undefined) found.push(inUse("broker", peer));
	if (own !== undefined) found.push(inUse("own", new X509Certificate(own)));
	return found;
}

function inUse(whose: CertificateInUse["whose"], certificate: X509Certificate): CertificateInUse {
	return {
		whose,
		subject: certificate.subject.replaceAll("\n", ", "),
		expiresMs: Date.parse(certificate.validTo),
	};
}
