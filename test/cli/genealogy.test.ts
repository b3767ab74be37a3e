import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { ApiClient } from "../../cli/api-client.ts";
import { genealogyText } from "../../cli/genealogy.ts";
import type { GenealogyLink, Trace } from "../../collector/genealogy-port.ts";

const link = (
	kind: GenealogyLink["kind"],
	from: string,
	into: string,
	kg: number,
	material = "",
): GenealogyLink => ({
	...{
		kind,
		from,
		into,
		kg,
		material,
		supplier: "",
		assay: undefined,
		unit: "U200",
		atMs: Date.UTC(2026, 11, 1),
	},
});
const trace: Trace = {
	...{ id: "L1", direction: "back", isCut: false },
	found: [
		{ id: "B1", is: "batch", steps: 1, material: "", kg: 5 },
		{ id: "S1", is: "material", steps: 2, material: "li2s", kg: 4.2 },
	],
	links: [link("blend", "B1", "L1", 5), link("charge", "S1", "B1", 8.4, "li2s")],
};

test("a trace is a table with a line for each thing, or for each link", () => {
	expect(genealogyText(trace, false).split("\n")).toEqual([
		"L1 was made of:",
		"",
		expect.stringMatching(/^steps +is +id +material +kg in L1$/),
		expect.stringMatching(/^ *1 +batch +B1 +5\.000$/),
		expect.stringMatching(/^ *2 +material +S1 +li2s +4\.200$/),
	]);
	expect(genealogyText(trace, true)).toMatch(/2026-12-01 00:00:00 +U200 +charge +S1 +B1 +8\.400 +li2s/);
	expect(genealogyText({ ...trace, isCut: true }, false)).toMatch(/There is more/);
	expect(genealogyText({ ...trace, found: [], links: [] }, false)).toBe("Nothing says what L1 was made of.");
	expect(genealogyText({ ...trace, direction: "forward", found: [] }, false)).toBe(
		"Nothing says what became of L1.",
	);
});

test("a process that is there and does not know the name is not called away", async () => {
	const server = createServer((request, response) => {
		response.statusCode = request.url === "/api/v1/away" ? 503 : request.url === "/api/v1/page" ? 404 : 400;
		response.end(
			request.url === "/api/v1/page"
				? "<html>"
				: '{"error":{"code":"X","message":"expected an id, found nope"}}',
		);
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	onTestFinished(() => void server.close());
	const client = new ApiClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
	const refused = { code: "USAGE", message: expect.stringContaining("expected an id, found nope") };
	await expect(client.get("/api/v1/genealogy?id=nope")).rejects.toMatchObject(refused);
	await expect(client.get("/api/v1/away")).rejects.toMatchObject({ code: "API_UNREACHABLE" });
	await expect(client.get("/api/v1/page")).rejects.toMatchObject({ code: "API_UNREACHABLE" });
});
