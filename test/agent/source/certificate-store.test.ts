import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Certificate, derParts, readCertificate } from "../../../agent/source/certificate.ts";
import { CertificateStore } from "../../../agent/source/certificate-store.ts";
import { selfSigned } from "../../helpers/opcua-certificates.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

async function certificate(): Promise<Certificate> {
	const { certificateFile } = await selfSigned();
	return readCertificate(derParts(readFileSync(certificateFile), "CERTIFICATE")[0] as Buffer);
}

const seenAt = (server: string) => ({
	server,
	endpoint: `opc.tcp://${server}`,
	reasons: ["not_trusted"],
	message: "no",
});

test("somebody who sends certificate after certificate does not fill the disk", async () => {
	const store = new CertificateStore(temporaryFolder());
	const real = await certificate();
	let dropped = 0;
	for (let index = 0; index < 40; index++) {
		const thumbprint = index.toString(16).padStart(40, "0");
		dropped += (await store.reject({ ...real, thumbprint }, seenAt("kiln"), index)).dropped;
	}
	expect(dropped).toBe(8);
	const files = readdirSync(join(store.folder, "rejected"));
	expect(files.length).toBe(2 * 32);
	expect(files).toContain(`${(39).toString(16).padStart(40, "0")}.pem`);
});

test("a certificate remembers at which servers it was seen, first and last, and no more than eight of them", async () => {
	const store = new CertificateStore(temporaryFolder());
	const real = await certificate();
	expect(await store.reject(real, seenAt("a"), 1_000)).toMatchObject({ isNews: true });
	expect(await store.reject(real, seenAt("a"), 2_000)).toMatchObject({ isNews: false });
	await store.reject(real, seenAt("a"), 4_000_000);
	expect((await store.rejected())[0]?.seen).toEqual([
		{ ...seenAt("a"), firstSeen: "1970-01-01T00:00:01.000Z", lastSeen: "1970-01-01T01:06:40.000Z" },
	]);
	for (const server of "bcdefghij") await store.reject(real, seenAt(server), 5_000_000);
	expect((await store.rejected())[0]?.seen.map(({ server }) => server).join("")).toBe("cdefghij");
});

test("a file that cannot be used is told, and the others count", async () => {
	const store = new CertificateStore(temporaryFolder());
	const real = await certificate();
	await store.trust(real, "trusted");
	writeFileSync(join(store.folder, "trusted", "certs", "broken.pem"), "nonsense");
	mkdirSync(join(store.folder, "trusted", "crl"));
	writeFileSync(join(store.folder, "trusted", "crl", "huge.crl"), Buffer.alloc(1024 * 1024 + 1));
	const { trusted, unusable } = await store.trustList();
	expect(trusted.map(({ thumbprint }) => thumbprint)).toEqual([real.thumbprint]);
	expect(unusable.map(({ file }) => file.split("/").at(-1))).toEqual(["broken.pem", "huge.crl"]);
});
