import { pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

/** As mosquitto_passwd of 2.0 makes them: PBKDF2 with SHA-512, 101 rounds; the passwords are random and long anyway. */
const [scheme, rounds, saltBytes, hashBytes] = ["7", 101, 12, 64];

/** The users that an access control file names, once each, in its order. */
export function usersOf(acl: string): string[] {
	return [
		...new Set([...acl.matchAll(/^user\s+(?<name>\S.*?)\s*$/gm)].map((match) => match.groups?.name ?? "")),
	];
}

/**
 * Mosquitto's password file for these users. Lines of `before` that hold are kept, so that a file without a change stays as it is.
 */
export function passwordFile(passwords: ReadonlyMap<string, string>, before: string): string {
	const known = new Map(
		before.split("\n").map((line) => [line.slice(0, Math.max(0, line.indexOf(":"))), line]),
	);
	const lines = [...passwords].map(([user, password]) => {
		const line = known.get(user);
		return line !== undefined && holds(line, password)
			? line
			: lineOf(user, password, randomBytes(saltBytes));
	});
	return lines.map((line) => `${line}\n`).join("");
}

function holds(line: string, password: string): boolean {
	const [, , , salt = "", hash = ""] = line.split("$");
	const expected = hashOf(password, Buffer.from(salt, "base64"));
	const found = Buffer.from(hash, "base64");
	return found.length === expected.length && timingSafeEqual(found, expected);
}

function lineOf(user: string, password: string, salt: Buffer): string {
	const hash = hashOf(password, salt).toString("base64");
	return `${user}:$${scheme}$${rounds}$${salt.toString("base64")}$${hash}`;
}

function hashOf(password: string, salt: Buffer): Buffer {
	return pbkdf2Sync(password, salt, rounds, hashBytes, "sha512");
}
