import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** What computing a hash costs: 2^ln × r × 128 bytes of memory, p times over (RFC 7914). */
export interface ScryptCost {
	readonly ln: number;
	readonly r: number;
	readonly p: number;
}

/** 32 MiB, three times; the strength that OWASP's Password Storage Cheat Sheet gives to scrypt. */
export const usualCost: ScryptCost = { ln: 15, r: 8, p: 3 };

const saltBytes = 16;
const hashBytes = 32;
const charactersMin = 12;
const charactersMax = 128;

/** `$scrypt$ln=15,r=8,p=3$SALT$HASH`, with what one computation may cost at most: 128 MiB, or less weak than 16 MiB. */
const form =
	/^\$scrypt\$ln=(?<ln>1[4-7]),r=(?<r>8),p=(?<p>[1-8])\$(?<salt>[A-Za-z0-9+/]{22})\$(?<hash>[A-Za-z0-9+/]{43})$/;

export function isPasswordHash(text: string): boolean {
	return form.test(text);
}

/** What is wrong with a new password, or undefined. Length is what counts (NIST SP 800-63B §3.1.1). */
export function passwordFault(password: string, name: string): string | undefined {
	const length = [...normal(password)].length;
	if (length < charactersMin || length > charactersMax)
		return `expected a password of ${charactersMin} to ${charactersMax} characters, found ${length}`;
	if (/\p{Cc}/u.test(password)) return "expected a password without control characters";
	if (normal(password).toLowerCase().includes(normal(name).toLowerCase()))
		return "expected a password that does not hold the person's name";
	if (new Set(normal(password)).size < 5) return "expected a password of at least 5 different characters";
	return undefined;
}

/** A new hash with a salt of its own. */
export async function hashPassword(password: string, cost = usualCost): Promise<string> {
	const salt = randomBytes(saltBytes);
	const hash = await derive(password, salt, cost);
	return written(cost, salt, hash);
}

/** What looks like a hash and costs as much to look at, and no password is known to fit. */
export function hashOfNobody(cost = usualCost): string {
	return written(cost, randomBytes(saltBytes), randomBytes(hashBytes));
}

/** Whether it is the password of the hash; takes as long whether it is or not. @throws Error for what is no hash */
export async function isPassword(password: string, hashText: string): Promise<boolean> {
	const parts = form.exec(hashText)?.groups;
	if (parts === undefined) throw new Error("expected a scrypt hash");
	const cost = { ln: Number(parts.ln), r: Number(parts.r), p: Number(parts.p) };
	const found = await derive(password, Buffer.from(parts.salt as string, "base64"), cost);
	return timingSafeEqual(found, Buffer.from(parts.hash as string, "base64"));
}

function derive(password: string, salt: Buffer, { ln, r, p }: ScryptCost): Promise<Buffer> {
	const N = 2 ** ln;
	return new Promise((resolve, reject) => {
		scrypt(normal(password), salt, hashBytes, { N, r, p, maxmem: 256 * N * r }, (error, key) => {
			if (error === null) resolve(key);
			else reject(error);
		});
	});
}

/** One form for what keyboards write in several (NIST SP 800-63B §3.1.1.2). */
function normal(password: string): string {
	return password.normalize("NFKC");
}

function written({ ln, r, p }: ScryptCost, salt: Buffer, hash: Buffer): string {
	return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`;
}

function unpadded(bytes: Buffer): string {
	return bytes.toString("base64").replaceAll("=", "");
}
