import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { expect, onTestFinished, test } from "vitest";
import { prepare } from "../../cli/prepare/prepare.ts";
import { Mosquitto } from "../helpers/mosquitto.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { runCommand } from "../helpers/run-command.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const shipped = join(import.meta.dirname, "../../examples/mosquitto");
const inContainer = "/etc/mosquitto/pilotline/";

/** Mosquitto with the shipped configuration and what `pilotline prepare` made, as the containers have it. */
async function preparedBroker(program: string) {
	const made = temporaryFolder();
	await prepare(made, { acl: join(shipped, "acl"), brokerName: [], json: true });
	const settings = readFileSync(join(shipped, "mosquitto.conf"), "utf8")
		.replace("\nlistener 8883\n", "\n")
		.replaceAll(inContainer, `${made}/broker/`);
	const broker = await Mosquitto.start(program, settings);
	const secret = (file: string) => readFileSync(join(made, file), "utf8").trim();
	return { made, secret, port: broker.port, url: `mqtts://localhost:${broker.port}` };
}

describeWithPeer("mosquitto", "Mosquitto with what pilotline prepare makes", (program) => {
	test("lets agent and collector in by the passwords and authority that they are given", async () => {
		const { secret, url } = await preparedBroker(program);
		for (const [username, folder] of [
			["agent-line-1", "agent"],
			["collector-pilotline", "collector"],
		] as const) {
			const options = { username, ca: secret(`${folder}/authority.crt`), reconnectPeriod: 0 };
			const client = await connectAsync(url, {
				...options,
				password: secret(`${folder}/${username}.password`),
			});
			onTestFinished(() => client.endAsync(true));
			expect(client.connected).toBe(true);
			const wrong = connectAsync(url, { ...options, password: secret("database/admin-token") });
			await expect(wrong).rejects.toThrow(/not authorized/i);
		}
	});

	describeWithPeer("mosquitto-clients", "and its health check", (subscriber) => {
		test("is well while it runs, encrypted and with its users; not with a wrong password, not when it is gone", async () => {
			const { made, port } = await preparedBroker(program);
			const options = readFileSync(join(made, "broker/mosquitto_sub"), "utf8")
				.replace("-p 8883", `-p ${port}`)
				.replaceAll(inContainer, `${made}/broker/`);
			const healthy = (text: string) => {
				const home = join(temporaryFolder(), "home");
				mkdirSync(home);
				writeFileSync(join(home, "mosquitto_sub"), text);
				const env = { PATH: process.env.PATH ?? "", XDG_CONFIG_HOME: home };
				return runCommand(subscriber, ["-E", "-t", "health"], { cwd: home, env, withinMs: 10_000 });
			};
			expect(await healthy(options)).toMatchObject({ code: 0 });
			const { code } = await healthy(options.replace(/-P .*/, "-P wrong"));
			expect(code).not.toBe(0);
			expect((await healthy(options.replace(`-p ${port}`, "-p 1"))).code).not.toBe(0);
		});
	});
});
