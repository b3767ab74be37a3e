// First, because @peculiar/x509 asks for it when it is loaded.
import "reflect-metadata";
import { readFileSync } from "node:fs";
import { KeyUsageFlags } from "@peculiar/x509";
import { expect, test } from "vitest";
import {
	derParts,
	readCertificate,
	readRevocationList,
	splitChain,
} from "../../../agent/source/certificate.ts";
import { refusalsOf, type TrustList } from "../../../agent/source/server-trust.ts";
import type { CertificateFiles } from "../../helpers/certificates.ts";
import { OpcuaAuthority, selfSigned, serverUri } from "../../helpers/opcua-certificates.ts";

const expected = { applicationUri: serverUri, host: "127.0.0.1" };
const certificateIn = (file: string) =>
	readCertificate(derParts(readFileSync(file), "CERTIFICATE")[0] as Buffer);
const own = ({ certificateFile }: CertificateFiles) => certificateIn(certificateFile);
const listIn = (file: string) => readRevocationList(derParts(readFileSync(file), "X509 CRL")[0] as Buffer);

async function reasons(
	certificate: ReturnType<typeof own>,
	list: Partial<TrustList> = {},
	host = expected.host,
) {
	const all = { trusted: [certificate], issuers: [], revocationLists: [], ...list };
	const found = await refusalsOf([certificate], { ...expected, host }, all, Date.now());
	return found.map(({ reason }) => reason);
}

test("a sound and approved certificate has nothing against it", async () => {
	expect(await reasons(own(await selfSigned()))).toEqual([]);
});

test("everything that speaks against a certificate is said at once", async () => {
	const certificate = own(
		await selfSigned({ toDays: -1, fromDays: -2, hosts: ["other"], applicationUri: "urn:o" }),
	);
	expect(await reasons(certificate, { trusted: [] })).toEqual([
		"not_trusted",
		"expired",
		"host_name_differs",
		"application_uri_differs",
	]);
});

test("a key that is too short is refused", async () => {
	expect(await reasons(own(await selfSigned({ keyBits: 1_024 })))).toEqual(["key_length"]);
});

test("a signature that is weak or wrong is refused", async () => {
	expect(await reasons(own(await selfSigned({ hash: "SHA-1" })))).toEqual(["signature_weak"]);
	const der = Buffer.from(own(await selfSigned()).der);
	der[der.length - 1] = (der.at(-1) as number) ^ 1;
	expect(await reasons(readCertificate(der))).toEqual(["signature_wrong"]);
});

test("what a stranger wrote into a certificate cannot control a terminal, and is cut short", async () => {
	const { subject, thumbprint } = own(await selfSigned({ name: `\u001b[2J\u202e${"x".repeat(300)}` }));
	expect(subject).toMatch(/^CN=\?\[2J\?x+…$/);
	expect(subject.length).toBe(201);
	expect(thumbprint).toMatch(/^[0-9a-f]{40}$/);
});

test("a key that must not be used for channels is refused", async () => {
	expect(await reasons(own(await selfSigned({ keyUsages: KeyUsageFlags.cRLSign })))).toEqual(["wrong_use"]);
});

test("names and addresses of a host are compared by what they mean", async () => {
	const certificate = own(await selfSigned({ hosts: ["kiln.plant", "10.0.0.7"] }));
	expect(await reasons(certificate, {}, "KILN.plant")).toEqual([]);
	expect(await reasons(certificate, {}, "10.0.0.7")).toEqual([]);
	expect(await reasons(certificate, {}, "plant")).toEqual(["host_name_differs"]);
	expect(await reasons(certificate, {}, "10.0.0.70")).toEqual(["host_name_differs"]);
});

test("who only names an authority as the issuer is not its certificate", async () => {
	const [real, fake] = [await OpcuaAuthority.create("plant"), await OpcuaAuthority.create("plant")];
	const authority = certificateIn(real.file);
	const list = listIn(await real.revocationList());
	const certificate = own(await fake.issue());
	const found = await reasons(certificate, { trusted: [authority], revocationLists: [list] });
	expect(found).toEqual(["issuer_unknown", "not_trusted"]);
});

test("a revocation list that somebody else signed, or that is out of date, does not count", async () => {
	const [real, fake] = [await OpcuaAuthority.create("plant"), await OpcuaAuthority.create("plant")];
	const trusted = [certificateIn(real.file)];
	const certificate = own(await real.issue());
	const of = async (file: string) => await reasons(certificate, { trusted, revocationLists: [listIn(file)] });
	expect(await of(await real.revocationList())).toEqual([]);
	expect(await of(await fake.revocationList())).toEqual(["no_crl"]);
	expect(await of(await real.revocationList([], { fromDays: -9, toDays: -1 }))).toEqual(["crl_expired"]);
});

test("an issuer that is only known is not trusted, and does not make what it issued so", async () => {
	const authority = await OpcuaAuthority.create("plant");
	const certificate = own(await authority.issue());
	const rest = {
		issuers: [certificateIn(authority.file)],
		revocationLists: [listIn(await authority.revocationList())],
	};
	expect(await reasons(certificate, { trusted: [], ...rest })).toEqual(["not_trusted"]);
	expect(await reasons(certificate, rest)).toEqual([]);
});

test("an application cannot issue certificates, however much it is trusted", async () => {
	const application = await OpcuaAuthority.create("app", undefined, false);
	const certificate = own(await application.issue());
	const found = await reasons(certificate, { trusted: [certificateIn(application.file)] });
	expect(found).toEqual(["issuer_unknown", "not_trusted"]);
});

test("a server whose certificate claims to be an authority is taken, and its claim is not", async () => {
	const certificate = own(await selfSigned({ claimsAuthority: true }));
	expect(certificate.isAuthority).toBe(false);
	expect(await reasons(certificate)).toEqual([]);
});

test("a chain is cut where its certificates end, and what is no chain is refused", async () => {
	const [a, b] = [own(await selfSigned()), own(await selfSigned())];
	expect(splitChain(Buffer.concat([a.der, b.der]))).toEqual([a.der, b.der]);
	for (const bytes of [Buffer.from("nonsense"), Buffer.concat([a.der, Buffer.of(0)]), a.der.subarray(0, 100)])
		expect(() => splitChain(bytes)).toThrow(/expected a certificate at byte/);
	expect(() => splitChain(Buffer.concat(Array.from({ length: 11 }, () => a.der)))).toThrow(
		/at most 10 certificates/,
	);
	expect(() => readCertificate(Buffer.alloc(20_000))).toThrow(/at most 16384 bytes/);
});
