import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { Authority } from "../helpers/certificates.ts";
import { Mosquitto } from "../helpers/mosquitto.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const shipped = join(import.meta.dirname, "../../examples/mosquitto");
export const agent = "agent-line-1";
/** As the README says of a further agent: a further block. */
export const secondAgent = "agent-line-2";
export const collector = "collector-pilotline";
/** May say and hear everything; its block is the only one that a plant does not have. */
export const observer = "test-observer";
const users = [agent, secondAgent, collector, observer];
export const passwordOf = (user: string) => `password of ${user}`;
/** Text of a shipped file with each of these replaced, all of which must be in it. */
function shippedFile(name: string, replacements: Readonly<Record<string, string>> = {}): string {
	let text = readFileSync(join(shipped, name), "utf8");
	for (const [from, to] of Object.entries(replacements)) {
		expect(text, `${name} is as this test knows it`).toContain(from);
		text = text.replace(from, to);
	}
	return text;
}

/** A Mosquitto with the files as they are shipped; only its port and the places of its files are the test's. */
export async function shippedBroker(program: string) {
	const folder = temporaryFolder();
	const authority = await Authority.create("plant");
	const server = await authority.issue("server", ["localhost", "127.0.0.1"]);
	const [passwords, acl] = [join(folder, "passwords"), join(folder, "acl")];
	writeFileSync(passwords, "", { mode: 0o600 });
	for (const user of users) {
		execFileSync(join(dirname(program), "../bin/mosquitto_passwd"), [passwords, user], {
			...{ input: `${passwordOf(user)}\n${passwordOf(user)}\n`, stdio: ["pipe", "ignore", "inherit"] },
		});
	}
	const [block = ""] = /^user agent-line-1\n(?:topic .*\n)+/m.exec(shippedFile("acl")) ?? [];
	expect(block).toContain("DDATA/line-1");
	const added = [block.replaceAll("line-1", "line-2"), `user ${observer}\ntopic readwrite #\n`];
	writeFileSync(acl, [shippedFile("acl"), ...added].join("\n"), { mode: 0o600 });
	const settings = shippedFile("mosquitto.conf", {
		"\nlistener 8883\n": "\n",
		"/etc/mosquitto/pilotline/server.crt": server.certificateFile,
		"/etc/mosquitto/pilotline/server.key": server.keyFile,
		"/etc/mosquitto/pilotline/passwords": passwords,
		"/etc/mosquitto/pilotline/acl": acl,
	});
	const broker = await Mosquitto.start(program, settings);
	return { broker, url: `mqtts://localhost:${broker.port}`, caFile: authority.caFile };
}

export type ShippedBroker = Awaited<ReturnType<typeof shippedBroker>>;
