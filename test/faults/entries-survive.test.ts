// What people enter, in a real collector process that is killed: an answer that came is on disk, and the record is sound.

import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { EmbeddedBroker } from "../../cli/embedded-broker.ts";
import { hashPassword } from "../../collector/people/password.ts";
import { addPerson, addToken, editPeople, removeToken } from "../../collector/people/people-edit.ts";
import { makeToken } from "../../collector/people/token.ts";
import { StoreFile } from "../../collector/store/store-file.ts";
import { cheap, password } from "../collector/api/people-rig.ts";
import { emptyBatch } from "../collector/store/known-store.ts";
import { freePort } from "../helpers/free-ports.ts";
import { runCommand } from "../helpers/run-command.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { ProcessUnderTest } from "./process-under-test.ts";

const flags = ["--disable-warning=ExperimentalWarning", "cli/main.ts"];
const by = { by: "os:test", atTime: "2026-11-30T06:00:00.000Z" };

test("an entry that was answered is there after kill -9; sessions are not; the exported record is sound", async () => {
	const folder = temporaryFolder();
	const broker = new EmbeddedBroker();
	await broker.start();
	const data = join(folder, "data");
	mkdirSync(data);
	const store = new StoreFile(join(data, "store.db"));
	store.commit({
		...emptyBatch,
		lots: [{ lot: "L1", openedMs: 1, closedMs: undefined, observedWhole: true }],
	});
	store.close();
	const config = join(folder, "collector.yaml");
	const example = readFileSync("examples/pilot-line/collector.yaml", "utf8");
	writeFileSync(config, example.replace("# file: people.yaml", "file: people.yaml"));
	copyFileSync("examples/pilot-line/specification.yaml", join(folder, "specification.yaml"));
	writeFileSync(join(folder, "webhook.secret"), `whsec_${randomBytes(32).toString("base64")}\n`);
	const people = join(folder, "people.yaml");
	const token = makeToken();
	await editPeople(people, addPerson("ito", ["quality"], await hashPassword(password, cheap)), by);
	await editPeople(people, addToken("ito", "test", { id: token.id, sha256: token.sha256 }), by);
	const port = await freePort();
	const collector = new ProcessUnderTest({
		...{ name: "collector", command: process.execPath, args: [...flags, "collector", "--config", config] },
		env: {
			...process.env,
			...{
				PILOTLINE_COLLECTOR_DATA: data,
				PILOTLINE_BROKER_URL: broker.url,
				PILOTLINE_API_PORT: String(port),
			},
		},
		logFile: join(folder, "log"),
	});
	onTestFinished(async () => {
		await collector.kill();
		await broker.stop();
	});
	const api = (path: string, options: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, options);
	const up = async () => {
		collector.start();
		await expect
			.poll(
				() =>
					api("/readyz").then(
						({ status }) => status,
						() => 0,
					),
				{ timeout: 20_000 },
			)
			.toBe(200);
	};
	const send = (path: string, body: object, headers: Record<string, string> = {}) =>
		api(`/api/v1/${path}`, {
			method: "POST",
			headers: { "content-type": "application/json", "x-pilotline": "1", ...headers },
			body: JSON.stringify(body),
		});
	const bearer = { authorization: `Bearer ${token.text}` };

	await up();
	const login = await send("login", { name: "ito", password });
	const cookie = (login.headers.get("set-cookie") ?? "").split(";")[0] as string;
	const answered: string[] = [];
	let n = 0;
	const sending = (async () => {
		for (;;) {
			const text = `comment ${n++}`;
			const response = await send("comments", { lot: "L1", text }, { cookie }).catch(() => undefined);
			if (response?.status !== 200) return;
			answered.push(text);
			if (answered.length === 15) void collector.kill();
		}
	})();
	await sending;
	expect(answered.length).toBeGreaterThanOrEqual(15);

	await up();
	const { comments } = (await (await api("/api/v1/comments?lot=L1&limit=500")).json()) as {
		comments: { text: string }[];
	};
	const found = new Set(comments.map(({ text }) => text));
	for (const text of answered) expect(found.has(text), text).toBe(true);
	expect((await send("comments", { lot: "L1", text: "again" }, { cookie })).status).toBe(401);
	// Whoever got no answer sends it again, and it stands there once.
	for (const text of [answered.at(-1) as string, `comment ${n - 1}`])
		expect((await send("comments", { lot: "L1", text }, bearer)).status).toBe(200);

	await editPeople(people, removeToken("ito", "test"), { ...by, atTime: "2026-11-30T07:00:00.000Z" });
	await expect
		.poll(async () => (await api("/api/v1/audit", { headers: bearer })).status, {
			timeout: 5_000,
		})
		.toBe(401);
	await collector.kill("SIGTERM");
	const head = /"n":(?<n>\d+),"hash":"(?<hash>[0-9a-f]{64})","msg":"audit record ends here"/.exec(
		collector.log.split("\n").findLast((line) => line.includes("audit record ends here")) ?? "",
	)?.groups;

	const file = join(folder, "audit.jsonl");
	const run = (...args: string[]) =>
		runCommand(process.execPath, [...flags, "audit", ...args], { cwd: process.cwd(), withinMs: 30_000 });
	expect((await run("export", "--data", data, "--output", file)).code).toBe(0);
	const verified = await run("verify", file, "--anchor", `${head?.n}:${head?.hash}`, "--json");
	expect(JSON.parse(verified.stdout)).toMatchObject({
		...{ ok: true, first: 1, head: { n: Number(head?.n), hash: head?.hash } },
	});
	const entries = readFileSync(file, "utf8")
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line) as { action: string });
	const actions = entries.map(({ action }) => action);
	expect(actions.filter((action) => action !== "comment.entered")).toEqual([
		...[
			"audit.begun",
			"collector.started",
			"people.changed",
			"login.accepted",
			"collector.started",
			"people.changed",
		],
	]);
	expect(actions.filter((action) => action === "comment.entered")).toHaveLength(n);
	for (const secret of [password, token.text]) expect(collector.log).not.toContain(secret);
});
