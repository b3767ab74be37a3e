// First, because @peculiar/x509 asks for it when it is loaded.
import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

/** A certificate and its key, both PEM. */
export interface Issued {
	readonly certificate: string;
	readonly key: string;
}

const dayMs = 86_400_000;
const authorityDays = 20 * 365;
/** What clients accept of a server's at most (CA/Browser Forum, 825 days until 2020). */
const serverDays = 825;
const renewWithinDays = 30;
/** A clock that is behind ours by less shall accept it. */
const backdatedMs = 3_600_000;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

x509.cryptoProvider.set(webcrypto);

/** A new authority with this name, and nothing below it but servers. */
export async function newAuthority(name: string, nowMs: number): Promise<Issued> {
	const keys = await newKeys();
	const certificate = await x509.X509CertificateGenerator.createSelfSigned({
		...validity(nowMs, authorityDays),
		name: `CN=${name}`,
		keys,
		signingAlgorithm: algorithm,
		extensions: [
			new x509.BasicConstraintsExtension(true, 0, true),
			new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
			await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
		],
	});
	return { certificate: `${certificate.toString("pem")}\n`, key: await pemOf(keys.privateKey) };
}

/**
 * A server's certificate for these names and addresses, signed by the authority, with `key` again where there is one.
 * @throws Error when a key or certificate is not PEM
 */
export async function issue(
	authority: Issued,
	names: readonly string[],
	nowMs: number,
	key?: string,
): Promise<Issued> {
	const issuer = new x509.X509Certificate(authority.certificate);
	const { privateKey, publicKey } = key === undefined ? await newKeys() : await keysOf(key);
	const certificate = await x509.X509CertificateGenerator.create({
		...validity(nowMs, serverDays),
		subject: `CN=${names[0]}`,
		issuer: issuer.subject,
		publicKey,
		signingKey: (await keysOf(authority.key)).privateKey,
		signingAlgorithm: algorithm,
		extensions: [
			new x509.BasicConstraintsExtension(false, undefined, true),
			new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
			new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
			new x509.SubjectAlternativeNameExtension(
				names.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })),
			),
			await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
			await x509.SubjectKeyIdentifierExtension.create(publicKey),
		],
	});
	return { certificate: `${certificate.toString("pem")}\n`, key: key ?? (await pemOf(privateKey)) };
}

/** Whether the certificate is the authority's, holds for these names and for 30 more days. */
export async function isGood(
	certificateText: string,
	authority: Issued,
	names: readonly string[],
	nowMs: number,
): Promise<boolean> {
	try {
		const certificate = new x509.X509Certificate(certificateText);
		const issuer = new x509.X509Certificate(authority.certificate);
		const alternatives = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
		const named = new Set(alternatives.map(({ value }) => value));
		return (
			certificate.notAfter.getTime() - nowMs > renewWithinDays * dayMs &&
			named.size === names.length &&
			names.every((name) => named.has(name)) &&
			(await certificate.verify({ publicKey: await issuer.publicKey.export(), signatureOnly: true }))
		);
	} catch {
		return false;
	}
}

function validity(nowMs: number, days: number) {
	// A serial number is positive and has at most 20 bytes (RFC 5280, 4.1.2.2).
	const serial = randomBytes(16);
	serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
	return {
		serialNumber: serial.toString("hex"),
		notBefore: new Date(nowMs - backdatedMs),
		notAfter: new Date(nowMs + days * dayMs),
	};
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
	return (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
	return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

async function keysOf(pem: string): Promise<webcrypto.CryptoKeyPair> {
	const [der] = x509.PemConverter.decode(pem);
	if (der === undefined) throw new Error("expected a private key in PEM, found none");
	const privateKey = await webcrypto.subtle.importKey("pkcs8", der, algorithm, true, ["sign"]);
	const { d: _secret, key_ops: _uses, ...open } = await webcrypto.subtle.exportKey("jwk", privateKey);
	const publicKey = await webcrypto.subtle.importKey("jwk", open, algorithm, true, ["verify"]);
	return { privateKey, publicKey };
}
