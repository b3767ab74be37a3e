import { existsSync } from "node:fs";
import { type AgentConfig, agentConfig } from "../agent/config.ts";
import {
	type Certificate,
	certificateText,
	derParts,
	type RevocationList,
	readCertificate,
	readRevocationList,
	shown,
} from "../agent/source/certificate.ts";
import {
	CertificateStore,
	type RejectedCertificate,
	readBounded,
	type StoredCertificate,
	type UnusableFile,
} from "../agent/source/certificate-store.ts";
import {
	applicationUriOf,
	ensureOwnCertificates,
	ownCertificateFiles,
	readOwnCertificates,
} from "../agent/source/own-certificate.ts";
import { pkiFolder } from "../agent/source/own-identity.ts";
import { isListOf } from "../agent/source/server-trust.ts";
import { CodedError, errorText } from "../common/runtime/coded-error.ts";
import { loadConfigFile } from "../common/runtime/config-file.ts";
import { pathFrom } from "../common/runtime/config-values.ts";
import { table, timeText } from "./table.ts";

export interface CertOptions {
	readonly config: string;
	readonly json: boolean;
	/** For `trust`: what it issues is not trusted by that. */
	readonly issuer: boolean;
	readonly env: NodeJS.ProcessEnv;
}

interface Agent {
	readonly store: CertificateStore;
	readonly config: AgentConfig;
}

function agentOf({ config: file, env }: CertOptions): Agent {
	const { value: config, directory } = loadConfigFile(file, agentConfig, env);
	return { store: new CertificateStore(pkiFolder(pathFrom(directory, config.data_dir))), config };
}

function print(json: boolean, document: unknown, text: string): void {
	process.stdout.write(`${json ? JSON.stringify(document) : text}\n`);
}

/** What a certificate says, for a program. */
function described({ subject, issuer, applicationUri, hostNames, thumbprint, sha256, ...rest }: Certificate) {
	return {
		subject,
		issuer,
		applicationUri,
		hostNames,
		thumbprint,
		sha256,
		validFrom: new Date(rest.notBeforeMs).toISOString(),
		validTo: new Date(rest.notAfterMs).toISOString(),
		isAuthority: rest.isAuthority,
	};
}

function ownText(certificate: Certificate, file: string): string {
	return [
		["subject", certificate.subject],
		["application URI", shown(certificate.applicationUri ?? "none")],
		["host names", shown(certificate.hostNames.join(", ")) || "none"],
		["thumbprint", certificate.thumbprint],
		["SHA-256", certificate.sha256],
		["valid from (UTC)", timeText(certificate.notBeforeMs)],
		["valid to (UTC)", timeText(certificate.notAfterMs)],
		["for the server", file],
	]
		.map(([name, value]) => `${name?.padEnd(18)}${value}`)
		.join("\n");
}

/** Makes the agent's own certificate ahead of its first start; changes nothing when it is there. Resolves with the exit code. */
export async function initCertificate(options: CertOptions): Promise<number> {
	const { store, config } = agentOf(options);
	const { own, made } = await ensureOwnCertificates({
		folder: store.folder,
		applicationUri: applicationUriOf(config.group, config.edge_node),
		nowMs: Date.now(),
	});
	const files = ownCertificateFiles(store.folder);
	const document = {
		made,
		...described(own.current),
		file: files.certificate,
		derFile: files.certificateDer,
	};
	const head =
		made === "kept" ? "There is one already, and nothing was changed." : `The certificate was ${made}.`;
	const { certificate, certificateDer } = files;
	print(options.json, document, `${head}\n${ownText(own.current, `${certificate} (or ${certificateDer})`)}`);
	return 0;
}

/** Shows the agent's own certificate, and the file that a server's administrator needs. Resolves with the exit code. */
export async function showCertificate(options: CertOptions): Promise<number> {
	const { store } = agentOf(options);
	const own = await readOwnCertificates(store.folder, Date.now());
	if (own === undefined) {
		throw new CodedError(
			"OPCUA_OWN_CERTIFICATE_UNUSABLE",
			`expected the agent's certificate in ${ownCertificateFiles(store.folder).certificate}, found none; make it with: pilotline cert init --config ${options.config}`,
		);
	}
	const files = ownCertificateFiles(store.folder);
	const previous = own.previous === undefined ? undefined : described(own.previous);
	const document = {
		...described(own.current),
		file: files.certificate,
		derFile: files.certificateDer,
		previous,
	};
	const text = ownText(own.current, `${files.certificate} (or ${files.certificateDer})`);
	const before = `\nThe one before it, ${own.previous?.thumbprint}, is used where a server does not take this one yet.`;
	print(options.json, document, previous === undefined ? text : text + before);
	return 0;
}

/** Lists what is trusted, known as an issuer, and was rejected. Resolves with the exit code. */
export async function listCertificates(options: CertOptions): Promise<number> {
	const { store } = agentOf(options);
	const unusable: UnusableFile[] = [];
	const trusted = await store.certificates("trusted", unusable);
	const issuers = await store.certificates("issuers", unusable);
	const { revocationLists } = await store.trustList();
	const rejected = await store.rejected();
	const stored = ({ certificate, file }: StoredCertificate) => ({ ...described(certificate), file });
	const document = {
		trusted: trusted.map(stored),
		issuers: issuers.map(stored),
		rejected: rejected.map((one) => ({ ...stored(one), seen: one.seen })),
		revocationLists: revocationLists.map(({ issuer, thisUpdateMs, nextUpdateMs }) => ({
			issuer,
			from: new Date(thisUpdateMs).toISOString(),
			until: nextUpdateMs === undefined ? undefined : new Date(nextUpdateMs).toISOString(),
		})),
		unusable,
	};
	const head = [
		"",
		"thumbprint",
		"subject",
		"application URI",
		"valid from (UTC)",
		"valid to (UTC)",
		"server",
		"why",
	];
	const row = (what: string, certificate: Certificate, server = "", why = "") => [
		what,
		certificate.thumbprint,
		certificate.subject,
		shown(certificate.applicationUri ?? ""),
		timeText(certificate.notBeforeMs),
		timeText(certificate.notAfterMs),
		server,
		why,
	];
	const rows = [
		...trusted.map(({ certificate }) =>
			row(certificate.isAuthority ? "trusted authority" : "trusted", certificate),
		),
		...issuers.map(({ certificate }) => row("issuer", certificate)),
		...rejected.map(({ certificate, seen }) =>
			row(
				"rejected",
				certificate,
				seen.map(({ server }) => server).join(", "),
				[...new Set(seen.flatMap(({ reasons }) => reasons))].join(", "),
			),
		),
	];
	const lists = revocationLists.map(
		({ issuer, nextUpdateMs }) =>
			`revocation list of ${issuer}${nextUpdateMs === undefined ? "" : `, until ${timeText(nextUpdateMs)}`}`,
	);
	const problems = unusable.map(({ file, problem }) => `${file} cannot be used: ${problem}`);
	const text = [
		rows.length === 0 ? "no certificates of servers yet" : table(head, rows),
		...lists,
		...problems,
	];
	print(options.json, document, text.join("\n"));
	return 0;
}

/**
 * Approves a rejected certificate by its thumbprint, or certificates and revocation lists in a file. A running agent takes it
 * at its next attempt. Resolves with the exit code.
 */
export async function trust(what: string, options: CertOptions): Promise<number> {
	const { store } = agentOf(options);
	const { certificates, lists } = existsSync(what) ? await inFile(what) : await rejectedBy(what, store);
	const done: { what: string; file: string }[] = [];
	// Who approves a server with its whole chain does not mean everything that its authorities ever issue.
	const isChain = certificates.some(({ isAuthority }) => !isAuthority);
	for (const certificate of certificates) {
		if (options.issuer && !certificate.isAuthority)
			throw new CodedError(
				"USAGE",
				`expected an authority for --issuer, found ${certificateText(certificate)}`,
			);
		const isIssuer = options.issuer || (certificate.isAuthority && isChain);
		const file = await store.trust(certificate, isIssuer ? "issuers" : "trusted");
		const also = certificate.isAuthority ? ", and whatever it issues" : "";
		done.push({
			what: isIssuer
				? `known as an issuer: ${certificateText(certificate)}`
				: `trusted: ${certificateText(certificate)}${also}`,
			file,
		});
	}
	for (const list of lists) done.push(await keepList(list, store));
	print(options.json, { done }, done.map((one) => `${one.what}\n  ${one.file}`).join("\n"));
	return 0;
}

/** Takes approval back: the certificate is kept as a rejected one. Resolves with the exit code. */
export async function rejectCertificate(thumbprint: string, options: CertOptions): Promise<number> {
	const { store } = agentOf(options);
	const unusable: UnusableFile[] = [];
	const stored = [
		...(await store.certificates("trusted", unusable)),
		...(await store.certificates("issuers", unusable)),
	].filter(({ certificate }) => isNamed(certificate, thumbprint));
	const [first] = stored;
	if (first === undefined) {
		const known = (await store.rejected()).some(({ certificate }) => isNamed(certificate, thumbprint));
		throw new CodedError(
			"USAGE",
			known
				? `${thumbprint} is rejected already`
				: `expected the thumbprint of a trusted certificate, found ${thumbprint}; pilotline cert list shows them`,
		);
	}
	const message = "somebody took the approval back";
	await store.reject(
		first.certificate,
		{ server: "", endpoint: "", reasons: ["taken_back"], message },
		Date.now(),
	);
	for (const { file } of stored) await store.forget(file);
	const above = (await store.certificates("trusted", unusable)).find(
		({ certificate }) =>
			certificate.isAuthority && certificate.parsed.subject === first.certificate.parsed.issuer,
	);
	const still =
		above === undefined
			? ""
			: `\nWhat ${certificateText(above.certificate)} issues is still trusted, this one, too, until that authority revokes it.`;
	const text = `rejected: ${certificateText(first.certificate)}; a running agent ends its session within a minute${still}`;
	print(options.json, { rejected: described(first.certificate) }, text);
	return 0;
}

function isNamed({ thumbprint, sha256 }: Certificate, name: string): boolean {
	const wanted = name.replace(/[:\s]/g, "").toLowerCase();
	return wanted === thumbprint || wanted === sha256;
}

interface Found {
	readonly certificates: readonly Certificate[];
	readonly lists: readonly RevocationList[];
}

async function rejectedBy(thumbprint: string, store: CertificateStore): Promise<Found> {
	const unusable: UnusableFile[] = [];
	const found: (RejectedCertificate | StoredCertificate)[] = [
		...(await store.rejected()),
		...(await store.certificates("trusted", unusable)),
		...(await store.certificates("issuers", unusable)),
	];
	const one = found.find(({ certificate }) => isNamed(certificate, thumbprint));
	if (one === undefined) {
		throw new CodedError(
			"USAGE",
			`expected a file, or the thumbprint of a certificate that pilotline cert list shows, found ${thumbprint}`,
		);
	}
	return { certificates: [one.certificate], lists: [] };
}

/** Certificates and revocation lists of a file, in PEM or DER form. */
async function inFile(file: string): Promise<Found> {
	try {
		const bytes = await readBounded(file);
		if (bytes.includes("-----BEGIN ")) {
			const certificates = derParts(bytes, "CERTIFICATE").map(readCertificate);
			const lists = derParts(bytes, "X509 CRL").map(readRevocationList);
			if (certificates.length + lists.length > 0) return { certificates, lists };
			throw new Error("it holds neither a certificate nor a revocation list");
		}
		try {
			return { certificates: [readCertificate(bytes)], lists: [] };
		} catch {
			return { certificates: [], lists: [readRevocationList(bytes)] };
		}
	} catch (error) {
		throw new CodedError(
			"USAGE",
			`expected a certificate or a revocation list, PEM or DER, in ${file}, found that ${errorText(error)}`,
		);
	}
}

async function keepList(
	list: RevocationList,
	store: CertificateStore,
): Promise<{ what: string; file: string }> {
	const unusable: UnusableFile[] = [];
	for (const kind of ["trusted", "issuers"] as const) {
		for (const { certificate } of await store.certificates(kind, unusable)) {
			if (!(await isListOf(list, certificate))) continue;
			const { revocationLists } = await store.trustList();
			const newer = revocationLists.find(
				({ issuer, thisUpdateMs }) => issuer === list.issuer && thisUpdateMs > list.thisUpdateMs,
			);
			if (newer !== undefined) {
				throw new CodedError(
					"USAGE",
					`expected a revocation list of ${list.issuer} that is newer than the one of ${timeText(newer.thisUpdateMs)}, found one of ${timeText(list.thisUpdateMs)}`,
				);
			}
			const file = await store.keepRevocationList(list, certificate, kind);
			return { what: `revocation list of ${list.issuer}, ${list.parsed.entries.length} revoked`, file };
		}
	}
	throw new CodedError(
		"USAGE",
		`expected a revocation list that a trusted authority or a known issuer has signed, found one of ${list.issuer}; approve that authority first`,
	);
}
