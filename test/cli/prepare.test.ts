import { X509Certificate } from "node:crypto";
import { globSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { prepare } from "../../cli/prepare/prepare.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const shipped = join(import.meta.dirname, "../../examples/mosquitto/acl");
const dayMs = 86_400_000;

/** What `prepare` printed and said of each file. */
async function prepared(
	folder: string,
	options: { acl?: string; brokerName?: string[]; nowMs?: number } = {},
) {
	const out = vi.spyOn(process.stdout, "write").mockReturnValue(true);
	const code = await prepare(folder, { acl: shipped, brokerName: [], json: true, ...options });
	const printed = out.mock.calls.map(([text]) => String(text)).join("");
	out.mockRestore();
	const { files } = JSON.parse(printed) as { files: Record<string, string> };
	return {
		code,
		printed,
		files,
		not: (fate: string) => Object.keys(files).filter((file) => files[file] !== fate),
	};
}

const contents = (folder: string) =>
	Object.fromEntries(
		globSync("*/*", { cwd: folder }).map((file) => [file, readFileSync(join(folder, file), "utf8")]),
	);

test("everything is made once and kept at every further start, with rights for owner and group only", async () => {
	const folder = temporaryFolder();
	const first = await prepared(folder);
	expect(first.code).toBe(0);
	expect(first.not("made")).toEqual([]);
	const made = contents(folder);
	expect(Object.keys(made).toSorted()).toEqual(Object.keys(first.files).toSorted());
	for (const file of Object.keys(made)) expect(statSync(join(folder, file)).mode & 0o777, file).toBe(0o440);
	const again = await prepared(folder);
	expect(again.not("kept")).toEqual([]);
	expect(contents(folder)).toEqual(made);
	for (const [file, text] of Object.entries(made))
		if (/password|token|key/.test(file)) expect(first.printed, file).not.toContain(text.trim());
});

test("servers' certificates hold for their names, are the authority's, and are renewed with their key", async () => {
	const folder = temporaryFolder();
	const nowMs = Date.now();
	const certificate = () => new X509Certificate(readFileSync(join(folder, "broker/server.crt")));
	await prepared(folder, { nowMs });
	const authority = new X509Certificate(readFileSync(join(folder, "agent/authority.crt")));
	const before = certificate();
	expect([before.verify(authority.publicKey), before.checkIssued(authority), authority.ca]).toEqual([
		true,
		true,
		true,
	]);
	for (const name of ["mosquitto", "localhost"]) expect(before.checkHost(name)).toBe(name);
	expect(before.checkIP("127.0.0.1")).toBe("127.0.0.1");
	expect(before.checkHost("broker.plant")).toBe(undefined);

	const named = await prepared(folder, { nowMs, brokerName: ["broker.plant", "10.1.2.3"] });
	expect(named.not("kept")).toEqual(["broker/server.crt"]);
	expect(certificate().checkHost("broker.plant")).toBe("broker.plant");
	expect(certificate().checkIP("10.1.2.3")).toBe("10.1.2.3");
	expect(certificate().publicKey.equals(before.publicKey)).toBe(true);

	const endMs = Date.parse(certificate().validTo);
	const names = { brokerName: ["broker.plant", "10.1.2.3"] };
	expect((await prepared(folder, { ...names, nowMs: endMs - 31 * dayMs })).not("kept")).toEqual([]);
	const renewed = await prepared(folder, { ...names, nowMs: endMs - 29 * dayMs });
	expect(renewed.not("kept").toSorted()).toEqual(["broker/server.crt", "database/server.crt"]);
	expect(Date.parse(certificate().validTo)).toBeGreaterThan(endMs);
});

test("a user that is added gets a password, and those who were there keep theirs", async () => {
	const folder = temporaryFolder();
	await prepared(folder);
	const lines = () => readFileSync(join(folder, "broker/passwords"), "utf8").trimEnd().split("\n");
	const before = lines();
	const acl = join(folder, "acl");
	writeFileSync(
		acl,
		`${readFileSync(shipped, "utf8")}\nuser agent-line-2\ntopic write spBv1.0/pilot/NDATA/line-2\n`,
	);
	const added = await prepared(folder, { acl });
	expect(added.not("kept").toSorted()).toEqual([
		"agent/agent-line-2.password",
		"broker/acl",
		"broker/passwords",
	]);
	expect(lines()).toEqual(expect.arrayContaining(before));
	expect(lines()).toHaveLength(before.length + 1);
});

test.each([
	["a user of another kind", "user operator\n", "expected users agent-… and collector-…, found operator"],
	["a user that is a path", "user agent-../../x\n", "found agent-../../x"],
	["no user", "# nobody\n", "found none"],
])("an access control with %s is refused, and nothing is made", async (_, text, message) => {
	const folder = temporaryFolder();
	const acl = join(folder, "acl");
	writeFileSync(acl, text);
	await expect(prepare(folder, { acl, brokerName: [], json: true })).rejects.toThrow(message);
	expect(globSync("*/*", { cwd: folder })).toEqual([]);
});
