import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessageSecurityMode, OPCUACertificateManager, OPCUAClient, SecurityPolicy } from "node-opcua";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PlantServer } from "../../../simulators/plant/plant-server.ts";
import { plantVariables, publishedUnits, variableOf } from "./small-line.ts";

const startMs = Date.UTC(2026, 0, 5, 6);
const folder = mkdtempSync(join(tmpdir(), "pilotline-plant-secured-"));
const serverPki = join(folder, "server");
let server: PlantServer;
let certificates: OPCUACertificateManager;
const clients: OPCUAClient[] = [];

beforeAll(async () => {
	certificates = new OPCUACertificateManager({ rootFolder: serverPki, disableFileWatchers: true });
	await certificates.initialize();
	const variables = plantVariables.filter((variable) => variable.server === "dry-and-fire");
	server = new PlantServer({
		server: "dry-and-fire",
		port: 0,
		certificates,
		units: publishedUnits.filter((unit) => unit.server === "dry-and-fire"),
		variables,
		security: "secured",
		historyValues: 500,
	});
	await server.start();
});

afterAll(async () => {
	for (const client of clients) await client.disconnect();
	await server?.stop();
	rmSync(folder, { recursive: true, force: true });
});

function clientWith(mode: MessageSecurityMode, policy: SecurityPolicy): OPCUAClient {
	const client = OPCUAClient.create({
		securityMode: mode,
		securityPolicy: policy,
		endpointMustExist: false,
		connectionStrategy: { maxRetry: 0, initialDelay: 50, maxDelay: 100 },
		clientCertificateManager: new OPCUACertificateManager({
			rootFolder: join(folder, "client"),
			automaticallyAcceptUnknownCertificate: true,
			disableFileWatchers: true,
		}),
	});
	clients.push(client);
	return client;
}

test("a client is let in over a secured endpoint once its certificate is trusted, and never over an unsecured one", async () => {
	const attempt = async (mode: MessageSecurityMode, policy: SecurityPolicy) => {
		const client = clientWith(mode, policy);
		await client.connect(server.endpoint);
		return await client.createSession();
	};
	await expect(attempt(MessageSecurityMode.None, SecurityPolicy.None)).rejects.toThrow();
	const secured = [MessageSecurityMode.SignAndEncrypt, SecurityPolicy.Aes256_Sha256_RsaPss] as const;
	await expect(attempt(...secured)).rejects.toThrow();
	const rejected = join(serverPki, "rejected");
	expect(readdirSync(rejected)).toHaveLength(1);
	mkdirSync(join(serverPki, "trusted", "certs"), { recursive: true });
	cpSync(rejected, join(serverPki, "trusted", "certs"), { recursive: true });
	rmSync(rejected, { recursive: true });
	mkdirSync(rejected);
	await certificates.reloadCertificates();
	const session = await attempt(...secured);

	// What the server keeps can be read back, with its plant times.
	const variable = variableOf("U500", "F500.TT01");
	for (let count = 0; count < 100; count++) {
		server.write({ variable, value: 400 + count, timeMs: startMs + count * 10_000 });
	}
	const namespace = (await session.readNamespaceArray()).indexOf("urn:pilotline:plant");
	const history = await session.readHistoryValue(
		`ns=${namespace};s=F500.TT01`,
		new Date(startMs),
		new Date(startMs + 995_000),
	);
	const { dataValues } = history.historyData as unknown as {
		dataValues: { sourceTimestamp: Date; value: { value: number } }[];
	};
	expect(dataValues.map(({ value }) => value.value)).toEqual(
		Array.from({ length: 100 }, (_, count) => 400 + count),
	);
	expect(dataValues.at(-1)?.sourceTimestamp.getTime()).toBe(startMs + 990_000);
});
