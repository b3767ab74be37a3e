import { join } from "node:path";
import { expect, test } from "vitest";
import { ownCertificateFiles } from "../../agent/source/own-certificate.ts";
import { examine } from "../../cli/doctor/doctor.ts";
import { statusCodes } from "../../common/contract/status.ts";
import { selfSigned, serverUri } from "../helpers/opcua-certificates.ts";
import { runCommand } from "../helpers/run-command.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { cert } from "../integration/cert-command.ts";
import { AgentFolder } from "../integration/secured-line.ts";
import { tagLine } from "../integration/tags-rig.ts";
import { expectEach, type ForeignTag, foreignSource, good, soon, startMs, ticksAt } from "./foreign-line.ts";
import { ForeignServer, type ForeignValue, foreignUri, makers } from "./foreign-server.ts";

const root = new URL("../../", import.meta.url).pathname;

/** By built-in type: the type of the tag, and pairs of what is written and what our sample has. */
const everyType: Record<string, [string, [ForeignValue["value"], unknown][]]> = {
	Boolean: ["Boolean", [[true, 1], [false, 0]]], // biome-ignore format: one line for each type
	SByte: ["Int8", [[-128, -128], [127, 127]]], // biome-ignore format: as above
	Byte: ["UInt8", [[0, 0], [255, 255]]], // biome-ignore format: as above
	Int16: ["Int16", [[-32_768, -32_768], [32_767, 32_767]]], // biome-ignore format: as above
	UInt16: ["UInt16", [[0, 0], [65_535, 65_535]]], // biome-ignore format: as above
	Int32: ["Int32", [[-2_147_483_648, -2_147_483_648], [2_147_483_647, 2_147_483_647]]], // biome-ignore format: as above
	UInt32: ["UInt32", [[0, 0], [4_294_967_295, 4_294_967_295]]], // biome-ignore format: as above
	Int64: ["Int64", [[String(-(2n ** 63n)), -(2n ** 63n)], [String(2n ** 63n - 1n), 2n ** 63n - 1n]]], // biome-ignore format: as above
	UInt64: ["UInt64", [["0", 0n], [String(2n ** 64n - 1n), 2n ** 64n - 1n]]], // biome-ignore format: as above
	Float: ["Float", [[-1.5, -1.5], ["Infinity", Number.POSITIVE_INFINITY], ["NaN", Number.NaN]]], // biome-ignore format: as above
	Double: ["Double", [[Number.MAX_VALUE, Number.MAX_VALUE], ["-Infinity", Number.NEGATIVE_INFINITY], ["NaN", Number.NaN], [-0.1, -0.1]]], // biome-ignore format: as above
	String: ["String", [["", ""], ["Tür Δ 温度", "Tür Δ 温度"]]], // biome-ignore format: as above
	DateTime: ["DateTime", [[ticksAt(startMs), startMs], [ticksAt(0), 0]]], // biome-ignore format: as above
	ByteString: ["Bytes", [["00ff10", Buffer.from("00ff10", "hex")], ["", Buffer.alloc(0)]]], // biome-ignore format: as above
	Guid: ["String", [["6d7a3c1e-0b0f-4a83-9c61-0f51d2a7c001", "6D7A3C1E-0B0F-4A83-9C61-0F51D2A7C001"]]], // biome-ignore format: as above
	LocalizedText: ["String", [["läuft", "läuft"]]],
};
const names = Object.keys(everyType);
const tags: ForeignTag[] = names.map((name) => ({ name, type: everyType[name]?.[0] ?? "" }));
const variables = Object.fromEntries(names.map((name) => [name, name]));
const uncertain = 0x4094_0000;
const badSensor = 0x808c_0000;

for (const maker of makers) {
	maker.describe(`a server of ${maker.name}`, () => {
		test("every data type and kind of status comes as it was written, with its source time to the server's smallest step", {
			timeout: 120_000,
		}, async () => {
			const server = await ForeignServer.start(maker, { variables });
			const { of, restTicks, taken, source } = await foreignSource(server.port, tags);
			await expect.poll(() => taken.length, soon).toBe(names.length);
			expect(new Set(taken.map(({ status }) => status))).toEqual(
				new Set([statusCodes.BadWaitingForInitialData]),
			);
			let atMs = startMs;
			const expected: Record<string, unknown[]> = {};
			const written: ForeignValue[] = [];
			const write = (name: string, value: ForeignValue["value"], status: number, read: unknown) => {
				atMs += 1;
				const rest = 1_230 + 7 * maker.stepTicks;
				written.push({ name, value, status, ticks: ticksAt(atMs, rest) });
				expected[name] ??= [];
				expected[name].push({ status, sourceMs: atMs, rest, value: read });
			};
			for (const [name, [, pairs]] of Object.entries(everyType)) {
				for (const [value, read] of pairs) write(name, value, 0, read);
				write(name, pairs[0]?.[0] ?? null, uncertain, pairs[0]?.[1]);
				write(name, null, badSensor, null);
				write(name, pairs[0]?.[0] ?? null, 0, pairs[0]?.[1]);
			}
			await server.write(...written);
			await expect.poll(() => taken.length, soon).toBe(names.length + written.length);
			const rests = (name: string) => restTicks.filter((_, index) => taken[index]?.tag === name).slice(1);
			for (const name of names) {
				const rest = rests(name);
				const read = of(name)
					.slice(1)
					.map(({ status, sourceMs, value }, index) => ({
						...{ status, sourceMs, rest: rest[index] },
						value: value instanceof Uint8Array ? Buffer.from(value) : value,
					}));
				expect(
					read.map(({ value, ...others }) => ({ ...others, value: sameCase(value) })),
					name,
				).toEqual(
					expected[name]?.map((one) => ({
						...(one as object),
						value: sameCase((one as { value: unknown }).value),
					})),
				);
			}
			expect(source.state()).toMatchObject({ connected: true, tagsSubscribed: names.length });
		});

		test("a burst comes whole and in order; a node that it does not have, and one that it loses, are those tags' trouble only", {
			timeout: 120_000,
		}, async () => {
			const server = await ForeignServer.start(maker, {
				variables: { A: "Double", B: "Double", C: "Double" },
			});
			const three = ["A", "B", "C", "Ghost"].map((name) => ({ name, type: "Double" }));
			const line = await foreignSource(server.port, three, { server: { verify_after_s: 2 } });
			await server.write(...["A", "B", "C"].map((name) => good(name, 0, startMs)));
			await expect.poll(() => line.sent("C").length, soon).toBe(1);
			expect(line.last("Ghost")).toMatchObject({ status: statusCodes.BadNodeIdUnknown, value: null });
			expect(line.source.state()).toMatchObject({ tags: 4, tagsSubscribed: 3 });
			await server.write(...Array.from({ length: 2_000 }, (_, n) => good("A", n + 1, startMs + n + 1)));
			await expect.poll(() => line.last("A")?.value, soon).toBe(2_000);
			expectEach(line.sent("A").map(({ value }) => value), 0, 2_000); // biome-ignore format: one list

			await server.tell("remove", { name: "B" });
			await expect.poll(() => line.last("B")?.status, soon).toBe(statusCodes.BadNodeIdUnknown);
			await server.write(good("C", 5, startMs + 5_000));
			await expect.poll(() => line.last("C")?.value, soon).toBe(5);
			await server.tell("add", { name: "B" });
			await server.write(good("B", 7, startMs + 7_000));
			await expect.poll(() => line.last("B"), soon).toMatchObject({ status: 0, value: 7 });
			expect(line.source.state()).toMatchObject({ connected: true, tags: 4, tagsSubscribed: 3 });
			expect(line.gaps).toEqual([]);
		});

		test("is read over each policy once both sides have approved the other's certificate, and not before", {
			timeout: 180_000,
		}, async () => {
			const security = { ...(await selfSigned()), applicationUri: serverUri };
			const server = await ForeignServer.start(maker, { variables: { TT: "Double" }, security });
			await server.write(good("TT", 1, startMs));
			const agent = new AgentFolder();
			agent.write(server.port);
			for (const policy of ["Aes256_Sha256_RsaPss", "Aes128_Sha256_RsaOaep", "Basic256Sha256"]) {
				const { source, last } = await foreignSource(server.port, [{ name: "TT", type: "Double" }], {
					folder: agent.pki,
					server: { insecure: undefined, security: { policy } },
				});
				if (policy.startsWith("Aes256")) {
					const lastError = () => source.state().lastError ?? "";
					await expect.poll(lastError, soon).toMatch(/^OPCUA_CERTIFICATE_REFUSED: .* not_trusted: /);
					const { answer } = await cert(agent, "list");
					expect((await cert(agent, "trust", answer.rejected[0].thumbprint)).code).toBe(0);
					await expect.poll(lastError, soon).toMatch(/^OPCUA_OWN_CERTIFICATE_REFUSED: /);
					await server.tell("trust", { file: ownCertificateFiles(agent.pki).certificate });
				}
				await expect
					.poll(() => last("TT") ?? source.state().lastError, soon)
					.toMatchObject({ status: 0, value: 1 });
				expect(source.state().security).toBe(`${policy}, SignAndEncrypt`);
				await source.stop();
			}
			const options = {
				config: agent.config,
				only: ["servers"],
				sample: 20,
				timeout: 60,
				json: true,
				env: {},
			};
			const { findings } = await examine(options);
			expect(findings.map(({ check, level }) => `${check} ${level}`).slice(0, 6)).toEqual(
				["port", "endpoints", "security", "session", "clock", "limits"].map((check) => `${check} ok`),
			);
		});

		test("is browsed, and its lists, structures, units and ranges are tags", {
			timeout: 120_000,
		}, async () => {
			const server = await ForeignServer.start(maker, { variables: { Count: "UInt64" } });
			await server.write(good("Count", String(2n ** 64n - 1n), startMs));
			const program = ["--disable-warning=ExperimentalWarning", join(root, "cli/main.ts"), "browse"];
			const from = ["--insecure", "--json", "--from", `/Objects/${maker.index}:Kiln`];
			const { code, stdout, stderr } = await runCommand(
				process.execPath,
				[...program, `opc.tcp://127.0.0.1:${server.port}`, ...from],
				{ cwd: root, withinMs: 60_000 },
			);
			expect([code, stderr]).toEqual([0, ""]);
			const { rows } = JSON.parse(stdout) as { rows: Record<string, unknown>[] };
			const row = (name: string) => rows.find((one) => one.name === name);
			expect(row("TT01")).toMatchObject({ type: "Double", unit: "°C", low: 0, high: 1_200, value: "812.5" });
			expect(row("Profile")).toMatchObject({ type: "Float[]", value: "[1.5, 2.5, 3.5]" });
			expect(row("Count")).toMatchObject({ type: "UInt64", value: String(2n ** 64n - 1n) });
			const { host, reasons } = await tagLine({
				server: { port: server.port },
				folder: temporaryFolder(),
				device: { namespace: foreignUri, browse: { from: "Kiln" } },
			});
			await expect.poll(() => host.values("Kiln", "Profile[2]"), soon).toEqual([3.5]);
			expect(reasons()).toEqual([]);
			const born = host.born("Kiln");
			expect(born?.get("TT01")).toMatchObject({ type: "Double", eu: "°C", low: 0, high: 1_200 });
			const values = Object.fromEntries(
				[...(born?.keys() ?? [])].map((tag) => [tag, host.values("Kiln", tag)]),
			);
			expect(values).toEqual({
				...{ TT01: [812.5], Count: [2n ** 64n - 1n] },
				...{ "Profile[0]": [1.5], "Profile[1]": [2.5], "Profile[2]": [3.5] },
				...structures[maker.name],
			});
		});
	});
}

/** What each server has for structures. */
const structures = {
	asyncua: {
		...{ "Reading.Valid": [1], "Reading.Name": ["r1"], "Reading.Note": [null], "Reading.Last": [0.25] },
		...{ "Reading.Values[0]": [7], "Reading.Values[1]": [-8] },
	},
	milo: {
		...{ "Limits.Low": [0.25], "Limits.High": [8] },
		...{ "Points[0].X": [1], "Points[0].Value": [2.5], "Points[1].X": [3], "Points[1].Value": [-4.5] },
	},
};

/** A Guid is the same in either case. */
function sameCase(value: unknown): unknown {
	return typeof value === "string" && /^[0-9a-f-]{36}$/i.test(value) ? value.toUpperCase() : value;
}
