// First, because @peculiar/x509 asks for it when it is loaded.
import "reflect-metadata";
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, webcrypto } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as x509 from "@peculiar/x509";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import { type Certificate, derParts, pemOf, readCertificate } from "./certificate.ts";
import { readBounded, replaceFile } from "./certificate-store.ts";

/** The agent's application instance certificates and the one key that they share. */
export interface OwnCertificates {
	readonly key: KeyObject;
	readonly current: Certificate;
	/** With the authorities above it that stand behind it in its file. */
	readonly chain: readonly Buffer[];
	/** The one before a renewal, while it is valid: a server may know it longer than the new one. */
	readonly previous: Certificate | undefined;
}

export interface OwnCertificateFiles {
	readonly key: string;
	readonly certificate: string;
	/** The same in DER form, for servers that take nothing else. */
	readonly certificateDer: string;
	readonly previous: string;
}

const dayMs = 86_400_000;
const keyBits = 2_048;
const validDays = 5 * 365;
const renewWithinDays = 30;
const signing = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;

/** Where they lie below the store's folder. */
export function ownCertificateFiles(folder: string): OwnCertificateFiles {
	const certificates = join(folder, "own", "certs");
	return {
		key: join(folder, "own", "private", "private_key.pem"),
		certificate: join(certificates, "certificate.pem"),
		certificateDer: join(certificates, "certificate.der"),
		previous: join(certificates, "previous.pem"),
	};
}

/** A URI of its own for every agent; the first certificate keeps it for all that follow. */
export function applicationUriOf(group: string, edgeNode: string): string {
	return `urn:${encodeURIComponent(hostname())}:pilotline:agent:${encodeURIComponent(group)}:${encodeURIComponent(edgeNode)}`;
}

/**
 * What lies in the folder, or undefined when there is nothing yet.
 * @throws CodedError OPCUA_OWN_CERTIFICATE_UNUSABLE
 */
export async function readOwnCertificates(
	folder: string,
	nowMs: number,
): Promise<OwnCertificates | undefined> {
	const files = ownCertificateFiles(folder);
	const keyText = await read(files.key);
	const certificateText = await read(files.certificate);
	if (keyText === undefined && certificateText === undefined) return undefined;
	try {
		if (keyText === undefined) throw new Error(`expected a key in ${files.key}, found none`);
		const key = createPrivateKey(keyText);
		// A crash between the two leaves a key alone; it serves the certificate that is made next.
		if (certificateText === undefined) return undefined;
		const chain = derParts(certificateText, "CERTIFICATE");
		const current = certificateIn(certificateText);
		if (!current.node.checkPrivateKey(key))
			throw new Error(`expected the key of ${files.certificate} in ${files.key}, found another`);
		const before = await read(files.previous);
		const previous = before === undefined ? undefined : certificateIn(before);
		const isUsable =
			previous !== undefined && previous.notAfterMs > nowMs && previous.node.checkPrivateKey(key);
		return { key, current, chain, previous: isUsable ? previous : undefined };
	} catch (error) {
		throw unusable(error);
	}
}

/**
 * What lies in the folder; made when there is nothing, renewed when it signed itself and ends within 30 days. A renewal
 * keeps key and application URI and changes only the dates, so that the one before can be used beside it (Part 6 6.2.2).
 * @throws CodedError OPCUA_OWN_CERTIFICATE_UNUSABLE
 */
export async function ensureOwnCertificates(options: {
	folder: string;
	applicationUri: string;
	nowMs: number;
}): Promise<{ own: OwnCertificates; made: "kept" | "created" | "renewed" }> {
	const { folder, nowMs } = options;
	const files = ownCertificateFiles(folder);
	const found = await readOwnCertificates(folder, nowMs);
	const isEnding = found !== undefined && found.current.notAfterMs - nowMs < renewWithinDays * dayMs;
	if (found !== undefined && !(isEnding && found.current.isSelfIssued)) return { own: found, made: "kept" };
	try {
		await mkdir(folder, { recursive: true, mode: 0o750 });
		await mkdir(join(folder, "own", "certs"), { recursive: true, mode: 0o755 });
		await mkdir(join(folder, "own", "private"), { recursive: true, mode: 0o700 });
		const key = found?.key ?? (await keyIn(files.key));
		const applicationUri = found?.current.applicationUri ?? options.applicationUri;
		const current = await selfSigned(key, applicationUri, nowMs);
		if (found !== undefined)
			await replaceFile(files.previous, pemOf(found.current.der, "CERTIFICATE"), 0o644);
		await replaceFile(files.certificate, pemOf(current.der, "CERTIFICATE"), 0o644);
		await replaceFile(files.certificateDer, current.der, 0o644);
		const isUsable = found !== undefined && found.current.notAfterMs > nowMs;
		const own = { key, current, chain: [current.der], previous: isUsable ? found.current : undefined };
		return { own, made: found === undefined ? "created" : "renewed" };
	} catch (error) {
		throw unusable(error);
	}
}

async function read(file: string): Promise<Buffer | undefined> {
	try {
		return await readBounded(file);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw unusable(error);
	}
}

function certificateIn(bytes: Buffer): Certificate {
	const [der] = derParts(bytes, "CERTIFICATE");
	if (der === undefined) throw new Error("expected a certificate, found none");
	return readCertificate(der);
}

/** The key that lies there without a certificate, or a new one. */
async function keyIn(file: string): Promise<KeyObject> {
	const text = await read(file);
	if (text !== undefined) return createPrivateKey(text);
	const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: keyBits });
	const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
	await replaceFile(file, pem, 0o600);
	return privateKey;
}

/** An application instance certificate with what Part 6 6.2.2, table 23, wants in it. */
async function selfSigned(key: KeyObject, applicationUri: string, nowMs: number): Promise<Certificate> {
	const { subtle } = webcrypto;
	const keys = {
		privateKey: await subtle.importKey("pkcs8", key.export({ type: "pkcs8", format: "der" }), signing, true, [
			"sign",
		]),
		publicKey: await subtle.importKey(
			"spki",
			createPublicKey(key).export({ type: "spki", format: "der" }),
			signing,
			true,
			["verify"],
		),
	};
	const use = x509.KeyUsageFlags;
	const made = await x509.X509CertificateGenerator.createSelfSigned(
		{
			name: [{ CN: ["Pilotline agent"] }, { O: ["Pilotline"] }, { DC: [hostname()] }],
			// Plants have clocks that are a little behind.
			notBefore: new Date(nowMs - dayMs),
			notAfter: new Date(nowMs + validDays * dayMs),
			keys,
			signingAlgorithm: signing,
			extensions: [
				new x509.BasicConstraintsExtension(false, undefined, true),
				new x509.KeyUsagesExtension(
					use.digitalSignature |
						use.nonRepudiation |
						use.keyEncipherment |
						use.dataEncipherment |
						use.keyCertSign,
					true,
				),
				new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
				new x509.SubjectAlternativeNameExtension([
					{ type: "url", value: applicationUri },
					{ type: "dns", value: hostname() },
				]),
				await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
				await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
			],
		},
		webcrypto as NonNullable<Parameters<typeof x509.X509CertificateGenerator.createSelfSigned>[1]>,
	);
	return readCertificate(Buffer.from(made.rawData));
}

function unusable(error: unknown): CodedError {
	if (error instanceof CodedError) return error;
	return new CodedError(
		"OPCUA_OWN_CERTIFICATE_UNUSABLE",
		`the agent's own certificate cannot be used: ${errorText(error)}; it must be readable for the agent's user, or be moved away and made anew by: pilotline cert init`,
		{ cause: error },
	);
}
