// First, because @peculiar/x509 asks for it when it is loaded.
import "reflect-metadata";
import { createHash, X509Certificate as NodeCertificate } from "node:crypto";
import * as x509 from "@peculiar/x509";

/** More is no application instance certificate; a chain has a few of them. */
const certificateBytesMax = 16 * 1024;
const chainCertificatesMax = 10;
const applicationUriType = "url";

/** A certificate as it was given, and what is asked of it. */
export interface Certificate {
	readonly der: Buffer;
	/** SHA-1 of the DER form, lower case: what OPC UA calls the thumbprint (Part 6 6.7.2.3). */
	readonly thumbprint: string;
	/** For people who compare certificates: SHA-1 no longer withstands somebody who makes two of them. */
	readonly sha256: string;
	/** For people; what decides is in `parsed`. */
	readonly subject: string;
	readonly issuer: string;
	readonly isSelfIssued: boolean;
	/** It may issue certificates (basic constraints). Some applications' certificates claim that, too, and are taken for no authority. */
	readonly isAuthority: boolean;
	readonly applicationUri: string | undefined;
	readonly hostNames: readonly string[];
	readonly notBeforeMs: number;
	readonly notAfterMs: number;
	readonly parsed: x509.X509Certificate;
	readonly node: NodeCertificate;
}

/** What is asked of a revocation list. */
export interface RevocationList {
	readonly der: Buffer;
	readonly issuer: string;
	readonly thisUpdateMs: number;
	readonly nextUpdateMs: number | undefined;
	readonly parsed: x509.X509Crl;
}

/** Reads one certificate in DER form. @throws Error when it is none, or too large */
export function readCertificate(der: Buffer): Certificate {
	if (der.length > certificateBytesMax)
		throw new Error(`expected a certificate of at most ${certificateBytesMax} bytes, found ${der.length}`);
	const parsed = new x509.X509Certificate(der);
	const names = parsed.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
	const applicationUri = names.find(({ type }) => type === applicationUriType)?.value;
	return {
		der,
		thumbprint: createHash("sha1").update(der).digest("hex"),
		sha256: createHash("sha256").update(der).digest("hex"),
		subject: shown(parsed.subject),
		issuer: shown(parsed.issuer),
		isSelfIssued: parsed.subject === parsed.issuer,
		isAuthority:
			applicationUri === undefined && parsed.getExtension(x509.BasicConstraintsExtension)?.ca === true,
		applicationUri,
		hostNames: names.filter(({ type }) => type === "dns" || type === "ip").map(({ value }) => value),
		notBeforeMs: parsed.notBefore.getTime(),
		notAfterMs: parsed.notAfter.getTime(),
		parsed,
		node: new NodeCertificate(der),
	};
}

/** Reads a revocation list in DER form. @throws Error when it is none */
export function readRevocationList(der: Buffer): RevocationList {
	const parsed = new x509.X509Crl(der);
	return {
		der,
		issuer: shown(parsed.issuer),
		thisUpdateMs: parsed.thisUpdate.getTime(),
		nextUpdateMs: parsed.nextUpdate?.getTime(),
		parsed,
	};
}

/** The parts of a PEM file of this kind, or the bytes themselves when they are no PEM. */
export function derParts(bytes: Buffer, label: "CERTIFICATE" | "X509 CRL"): Buffer[] {
	const text = bytes.toString("latin1");
	if (!text.includes("-----BEGIN ")) return [bytes];
	const labels = `(?:X509 )?${label.replace("X509 ", "")}`;
	const blocks = text.matchAll(new RegExp(`-----BEGIN ${labels}-----([^-]*)-----END ${labels}-----`, "g"));
	return [...blocks].map(([, body]) => Buffer.from(body ?? "", "base64"));
}

/** PEM text of DER bytes. */
export function pemOf(der: Buffer, label: "CERTIFICATE" | "X509 CRL" | "PRIVATE KEY"): string {
	const lines = der.toString("base64").replace(/(.{64})(?=.)/g, "$1\n");
	return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/**
 * The certificates of a chain as it stands in an endpoint: one behind the other, the application's own first (Part 6 6.2.6).
 * @throws Error when the bytes are not such a chain
 */
export function splitChain(bytes: Buffer): Buffer[] {
	const parts: Buffer[] = [];
	for (let at = 0; at < bytes.length; ) {
		const length = derLength(bytes, at);
		if (length === undefined || at + length > bytes.length)
			throw new Error(`expected a certificate at byte ${at} of ${bytes.length}, found something else`);
		if (parts.length === chainCertificatesMax)
			throw new Error(`expected a chain of at most ${chainCertificatesMax} certificates, found more`);
		parts.push(bytes.subarray(at, at + length));
		at += length;
	}
	return parts;
}

/** Bytes of the DER sequence at a place, its head included. */
function derLength(bytes: Buffer, at: number): number | undefined {
	const sequence = 0x30;
	const first = bytes[at + 1];
	if (bytes[at] !== sequence || first === undefined) return undefined;
	if (first < 0x80) return 2 + first;
	const size = first & 0x7f;
	if (size < 1 || size > 3 || at + 2 + size > bytes.length) return undefined;
	return 2 + size + bytes.readUIntBE(at + 2, size);
}

const shownMax = 200;

/** What a stranger wrote, fit for a terminal and a log line: nothing that controls either, and not too much of it. */
export function shown(text: string): string {
	const plain = text.slice(0, shownMax).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
	return text.length > shownMax ? `${plain}…` : plain;
}

/** One certificate in words, for messages. */
export function certificateText({ subject, thumbprint }: Certificate): string {
	return `${subject} (thumbprint ${thumbprint})`;
}
