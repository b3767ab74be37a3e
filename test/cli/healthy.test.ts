import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTcpServer, type Server } from "node:net";
import { Registry } from "prom-client";
import { expect, onTestFinished, test } from "vitest";
import { StatusServer } from "../../common/runtime/status-server.ts";
import { runCommand } from "../helpers/run-command.ts";

const root = new URL("../../", import.meta.url).pathname;

function healthy(...args: string[]) {
	const command = ["--disable-warning=ExperimentalWarning", "cli/main.ts", "healthy", ...args];
	return runCommand(process.execPath, command, { cwd: root, withinMs: 20_000 });
}

async function portOf(server: Server): Promise<number> {
	server.listen(0, "127.0.0.1");
	onTestFinished(() => void server.close());
	await once(server, "listening");
	return (server.address() as { port: number }).port;
}

/** An agent's or collector's own status server. */
async function processThatSays(readiness: { ready: boolean; reason?: string }): Promise<string> {
	const source = { ready: () => readiness, status: () => ({}) };
	const server = new StatusServer({ host: "127.0.0.1", port: 0, source, registry: new Registry() });
	onTestFinished(() => server.stop());
	await server.start();
	return `http://127.0.0.1:${server.port}`;
}

test("a process that is ready is healthy; one that is not says why, and the exit code is 1", async () => {
	const well = await processThatSays({ ready: true });
	const ill = await processThatSays({ ready: false, reason: "store: disk full" });
	expect(await healthy(well)).toMatchObject({ code: 0, stdout: `${well}: ready\n`, stderr: "" });
	const both = await healthy(well, ill, "--json");
	expect(both).toMatchObject({ code: 1, stderr: "" });
	expect(JSON.parse(both.stdout)).toEqual({
		ready: false,
		processes: [
			{ address: well, ready: true },
			{ address: ill, ready: false, reason: "store: disk full" },
		],
	});
});

test("nobody there, somebody else there and no answer in time are not healthy", async () => {
	const nobody = createTcpServer();
	const port = await portOf(nobody);
	nobody.close();
	const other = await portOf(createServer((_request, response) => response.writeHead(404).end()));
	const silent = await portOf(createTcpServer());
	const outcome = await healthy(
		...[`http://127.0.0.1:${port}`, `http://127.0.0.1:${other}`, `opc.tcp://127.0.0.1:${other}`],
		...[`http://127.0.0.1:${silent}`, `opc.tcp://127.0.0.1:${silent}`, "--timeout", "1"],
	);
	const [gone, page, http, late, quiet] = outcome.stdout.trimEnd().split("\n");
	expect(outcome.code).toBe(1);
	expect(gone).toContain("not ready: connect ECONNREFUSED");
	expect(page).toContain("expected the status 200 or 503 of /readyz, found 404");
	expect(http).toContain('expected Acknowledge of an OPC UA server, found "HTTP"');
	expect(late).toMatch(/not ready: .*(?:timeout|abort)/);
	expect(quiet).toMatch(/not ready: .*(?:timeout|abort)/);
});

test.each(["nowhere", "ftp://127.0.0.1:1"])("%s is no address: exit code 2", async (address) => {
	const { code, stderr } = await healthy(address);
	expect([code, stderr]).toEqual([2, expect.stringContaining(`found ${address}`)]);
});
