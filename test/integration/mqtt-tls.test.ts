import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import type { CertificateInUse } from "../../common/runtime/certificate-watch.ts";
import { systemClock } from "../../common/runtime/clock.ts";
import { type BrokerConnection, MqttLink } from "../../common/runtime/mqtt-link.ts";
import type { TlsFiles } from "../../common/runtime/mqtt-socket.ts";
import { Authority, type CertificateFiles } from "../helpers/certificates.ts";
import { Mosquitto } from "../helpers/mosquitto.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { plainBroker } from "../helpers/plain-broker.ts";

const soon = { timeout: 10_000 };
const noFiles: TlsFiles = {
	caFile: undefined,
	certificateFile: undefined,
	keyFile: undefined,
	serverName: undefined,
};

function linkTo(url: string, tls: Partial<TlsFiles>, rest: Partial<BrokerConnection> = {}) {
	const closed: string[] = [];
	const received: string[] = [];
	const certificates: CertificateInUse[] = [];
	const seen = { opened: 0, wills: 0 };
	const link = new MqttLink({
		...plainBroker(url, { clientId: "link", tls: { ...noFiles, ...tls }, ...rest }),
		clock: systemClock,
		will: async () => {
			seen.wills++;
			return undefined;
		},
		onOpen: async () => {
			await link.subscribe(["echo"]);
			seen.opened++;
			link.send({ topic: "echo", payload: "sealed", qos: 0, retain: false });
		},
		onClose: (reason) => {
			closed.push(reason);
		},
		onCertificates: (found) => {
			certificates.push(...found);
		},
		onMessage: (_, payload) => {
			received.push(payload.toString());
			return undefined;
		},
	});
	onTestFinished(() => link.stop());
	link.start();
	return { link, closed, received, certificates, seen };
}

/** A Mosquitto that speaks TLS with this certificate. */
function sealed(program: string, { certificateFile, keyFile }: CertificateFiles, ...more: string[]) {
	const settings = [`certfile ${certificateFile}`, `keyfile ${keyFile}`, "allow_anonymous true", ...more];
	return Mosquitto.start(program, settings.join("\n"));
}

describeWithPeer("mosquitto", "an encrypted connection to Mosquitto", (program) => {
	test.each(["3.1.1", "5.0"] as const)(
		"MQTT %s: stands, and says which certificate until when",
		async (protocol) => {
			const authority = await Authority.create("plant");
			const broker = await sealed(program, await authority.issue("broker", ["127.0.0.1"], { toDays: 20 }));
			const { received, certificates } = linkTo(
				`mqtts://127.0.0.1:${broker.port}`,
				{ caFile: authority.caFile },
				{ protocol },
			);
			await expect.poll(() => received, soon).toEqual(["sealed"]);
			expect(certificates).toEqual([
				{ whose: "broker", subject: "CN=broker", expiresMs: expect.any(Number) },
			]);
			const daysLeft = ((certificates[0]?.expiresMs ?? 0) - Date.now()) / 86_400_000;
			expect(daysLeft).toBeGreaterThan(19.9);
			expect(daysLeft).toBeLessThan(20.1);
		},
	);

	test("a certificate from an unknown authority is refused, before anything is said", async () => {
		const broker = await sealed(
			program,
			await (await Authority.create("other")).issue("broker", ["127.0.0.1"]),
		);
		const { caFile } = await Authority.create("plant");
		const { closed, seen } = linkTo(`mqtts://127.0.0.1:${broker.port}`, { caFile });
		await expect.poll(() => closed[0], soon).toMatch(/comes from an authority that is not in tls\.ca_file/);
		expect(seen).toEqual({ opened: 0, wills: 0 });
	});

	test("a certificate for another host is refused, unless that name is the one asked for", async () => {
		const authority = await Authority.create("plant");
		const { caFile } = authority;
		const broker = await sealed(program, await authority.issue("broker", ["broker.plant"]));
		const url = `mqtts://127.0.0.1:${broker.port}`;
		const { closed, seen } = linkTo(url, { caFile });
		await expect.poll(() => closed[0], soon).toMatch(/does not name this host/);
		expect(seen.wills).toBe(0);
		const { received } = linkTo(url, { caFile, serverName: "broker.plant" }, { clientId: "named" });
		await expect.poll(() => received, soon).toEqual(["sealed"]);
	});

	test("an expired certificate is refused", async () => {
		const authority = await Authority.create("plant");
		const old = await authority.issue("broker", ["127.0.0.1"], { fromDays: -10, toDays: -1 });
		const broker = await sealed(program, old);
		const { closed } = linkTo(`mqtts://127.0.0.1:${broker.port}`, { caFile: authority.caFile });
		await expect.poll(() => closed[0], soon).toMatch(/has expired/);
	});

	test("a broker that asks for a certificate gets ours, read anew for each connection", async () => {
		const authority = await Authority.create("plant");
		const { caFile } = authority;
		const broker = await sealed(
			program,
			await authority.issue("broker", ["127.0.0.1"]),
			...[`cafile ${caFile}`, "require_certificate true"],
		);
		const url = `mqtts://127.0.0.1:${broker.port}`;
		const without = linkTo(url, { caFile });
		await expect.poll(() => without.closed[0], soon).toMatch(/expects a certificate from us/);
		const own = await authority.issue("agent");
		const { received, certificates } = linkTo(url, { caFile, ...own }, { clientId: "known" });
		await expect.poll(() => received, soon).toEqual(["sealed"]);
		expect(certificates.map(({ whose, subject }) => `${whose} ${subject}`)).toEqual([
			"broker CN=broker",
			"own CN=agent",
		]);
	});

	test("a password that the broker does not know is named as such, and never shown", async () => {
		const broker = await Mosquitto.start(program, "allow_anonymous false");
		const { closed } = linkTo(broker.url, {}, { username: "agent", password: "not-this-one" });
		await expect.poll(() => closed[0], soon).toMatch(/not authori[sz]ed|bad user ?name or password/i);
		expect(closed.join()).not.toContain("not-this-one");
	});
});

test("a broker with nothing newer than TLS 1.1 is refused", async () => {
	const authority = await Authority.create("plant");
	const { certificateFile, keyFile } = await authority.issue("broker", ["127.0.0.1"]);
	const server = createServer({
		...{ cert: readFileSync(certificateFile), key: readFileSync(keyFile) },
		...{ minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" },
	}).listen(0, "127.0.0.1");
	server.on("tlsClientError", () => undefined);
	await once(server, "listening");
	onTestFinished(() => void server.close());
	const { port } = server.address() as { port: number };
	const { closed } = linkTo(`mqtts://127.0.0.1:${port}`, { caFile: authority.caFile });
	await expect.poll(() => closed[0], soon).toMatch(/no TLS 1\.2 or newer/);
});

test("a file that is not there is named", async () => {
	const { closed } = linkTo("mqtts://127.0.0.1:1", { caFile: "/nowhere/ca.pem" });
	await expect.poll(() => closed[0], soon).toMatch(/expected a PEM file: .*\/nowhere\/ca\.pem/);
});
