// First, because @peculiar/x509 asks for it when it is loaded.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { temporaryFolder } from "./temporary-folder.ts";

x509.cryptoProvider.set(webcrypto);

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 86_400_000;

/** A certificate and its key as PEM files of the running test. */
export interface CertificateFiles {
	readonly certificateFile: string;
	readonly keyFile: string;
}

interface Validity {
	/** Days from now; negative for the past. */
	readonly fromDays?: number;
	readonly toDays?: number;
}

let serial = 0;

function validity({ fromDays = -1, toDays = 365 }: Validity) {
	return {
		serialNumber: (++serial).toString(16).padStart(4, "0"),
		notBefore: new Date(Date.now() + fromDays * dayMs),
		notAfter: new Date(Date.now() + toDays * dayMs),
	};
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
	return x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

/** A certificate authority that exists for one test. */
export class Authority {
	readonly #folder = temporaryFolder();
	#keys!: webcrypto.CryptoKeyPair;
	#certificate!: x509.X509Certificate;

	static async create(name: string): Promise<Authority> {
		const authority = new Authority();
		authority.#keys = (await webcrypto.subtle.generateKey(algorithm, true, [
			"sign",
			"verify",
		])) as webcrypto.CryptoKeyPair;
		authority.#certificate = await x509.X509CertificateGenerator.createSelfSigned({
			...validity({}),
			name: `CN=${name}`,
			keys: authority.#keys,
			signingAlgorithm: algorithm,
			extensions: [
				new x509.BasicConstraintsExtension(true, 0, true),
				new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
			],
		});
		writeFileSync(authority.caFile, authority.#certificate.toString("pem"));
		return authority;
	}

	get caFile(): string {
		return join(this.#folder, "ca.pem");
	}

	/** A certificate for these DNS names and addresses, or for a client that has none. */
	async issue(name: string, names: readonly string[] = [], valid: Validity = {}): Promise<CertificateFiles> {
		const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
			"sign",
			"verify",
		])) as webcrypto.CryptoKeyPair;
		const alternatives = names.map((value) => ({
			type: /^[\d.]+$/.test(value) ? ("ip" as const) : ("dns" as const),
			value,
		}));
		const certificate = await x509.X509CertificateGenerator.create({
			...validity(valid),
			subject: `CN=${name}`,
			issuer: this.#certificate.subject,
			publicKey: keys.publicKey,
			signingKey: this.#keys.privateKey,
			signingAlgorithm: algorithm,
			extensions: alternatives.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(alternatives)],
		});
		const files = {
			certificateFile: join(this.#folder, `${name}-${serial}.pem`),
			keyFile: join(this.#folder, `${name}-${serial}.key`),
		};
		writeFileSync(files.certificateFile, certificate.toString("pem"));
		writeFileSync(files.keyFile, await pemOf(keys.privateKey), { mode: 0o600 });
		return files;
	}
}
