// First, because @peculiar/x509 asks for it when it is loaded.
import "reflect-metadata";
import { BlockList, isIP } from "node:net";
import * as x509 from "@peculiar/x509";
import { type Certificate, certificateText, type RevocationList, shown } from "./certificate.ts";

/** Why a certificate is not accepted, in the order of the checks (Part 4 6.1.3). */
export type RefusalReason =
	| "unreadable"
	| "signature_wrong"
	| "issuer_unknown"
	| "key_length"
	| "signature_weak"
	| "not_trusted"
	| "not_yet_valid"
	| "expired"
	| "host_name_differs"
	| "application_uri_differs"
	| "wrong_use"
	| "no_crl"
	| "crl_expired"
	| "revoked";

export interface Refusal {
	readonly reason: RefusalReason;
	/** What was expected, what was found, and what to do. */
	readonly message: string;
}

/** What has been approved: `trusted` with everything it issued, `issuers` only for the chain. */
export interface TrustList {
	readonly trusted: readonly Certificate[];
	readonly issuers: readonly Certificate[];
	readonly revocationLists: readonly RevocationList[];
}

/** What a server's certificate must say. */
export interface ExpectedServer {
	/** As the server's endpoint names it. */
	readonly applicationUri: string;
	/** DNS name or address. */
	readonly host: string;
}

const keyBitsMin = 2_048;
const keyBitsMax = 4_096;
const chainMax = 10;
const serverAuthentication = "1.3.6.1.5.5.7.3.1";

/**
 * Everything that speaks against a server's certificate, in the order of the checks; empty when it is accepted. `chain`
 * is what the server sent, its own certificate first. What it sent beside that helps to find issuers and is trusted
 * for nothing (Part 4 6.1.3, table 100; Part 6 6.2.2 for what the certificate must contain).
 */
export async function refusalsOf(
	chain: readonly [Certificate, ...Certificate[]],
	expected: ExpectedServer,
	list: TrustList,
	nowMs: number,
): Promise<Refusal[]> {
	const [own, ...sent] = chain;
	const found: Refusal[] = [];
	const refuse = (reason: RefusalReason, message: string) => found.push({ reason, message });
	const issuers = await issuersOf(own, [...list.trusted, ...list.issuers], sent, refuse);
	keyRefusals(own, refuse);
	const approved = new Set(list.trusted.map(({ sha256 }) => sha256));
	if (![own, ...issuers].some(({ sha256 }) => approved.has(sha256))) {
		refuse(
			"not_trusted",
			`nobody has approved it; compare the thumbprint, then: cert trust ${own.thumbprint}`,
		);
	}
	for (const certificate of [own, ...issuers])
		validityRefusals(certificate, certificate === own, nowMs, refuse);
	if (!namesHost(own, expected.host)) {
		const names = shown(own.hostNames.join(", ")) || "none";
		refuse(
			"host_name_differs",
			`expected the host name ${expected.host} in it, found ${names}; correct the endpoint, have the certificate made anew, or set security.server_name`,
		);
	}
	if (own.applicationUri !== expected.applicationUri) {
		refuse(
			"application_uri_differs",
			`expected the server's application URI ${shown(expected.applicationUri)} in it, found ${shown(own.applicationUri ?? "none")}; have the certificate made anew`,
		);
	}
	useRefusals(own, refuse);
	for (const [index, issuer] of issuers.entries()) {
		const issued = index === 0 ? own : (issuers[index - 1] as Certificate);
		await revocationRefusals(issued, issuer, list.revocationLists, nowMs, refuse);
	}
	return found;
}

type Refuse = (reason: RefusalReason, message: string) => void;

/** From the certificate's issuer up to the root; empty for one that signed itself. */
async function issuersOf(
	own: Certificate,
	known: readonly Certificate[],
	sent: readonly Certificate[],
	refuse: Refuse,
): Promise<Certificate[]> {
	const issuers: Certificate[] = [];
	let last = own;
	while (!last.isSelfIssued) {
		const issuer = await issuerOf(last, [...known, ...sent]);
		// A root that nobody here knows proves nothing, also when the server sent it along.
		if (
			issuer === undefined ||
			(issuer.isSelfIssued && !known.some(({ sha256 }) => sha256 === issuer.sha256))
		) {
			refuse(
				"issuer_unknown",
				`${last === own ? "its" : `the issuer ${last.subject} has an`} issuer ${last.issuer} ${last === own ? "" : "that "}is not known here; get that authority's certificate and: cert trust FILE, or cert trust --issuer FILE`,
			);
			return issuers;
		}
		if (issuers.length === chainMax || pathLengthOf(issuer) < issuers.length) {
			refuse("wrong_use", `the authority ${issuer.subject} must not stand so far above it`);
			return issuers;
		}
		issuers.push(issuer);
		last = issuer;
	}
	if (!(await isSignedBy(last, last))) refuse("signature_wrong", `the signature of ${last.subject} is wrong`);
	return issuers;
}

async function issuerOf(
	issued: Certificate,
	candidates: readonly Certificate[],
): Promise<Certificate | undefined> {
	for (const candidate of candidates) {
		if (
			candidate.parsed.subject !== issued.parsed.issuer ||
			!candidate.isAuthority ||
			!mayUse(candidate, "keyCertSign")
		)
			continue;
		if (await isSignedBy(issued, candidate)) return candidate;
	}
	return undefined;
}

async function isSignedBy(issued: Certificate, issuer: Certificate): Promise<boolean> {
	try {
		return await issued.parsed.verify({ publicKey: issuer.parsed.publicKey, signatureOnly: true });
	} catch {
		// A key of a kind that cannot be used here proves nothing.
		return false;
	}
}

function pathLengthOf({ parsed }: Certificate): number {
	return parsed.getExtension(x509.BasicConstraintsExtension)?.pathLength ?? Number.POSITIVE_INFINITY;
}

/** Key length and signature as all three policies ask for them (Part 7: 2,048 to 4,096 bits, no SHA-1). */
function keyRefusals({ node, parsed }: Certificate, refuse: Refuse): void {
	const { asymmetricKeyType, asymmetricKeyDetails } = node.publicKey;
	const bits = asymmetricKeyDetails?.modulusLength ?? 0;
	if (asymmetricKeyType !== "rsa" || bits < keyBitsMin || bits > keyBitsMax) {
		const kind = asymmetricKeyType === "rsa" ? `${bits} bits` : `a key of kind ${asymmetricKeyType}`;
		refuse(
			"key_length",
			`expected an RSA key of ${keyBitsMin} to ${keyBitsMax} bits, found ${kind}; have the certificate made anew`,
		);
	}
	const hash = parsed.signatureAlgorithm.hash?.name;
	if (hash === undefined || /^(?:SHA-1|MD\d)$/i.test(hash))
		refuse("signature_weak", `expected a signature with SHA-256 or more, found ${hash ?? "an unknown one"}`);
}

function validityRefusals(
	{ subject, notBeforeMs, notAfterMs }: Certificate,
	isOwn: boolean,
	nowMs: number,
	refuse: Refuse,
): void {
	const whose = isOwn ? "it" : `its issuer ${subject}`;
	if (nowMs < notBeforeMs)
		refuse(
			"not_yet_valid",
			`${whose} is valid from ${day(notBeforeMs)}, now is ${day(nowMs)}; check both clocks`,
		);
	if (nowMs > notAfterMs)
		refuse(
			"expired",
			`${whose} was valid until ${day(notAfterMs)}; have it made anew, then approve the new one`,
		);
}

function day(ms: number): string {
	return new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}

function namesHost({ node, hostNames }: Certificate, host: string): boolean {
	const bare = host.replace(/^\[(.*)\]$/, "$1");
	const version = isIP(bare);
	if (version === 0) return node.checkHost(bare, { subject: "never", wildcards: false }) !== undefined;
	// Addresses have several spellings; a list compares what they mean.
	const wanted = new BlockList();
	wanted.addAddress(bare, version === 6 ? "ipv6" : "ipv4");
	return hostNames.some((name) => {
		const kind = isIP(name);
		return kind === version && wanted.check(name, kind === 6 ? "ipv6" : "ipv4");
	});
}

/** Only what is used is asked for: some servers leave nonRepudiation out, which proves nothing here. */
function useRefusals(own: Certificate, refuse: Refuse): void {
	const uses = own.parsed.getExtension(x509.KeyUsagesExtension);
	const mayEncipher = mayUse(own, "keyEncipherment") || mayUse(own, "dataEncipherment");
	if (uses !== null && !(mayUse(own, "digitalSignature") && mayEncipher)) {
		refuse("wrong_use", "expected the key usages digitalSignature and keyEncipherment, found others");
	}
	const extended = own.parsed.getExtension(x509.ExtendedKeyUsageExtension);
	if (extended !== null && !extended.usages.some((usage) => String(usage) === serverAuthentication))
		refuse("wrong_use", "expected the extended key usage serverAuth, found others");
	if (own.isAuthority && !own.isSelfIssued)
		refuse("wrong_use", "expected the certificate of an application, found that of an authority");
}

function mayUse({ parsed }: Certificate, use: keyof typeof x509.KeyUsageFlags): boolean {
	const uses = parsed.getExtension(x509.KeyUsagesExtension);
	return uses === null || (uses.usages & x509.KeyUsageFlags[use]) !== 0;
}

/** Each authority of the chain must have a current list that does not name what it issued (Part 4 6.1.3). */
async function revocationRefusals(
	issued: Certificate,
	issuer: Certificate,
	lists: readonly RevocationList[],
	nowMs: number,
	refuse: Refuse,
): Promise<void> {
	let newest: RevocationList | undefined;
	for (const list of lists) {
		if (list.parsed.issuer !== issuer.parsed.subject || list.thisUpdateMs <= (newest?.thisUpdateMs ?? -1))
			continue;
		if (await isListOf(list, issuer)) newest = list;
	}
	if (newest === undefined) {
		refuse(
			"no_crl",
			`expected a revocation list of ${issuer.subject}, found none; get it and: cert trust FILE`,
		);
		return;
	}
	if (newest.parsed.findRevoked(issued.parsed) !== null)
		refuse("revoked", `${issuer.subject} has revoked ${certificateText(issued)}`);
	if (newest.nextUpdateMs !== undefined && nowMs > newest.nextUpdateMs) {
		refuse(
			"crl_expired",
			`the revocation list of ${issuer.subject} had to be replaced by ${day(newest.nextUpdateMs)}; get the present one and: cert trust FILE`,
		);
	}
}

/** Whether a revocation list is signed by this authority. */
export async function isListOf(list: RevocationList, issuer: Certificate): Promise<boolean> {
	if (list.parsed.issuer !== issuer.parsed.subject || !issuer.isAuthority || !mayUse(issuer, "cRLSign"))
		return false;
	try {
		return await list.parsed.verify({ publicKey: issuer.parsed.publicKey });
	} catch {
		return false;
	}
}
