import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorText } from "../../common/runtime/coded-error.ts";
import {
	type Certificate,
	derParts,
	pemOf,
	type RevocationList,
	readCertificate,
	readRevocationList,
} from "./certificate.ts";
import type { TrustList } from "./server-trust.ts";

/** A server at which a refused certificate was seen. */
export interface Sighting {
	readonly server: string;
	readonly endpoint: string;
	readonly reasons: readonly string[];
	readonly message: string;
	readonly firstSeen: string;
	readonly lastSeen: string;
}

export interface RejectedCertificate {
	readonly certificate: Certificate;
	readonly file: string;
	readonly seen: readonly Sighting[];
}

/** A file of the trust list that could not be used. */
export interface UnusableFile {
	readonly file: string;
	readonly problem: string;
}

export interface StoredCertificate {
	readonly certificate: Certificate;
	readonly file: string;
}

const rejectedMax = 32;
const sightingsMax = 8;
const filesMax = 500;
const fileBytesMax = 1024 * 1024;
/** A server that is tried every few seconds must not write to the disk as often. */
const sightingAgeMs = 3_600_000;

/**
 * The certificates of an agent, as files that any program may look at: `trusted`, `issuers`, each with certificates and
 * revocation lists, and `rejected` (the layout of Part 12 F.1). Nothing is kept in memory: what is approved counts at the next look.
 */
export class CertificateStore {
	readonly folder: string;

	/** `folder`: the `pki` folder of an agent's data directory. */
	constructor(folder: string) {
		this.folder = folder;
	}

	async trustList(): Promise<TrustList & { readonly unusable: readonly UnusableFile[] }> {
		const unusable: UnusableFile[] = [];
		const trusted = await this.certificates("trusted", unusable);
		const issuers = await this.certificates("issuers", unusable);
		return {
			trusted: trusted.map(({ certificate }) => certificate),
			issuers: issuers.map(({ certificate }) => certificate),
			revocationLists: [
				...(await this.#revocationLists("trusted", unusable)),
				...(await this.#revocationLists("issuers", unusable)),
			],
			unusable,
		};
	}

	/** What lies in `trusted` or `issuers`; a file that cannot be used is told and left out. */
	async certificates(kind: "trusted" | "issuers", unusable: UnusableFile[]): Promise<StoredCertificate[]> {
		const found: StoredCertificate[] = [];
		for (const file of await filesIn(join(this.folder, kind, "certs"))) {
			try {
				for (const der of derParts(await readBounded(file), "CERTIFICATE"))
					found.push({ certificate: readCertificate(der), file });
			} catch (error) {
				unusable.push({ file, problem: errorText(error) });
			}
		}
		return found;
	}

	async #revocationLists(kind: "trusted" | "issuers", unusable: UnusableFile[]): Promise<RevocationList[]> {
		const found: RevocationList[] = [];
		for (const file of await filesIn(join(this.folder, kind, "crl"))) {
			try {
				for (const der of derParts(await readBounded(file), "X509 CRL")) found.push(readRevocationList(der));
			} catch (error) {
				unusable.push({ file, problem: errorText(error) });
			}
		}
		return found;
	}

	async rejected(): Promise<RejectedCertificate[]> {
		const found: RejectedCertificate[] = [];
		for (const file of await filesIn(join(this.folder, "rejected"))) {
			if (!file.endsWith(".pem")) continue;
			try {
				const [der] = derParts(await readBounded(file), "CERTIFICATE");
				if (der === undefined) continue;
				found.push({ certificate: readCertificate(der), file, seen: await sightingsOf(file) });
			} catch {
				// What was refused and cannot even be read is of no use to anyone.
			}
		}
		return found;
	}

	/**
	 * Keeps a refused certificate for people to look at, with where it was seen and why. Only so many are kept, because a stranger
	 * can send as many as he likes: resolves with how many older ones went for it.
	 */
	async reject(
		certificate: Certificate,
		seen: Omit<Sighting, "firstSeen" | "lastSeen">,
		nowMs: number,
	): Promise<{ file: string; isNews: boolean; dropped: number }> {
		const folder = join(this.folder, "rejected");
		await mkdir(folder, { recursive: true, mode: 0o755 });
		const file = join(folder, `${certificate.thumbprint}.pem`);
		const now = new Date(nowMs).toISOString();
		const sightings = await sightingsOf(file);
		const same = sightings.find(
			({ server, endpoint }) => server === seen.server && endpoint === seen.endpoint,
		);
		const isKnown = same?.message === seen.message && nowMs - Date.parse(same.lastSeen) < sightingAgeMs;
		if (isKnown && (await exists(file))) return { file, isNews: false, dropped: 0 };
		const others = sightings.filter((sighting) => sighting !== same).slice(-(sightingsMax - 1));
		const sighting = { ...seen, firstSeen: same?.firstSeen ?? now, lastSeen: now };
		await replaceFile(file, pemOf(certificate.der, "CERTIFICATE"), 0o644);
		await replaceFile(
			noteOf(file),
			`${JSON.stringify({ seen: [...others, sighting] }, null, "\t")}\n`,
			0o644,
		);
		return { file, isNews: true, dropped: await this.#boundRejected(folder, file) };
	}

	/** What is accepted now needs no review any more. */
	async accepted({ thumbprint }: Certificate): Promise<void> {
		await this.forget(join(this.folder, "rejected", `${thumbprint}.pem`));
	}

	async #boundRejected(folder: string, newest: string): Promise<number> {
		const files = (await filesIn(folder)).filter((file) => file.endsWith(".pem") && file !== newest);
		const aged = await Promise.all(
			files.map(async (file) => ({ file, ms: (await stat(file).catch(() => undefined))?.mtimeMs ?? 0 })),
		);
		const surplus = aged.sort((a, b) => b.ms - a.ms).slice(rejectedMax - 1);
		for (const { file } of surplus) await this.forget(file);
		return surplus.length;
	}

	/** Approves a certificate: with everything it issues, or as an issuer that chains may name. Resolves with its file. */
	async trust(certificate: Certificate, kind: "trusted" | "issuers"): Promise<string> {
		const file = join(this.folder, kind, "certs", `${certificate.thumbprint}.pem`);
		await mkdir(join(this.folder, kind, "certs"), { recursive: true, mode: 0o755 });
		await replaceFile(file, pemOf(certificate.der, "CERTIFICATE"), 0o644);
		await this.accepted(certificate);
		return file;
	}

	/** Keeps a revocation list in place of the one that was there of the same authority. Resolves with its file. */
	async keepRevocationList(
		list: RevocationList,
		issuer: Certificate,
		kind: "trusted" | "issuers",
	): Promise<string> {
		const file = join(this.folder, kind, "crl", `${issuer.thumbprint}.pem`);
		await mkdir(join(this.folder, kind, "crl"), { recursive: true, mode: 0o755 });
		await replaceFile(file, pemOf(list.der, "X509 CRL"), 0o644);
		return file;
	}

	/** Removes a file of the store, and what was noted beside it. */
	async forget(file: string): Promise<void> {
		await rm(file, { force: true });
		await rm(noteOf(file), { force: true });
	}
}

function noteOf(file: string): string {
	return file.replace(/\.pem$/, ".json");
}

async function sightingsOf(file: string): Promise<Sighting[]> {
	try {
		const note = JSON.parse((await readBounded(noteOf(file))).toString("utf8")) as { seen?: Sighting[] };
		return Array.isArray(note.seen) ? note.seen.slice(-sightingsMax) : [];
	} catch {
		// Nothing was noted, or somebody else put the certificate here.
		return [];
	}
}

async function exists(file: string): Promise<boolean> {
	return (await stat(file).catch(() => undefined)) !== undefined;
}

async function filesIn(folder: string): Promise<string[]> {
	const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
		if (error.code === "ENOENT") return [];
		throw error;
	});
	return names
		.filter((name) => !name.startsWith("."))
		.sort()
		.slice(0, filesMax)
		.map((name) => join(folder, name));
}

/** @throws Error when the file is larger than anything that belongs here */
export async function readBounded(file: string, bytesMax = fileBytesMax): Promise<Buffer> {
	const { size } = await stat(file);
	if (size > bytesMax) throw new Error(`expected at most ${bytesMax} bytes in ${file}, found ${size}`);
	return await readFile(file);
}

/** Writes a small file with this mode so that after a power cut it is either the old one or the new one. */
export async function replaceFile(path: string, content: string | Buffer, mode: number): Promise<void> {
	// Several servers are refused at the same time, and the command runs beside the agent.
	const temporary = join(path, "..", `.${randomUUID()}.new`);
	const handle = await open(temporary, "wx", mode);
	try {
		await handle.writeFile(content);
		await handle.sync();
	} finally {
		await handle.close();
	}
	await rename(temporary, path);
}
