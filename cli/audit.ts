import { createReadStream, existsSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { AuditSlice } from "../collector/people-port.ts";
import { readAudit } from "../collector/store/audit-table.ts";
import {
	type AuditAnchor,
	AuditCheck,
	type AuditFault,
	type AuditHead,
	auditLine,
} from "../common/runtime/audit-chain.ts";
import { systemClock } from "../common/runtime/clock.ts";
import { CodedError, errorText } from "../common/runtime/coded-error.ts";
import { ApiClient } from "./api-client.ts";
import { table } from "./table.ts";
import { textLines } from "./text-lines.ts";

export interface AuditExportOptions {
	readonly from: number;
	readonly data?: string;
	readonly api?: string;
	readonly tokenFile?: string;
	readonly output?: string;
	readonly json: boolean;
}

const slice = 500;
const progressEveryMs = 2_000;

/**
 * Writes the audit record as JSON lines. Resolves with the exit code.
 * @throws CodedError USAGE, API_UNREACHABLE, STORE_FAILED
 */
export async function exportAudit(options: AuditExportOptions): Promise<number> {
	const { from, output, json } = options;
	if (json && output === undefined)
		throw new CodedError("USAGE", "expected --output FILE beside --json: the entries would stand before it");
	if (options.data !== undefined && options.api !== undefined)
		throw new CodedError("USAGE", "expected --data or --api, found both");
	const source = options.data === undefined ? fromApi(options) : fromData(options.data);
	const partial = `${output}.partial`;
	const file = output === undefined ? undefined : await open(partial, "w", 0o640);
	let entries = 0;
	let head: AuditHead | undefined;
	try {
		let shownMs = systemClock.monotonicMs();
		for (let next = from; ; ) {
			const got = await source.slice(next);
			const last = got.entries.at(-1);
			if (last === undefined) break;
			const text = got.entries.map((entry) => `${auditLine(entry)}\n`).join("");
			if (file !== undefined) await file.writeFile(text);
			else if (!process.stdout.write(text))
				await new Promise((resolve) => process.stdout.once("drain", resolve));
			entries += got.entries.length;
			head = { n: last.n, hash: last.hash };
			next = last.n + 1;
			if (systemClock.monotonicMs() - shownMs >= progressEveryMs) {
				shownMs = systemClock.monotonicMs();
				process.stderr.write(`pilotline: ${entries} entries written\n`);
			}
		}
		await file?.sync();
		await file?.close();
		if (output !== undefined) await rename(partial, output);
	} catch (error) {
		await file?.close();
		if (output !== undefined) await rm(partial, { force: true });
		throw error;
	} finally {
		source.close();
	}
	if (json) process.stdout.write(`${JSON.stringify({ file: output, entries, head: head ?? null })}\n`);
	else
		process.stderr.write(
			head === undefined
				? `pilotline: no entry from ${from} on\n`
				: `pilotline: ${entries} entries; the last is ${head.n}:${head.hash}\n`,
		);
	return 0;
}

interface AuditSource {
	slice(from: number): Promise<AuditSlice>;
	close(): void;
}

function fromApi({ api = "http://127.0.0.1:9300", tokenFile }: AuditExportOptions): AuditSource {
	const client = new ApiClient(api.replace(/\/$/, ""), tokenFile);
	return {
		slice: (from) => client.get<AuditSlice>(`/api/v1/audit?from=${from}&limit=${slice}`),
		close: () => {},
	};
}

/** Beside a running collector, through a connection that only reads. */
function fromData(directory: string): AuditSource {
	const path = join(directory, "store.db");
	if (!existsSync(path)) throw new CodedError("USAGE", `${directory}: expected store.db, found none`);
	const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
	if (db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'audit'").get() === undefined) {
		db.close();
		throw new CodedError("USAGE", `${path}: expected an audit record, found a store of before there was one`);
	}
	return { slice: async (from) => readAudit(db, { from, limit: slice }), close: () => db.close() };
}

/** Checks an export. Resolves with the exit code: 1 when it is not what it must be. */
export async function verifyAudit(
	name: string,
	{ anchor, json }: { anchor: readonly AuditAnchor[]; json: boolean },
): Promise<number> {
	const check = new AuditCheck(anchor);
	let fault: AuditFault | undefined;
	try {
		const input = name === "-" ? process.stdin : createReadStream(name);
		for await (const line of textLines(input)) {
			fault = check.add(line);
			if (fault !== undefined) break;
		}
	} catch (error) {
		if (error instanceof CodedError) throw error;
		throw new CodedError("CONFIG_UNREADABLE", `cannot read ${name}: ${errorText(error)}`, { cause: error });
	}
	fault ??= check.end();
	const { first, head } = check;
	const entries = first === undefined || head === undefined ? 0 : head.n - first.n + 1;
	if (json) {
		const found = { first: first?.n ?? null, head: head ?? null, anchors: anchor.length };
		process.stdout.write(
			`${JSON.stringify({ ok: fault === undefined, file: name, entries, ...found, fault: fault ?? null })}\n`,
		);
	} else if (fault !== undefined) {
		const place = fault.line === 0 ? name : `${name}:${fault.line}`;
		process.stdout.write(`${place}: ${fault.message}\n`);
		if (fault.line > 0) process.stdout.write(`The ${entries} entries before it are sound.\n`);
	} else {
		const rows = [
			["entries", `${entries}, from ${first?.n} to ${head?.n}`],
			["instance", first?.n === 1 ? first.subject : `what came before entry ${first?.n} is not here`],
			["last", `${head?.n}:${head?.hash}`],
			[
				"anchors",
				anchor.length === 0 ? "none: an end that was cut off would not show" : `${anchor.length}, all met`,
			],
		];
		process.stdout.write(`${table(["sound", ""], rows)}\n`);
	}
	return fault === undefined ? 0 : 1;
}
