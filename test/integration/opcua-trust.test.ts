import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { securedServer, securedSource, soon } from "./secured-line.ts";

test("smoke", async () => {
	const server = await securedServer();
	const line = await securedSource(server.port);
	await expect.poll(line.lastError, soon).toMatch(/not_trusted/);
	console.log(line.lastError(), line.lines.join(""));
	console.log(readdirSync(join(line.agent.pki, "rejected")));
});
