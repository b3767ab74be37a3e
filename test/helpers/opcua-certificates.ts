// First, because @peculiar/x509 asks for it when it is loaded.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import type { CertificateFiles } from "./certificates.ts";
import { temporaryFolder } from "./temporary-folder.ts";

x509.cryptoProvider.set(webcrypto);

const algorithm = {
	name: "RSASSA-PKCS1-v1_5",
	hash: "SHA-256",
	publicExponent: new Uint8Array([1, 0, 1]),
} as const;
const dayMs = 86_400_000;
const use = x509.KeyUsageFlags;
const applicationUse = use.digitalSignature | use.nonRepudiation | use.keyEncipherment | use.dataEncipherment;

/** What an application's certificate says; the defaults are those of a sound one for a server of a test. */
export interface ApplicationCertificate {
	readonly applicationUri?: string;
	readonly hosts?: readonly string[];
	/** Days from now; negative for the past. */
	readonly fromDays?: number;
	readonly toDays?: number;
	readonly keyBits?: number;
	readonly keyUsages?: number;
	readonly extendedKeyUsage?: x509.ExtendedKeyUsage;
	readonly name?: string;
	/** As some servers' certificates do. */
	readonly claimsAuthority?: boolean;
	/** Of the signature; SHA-256 without it. */
	readonly hash?: "SHA-1";
}

export const serverUri = "urn:pilotline:test:server";

let serial = 0x1000;

async function keyPair(modulusLength = 2_048, hash = "SHA-256"): Promise<webcrypto.CryptoKeyPair> {
	return (await webcrypto.subtle.generateKey({ ...algorithm, modulusLength, hash }, true, [
		"sign",
		"verify",
	])) as webcrypto.CryptoKeyPair;
}

function dates({ fromDays = -1, toDays = 365 }: ApplicationCertificate) {
	return {
		serialNumber: (++serial).toString(16),
		notBefore: new Date(Date.now() + fromDays * dayMs),
		notAfter: new Date(Date.now() + toDays * dayMs),
	};
}

function applicationExtensions(wanted: ApplicationCertificate): x509.Extension[] {
	const { hosts = ["127.0.0.1"], applicationUri = serverUri } = wanted;
	return [
		new x509.BasicConstraintsExtension(wanted.claimsAuthority === true, undefined, true),
		new x509.KeyUsagesExtension(wanted.keyUsages ?? applicationUse, true),
		new x509.ExtendedKeyUsageExtension([wanted.extendedKeyUsage ?? x509.ExtendedKeyUsage.serverAuth]),
		new x509.SubjectAlternativeNameExtension([
			{ type: "url", value: applicationUri },
			...hosts.map((value) => ({ type: /^[\d.]+$/.test(value) ? ("ip" as const) : ("dns" as const), value })),
		]),
	];
}

async function write(certificate: string, key: webcrypto.CryptoKey): Promise<CertificateFiles> {
	const folder = temporaryFolder();
	const files = { certificateFile: join(folder, "certificate.pem"), keyFile: join(folder, "key.pem") };
	writeFileSync(files.certificateFile, certificate);
	const der = await webcrypto.subtle.exportKey("pkcs8", key);
	writeFileSync(files.keyFile, x509.PemConverter.encode(der, "PRIVATE KEY"), { mode: 0o600 });
	return files;
}

/** A certificate that signed itself. */
export async function selfSigned(wanted: ApplicationCertificate = {}): Promise<CertificateFiles> {
	const keys = await keyPair(wanted.keyBits, wanted.hash);
	const certificate = await x509.X509CertificateGenerator.createSelfSigned({
		...dates(wanted),
		name: `CN=${wanted.name ?? "server"}`,
		keys,
		signingAlgorithm: { ...algorithm, hash: wanted.hash ?? algorithm.hash },
		extensions: applicationExtensions(wanted),
	});
	return await write(certificate.toString("pem"), keys.privateKey);
}

/** An authority for OPC UA applications that exists for one test. */
export class OpcuaAuthority {
	readonly #folder = temporaryFolder();
	readonly #keys: webcrypto.CryptoKeyPair;
	readonly #certificate: x509.X509Certificate;
	/** In PEM form: this authority, and those above it. */
	readonly #above: string;

	private constructor(keys: webcrypto.CryptoKeyPair, certificate: x509.X509Certificate, above: string) {
		this.#keys = keys;
		this.#certificate = certificate;
		this.#above = certificate.toString("pem") + above;
		writeFileSync(this.file, certificate.toString("pem"));
	}

	/** A root, or an authority below `parent`; without `mayIssue` one that only claims to be an authority. */
	static async create(name: string, parent?: OpcuaAuthority, mayIssue = true): Promise<OpcuaAuthority> {
		const keys = await keyPair();
		const extensions = [
			new x509.BasicConstraintsExtension(mayIssue, undefined, true),
			new x509.KeyUsagesExtension(use.keyCertSign | use.cRLSign, true),
		];
		const certificate = await x509.X509CertificateGenerator.create({
			...dates({ fromDays: -10, toDays: 1_000 }),
			subject: `CN=${name}`,
			issuer: parent === undefined ? `CN=${name}` : parent.#certificate.subject,
			publicKey: keys.publicKey,
			signingKey: parent === undefined ? keys.privateKey : parent.#keys.privateKey,
			signingAlgorithm: algorithm,
			extensions,
		});
		return new OpcuaAuthority(keys, certificate, parent === undefined ? "" : parent.#above);
	}

	get file(): string {
		return join(this.#folder, "authority.pem");
	}

	/** `sendsChain`: the file holds the authorities behind the certificate, too. */
	async issue(wanted: ApplicationCertificate = {}, sendsChain = false): Promise<CertificateFiles> {
		const keys = await keyPair(wanted.keyBits);
		const certificate = await x509.X509CertificateGenerator.create({
			...dates(wanted),
			subject: `CN=${wanted.name ?? "server"}`,
			issuer: this.#certificate.subject,
			publicKey: keys.publicKey,
			signingKey: this.#keys.privateKey,
			signingAlgorithm: algorithm,
			extensions: applicationExtensions(wanted),
		});
		return await write(certificate.toString("pem") + (sendsChain ? `\n${this.#above}` : ""), keys.privateKey);
	}

	/** A revocation list that names these certificates; its file. */
	async revocationList(revoked: readonly x509.X509Certificate[] = [], valid = { fromDays: 0, toDays: 30 }) {
		const list = await x509.X509CrlGenerator.create({
			issuer: this.#certificate.subject,
			thisUpdate: new Date(Date.now() + valid.fromDays * dayMs),
			nextUpdate: new Date(Date.now() + valid.toDays * dayMs),
			signingKey: this.#keys.privateKey,
			signingAlgorithm: algorithm,
			entries: revoked.map(({ serialNumber }) => ({ serialNumber, revocationDate: new Date() })),
		});
		const file = join(this.#folder, `list-${++serial}.pem`);
		writeFileSync(file, list.toString("pem"));
		return file;
	}
}
