import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { OPCUACertificateManager } from "node-opcua";
import { expect, onTestFinished, test } from "vitest";
import { PlantServer } from "../../../simulators/plant/plant-server.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { PlantClient } from "./plant-client.ts";
import { plantVariables, publishedUnits } from "./small-line.ts";

async function started(options: { host?: string; hostName?: string }) {
	const folder = temporaryFolder();
	const certificates = new OPCUACertificateManager({
		rootFolder: join(folder, "server"),
		disableFileWatchers: true,
	});
	await certificates.initialize();
	const server = new PlantServer({
		...{ server: "laboratory", port: 0, certificates, ...options },
		units: publishedUnits.filter((unit) => unit.server === "laboratory"),
		variables: plantVariables.filter((variable) => variable.server === "laboratory"),
	});
	onTestFinished(() => server.stop());
	await server.start();
	return { folder, server, port: Number(new URL(server.endpoint).port) };
}

/** "connect", or the code of the refusal. */
async function reached(host: string, port: number): Promise<string> {
	const socket = connect(port, host);
	onTestFinished(() => void socket.destroy());
	const refused = once(socket, "error").then(([error]) => (error as NodeJS.ErrnoException).code ?? "");
	return await Promise.race([refused, once(socket, "connect").then(() => "connect")]);
}

test("without a host the servers are on 127.0.0.1 alone", async () => {
	const { server, port } = await started({});
	expect(new URL(server.endpoint).hostname).toBe("127.0.0.1");
	expect([await reached("127.0.0.1", port), await reached("127.0.0.2", port)]).toEqual([
		"connect",
		"ECONNREFUSED",
	]);
});

test("with every address and a name they are reached by that name, as in a network of containers", async () => {
	const { folder, server, port } = await started({ host: "0.0.0.0", hostName: "localhost" });
	expect(new URL(server.endpoint).hostname).toBe("localhost");
	expect(await reached("127.0.0.2", port)).toBe("connect");
	const client = new PlantClient(join(folder, "client"));
	onTestFinished(() => client.close());
	const session = await client.connect(server.endpoint);
	expect(session.sessionId.isEmpty()).toBe(false);
});
