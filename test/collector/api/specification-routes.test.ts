import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApiServer } from "../../../collector/api/api-server.ts";
import type { SpecificationRow } from "../../../collector/specification-port.ts";
import { StoreReader } from "../../../collector/store/reader.ts";
import { keepSpecifications } from "../../../collector/store/specification-table.ts";
import { KnownStore } from "../store/known-store.ts";
import { startServer } from "./known-live.ts";

let store: KnownStore;
let reader: StoreReader;
let server: ApiServer;

const row: SpecificationRow = {
	...{ product: "P", version: 1, status: "approved", hash: "h1", fromMs: 10, toMs: undefined },
	...{ body: '{"version":1}', author: "A. Ito", storedMs: 5 },
	approvals: [{ step: "approved", by: "B. Weber", timeMs: undefined, reason: undefined }],
};
const draft: SpecificationRow = {
	...{ product: "P", version: 2, status: "draft", hash: "h2", fromMs: 20, toMs: undefined },
	...{ body: '{"version":2}', author: undefined, approvals: [], storedMs: 6 },
};

beforeAll(async () => {
	store = new KnownStore();
	keepSpecifications(store.file, [row, draft]);
	reader = new StoreReader();
	await reader.open(store.path);
	server = await startServer(reader);
});
afterAll(async () => {
	await server.stop();
	await reader.close();
	store.remove();
});

async function ask(path: string) {
	const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/${path}`);
	return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const told = {
	...{ product: "P", version: 1, status: "approved", hash: "h1", fromMs: 10, toMs: null },
	...{ author: "A. Ito", approvals: [{ step: "approved", by: "B. Weber" }], storedMs: 5 },
};

test("all versions are told, the newest first, without their bodies", async () => {
	const { body } = await ask("specifications");
	expect(body).toEqual({ specifications: [expect.objectContaining({ version: 2, status: "draft" }), told] });
});

test("one is told with what was approved", async () => {
	expect((await ask("specification?version=1")).body).toEqual({ ...told, body: { version: 1 } });
	expect((await ask("specification?version=2&product=P")).body).toMatchObject({ hash: "h2" });
	const { status, body } = await ask("specification?version=3");
	expect([status, body]).toEqual([
		404,
		{
			error: {
				code: "SPECIFICATION_UNKNOWN",
				message: "expected a version that this collector has had, found 3",
			},
		},
	]);
	expect((await ask("specification?version=0")).status).toBe(400);
});

describe("the store keeps an approved version as it is, whoever asks", () => {
	test.each<[string, Partial<SpecificationRow>, string]>([
		["body", { body: "{}" }, "never changes"],
		["hash", { hash: "x" }, "never changes"],
		["beginning", { fromMs: 11 }, "never changes"],
		["author", { author: "C" }, "never changes"],
		["status back to draft", { status: "draft" }, "never changes"],
	])("another %s", (_, change, message) => {
		expect(() => keepSpecifications(store.file, [{ ...row, ...change }])).toThrow(message);
	});

	test("none is removed but a draft, which may change", () => {
		expect(() => store.file.run("DELETE FROM specification WHERE version = 1")).toThrow("never removed");
		keepSpecifications(store.file, [{ ...draft, body: '{"version":2,"x":1}', hash: "h3" }]);
		expect(store.file.get("SELECT hash FROM specification WHERE version = 2")).toEqual({ hash: "h3" });
	});
});
