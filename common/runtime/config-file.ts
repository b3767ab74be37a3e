// Reads one YAML configuration file and reports every problem at once, each with its place.
//
// Values may name the environment: `${NAME}` must be set, `${NAME:-default}` need not be. The text is
// replaced before it is typed, so `port: ${PORT:-8080}` is a number. Secrets never come this way:
// they are named by `…_file` keys and read by the part that needs them.

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isMap, isScalar, LineCounter, type Node, parseDocument, Scalar, visit } from "yaml";
import type { z } from "zod";
import { CodedError, errorText } from "./coded-error.ts";
import { withoutUser } from "./config-redaction.ts";

/** One thing wrong with a file. `line` and `column` start at 1. */
export interface ConfigProblem {
	readonly file: string;
	readonly line: number;
	readonly column: number;
	/** The key's path, for instance `devices[2].tags[0].node`. Empty for the file as a whole. */
	readonly path: string;
	/** What was expected, and what was found. */
	readonly message: string;
}

/** What a file contains beyond what a schema can say about one value: finds cross-field problems. */
export type CrossCheck<T> = (value: T) => { path: (string | number)[]; message: string }[];

/** What other files, named by a sound one, add to it. `path` is the key that names the file which has the problem. */
export type Include<T> = (value: T, directory: string) => { value: T; problems: readonly ConfigProblem[] };

export interface ConfigKind<S extends z.ZodType> {
	readonly schema: S;
	readonly crossCheck?: CrossCheck<z.output<S>>;
	readonly include?: Include<z.output<S>>;
}

export type ConfigResult<T> =
	| { ok: true; value: T; file: string; directory: string; text: string }
	| { ok: false; problems: readonly ConfigProblem[] };

const problemsMax = 100;
const fileBytesMax = 16 * 1024 * 1024;

/** Reads and checks `file`. Never throws for what the file contains, only for a file it cannot read. */
export function readConfigFile<S extends z.ZodType>(
	file: string,
	kind: ConfigKind<S>,
	env: Readonly<Record<string, string | undefined>>,
): ConfigResult<z.output<S>> {
	return parseConfig(readText(file), file, kind, env);
}

/** Like `readConfigFile`, and throws a CodedError that lists every problem. */
export function loadConfigFile<S extends z.ZodType>(
	file: string,
	kind: ConfigKind<S>,
	env: Readonly<Record<string, string | undefined>>,
): { value: z.output<S>; directory: string; text: string } {
	const result = readConfigFile(file, kind, env);
	if (!result.ok) throw new CodedError("CONFIG_INVALID", formatProblems(result.problems));
	return result;
}

/** The value of a top-level scalar key, or undefined; used to tell the kinds of file apart. */
export function peekKey(file: string, key: string): unknown {
	const document = parseDocument(readText(file), { logLevel: "silent" });
	return isMap(document.contents) ? document.contents.get(key) : undefined;
}

/** One line per problem: `file:line:column: path: message`. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
	return problems
		.map((p) => `${p.file}:${p.line}:${p.column}: ${p.path === "" ? "" : `${p.path}: `}${p.message}`)
		.join("\n");
}

export function parseConfig<S extends z.ZodType>(
	text: string,
	file: string,
	kind: ConfigKind<S>,
	env: Readonly<Record<string, string | undefined>>,
): ConfigResult<z.output<S>> {
	const lines = new LineCounter();
	const document = parseDocument(text, { lineCounter: lines, logLevel: "silent", uniqueKeys: true });
	const problems: ConfigProblem[] = [];
	const add = (offset: number, path: readonly PropertyKey[], message: string) => {
		if (problems.length >= problemsMax) return;
		const { line, col } = lines.linePos(offset);
		problems.push({ file, line: Math.max(line, 1), column: Math.max(col, 1), path: pathText(path), message });
	};

	for (const error of [...document.errors, ...document.warnings]) {
		add(error.pos[0], [], error.message.split("\n", 1)[0] ?? "not YAML");
	}
	if (document.contents === null && problems.length === 0)
		add(0, [], "expected a mapping, found an empty file");

	visit(document, {
		Scalar(key, node) {
			if (key === "key" || typeof node.value !== "string" || !node.value.includes("${")) return;
			const filled = fillEnvironment(node.value, env, (message) => add(node.range?.[0] ?? 0, [], message));
			// A plain scalar gets its type after the replacement; a quoted one stays text.
			node.value = node.type === Scalar.PLAIN ? retype(filled) : filled;
		},
	});

	let raw: unknown;
	try {
		raw = document.toJS({ maxAliasCount: 100 });
	} catch (error) {
		add(0, [], errorText(error));
	}
	const parsed = kind.schema.safeParse(raw);
	if (!parsed.success) {
		for (const issue of parsed.error.issues) {
			if (issue.code === "unrecognized_keys") {
				for (const key of issue.keys) {
					const path = [...issue.path, key];
					add(
						offsetOf(document.contents, path, true),
						path,
						`unknown key; remove it or correct its spelling`,
					);
				}
				continue;
			}
			const found = valueAt(raw, issue.path);
			add(offsetOf(document.contents, issue.path), issue.path, `${issue.message}, found ${describe(found)}`);
		}
	}
	for (const found of crossProblems(kind, parsed.success ? parsed.data : raw, parsed.success)) {
		add(offsetOf(document.contents, found.path), found.path, found.message);
	}
	if (problems.length > 0) {
		problems.sort((a, b) => a.line - b.line || a.column - b.column);
		return { ok: false, problems };
	}
	const directory = dirname(resolve(file));
	const value = parsed.data as z.output<S>;
	const whole = kind.include?.(value, directory) ?? { value, problems: [] };
	if (whole.problems.length > 0) return { ok: false, problems: whole.problems.slice(0, problemsMax) };
	return { ok: true, value: whole.value, file, directory, text };
}

/**
 * What the cross-check finds. A file that the schema refuses is checked too, as far as it can be, so that its reader sees
 * all problems at once; on such a file the check may stumble over what is missing, and then the schema has said so.
 */
function crossProblems<S extends z.ZodType>(
	kind: ConfigKind<S>,
	value: unknown,
	sound: boolean,
): ReturnType<CrossCheck<unknown>> {
	try {
		return kind.crossCheck?.(value as z.output<S>) ?? [];
	} catch (error) {
		if (sound) throw error;
		return [];
	}
}

/** @throws CodedError CONFIG_UNREADABLE, also for a file that is too long. */
export function readText(file: string): string {
	try {
		const bytes = readFileSync(file);
		if (bytes.byteLength > fileBytesMax) {
			throw new CodedError(
				"CONFIG_UNREADABLE",
				`${file}: expected at most ${fileBytesMax} bytes, found ${bytes.byteLength}`,
			);
		}
		return bytes.toString("utf8");
	} catch (error) {
		if (error instanceof CodedError) throw error;
		throw new CodedError("CONFIG_UNREADABLE", `cannot read ${file}: ${errorText(error)}`, { cause: error });
	}
}

function fillEnvironment(
	text: string,
	env: Readonly<Record<string, string | undefined>>,
	problem: (message: string) => void,
): string {
	return text.replace(
		/\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g,
		(_, name: string, fallback?: string) => {
			const value = env[name];
			if (value !== undefined && value !== "") return value;
			if (fallback !== undefined) return fallback;
			problem(`environment variable ${name} is not set; set it or write \${${name}:-default}`);
			return "";
		},
	);
}

function retype(text: string): unknown {
	const document = parseDocument(text, { logLevel: "silent" });
	return document.errors.length === 0 && isScalar(document.contents) ? document.contents.value : text;
}

/** Where a path begins in the file; for a missing key, where the mapping that lacks it begins. */
function offsetOf(root: unknown, path: readonly PropertyKey[], atKey = false): number {
	let node = root as Node | null | undefined;
	let offset = node?.range?.[0] ?? 0;
	for (const [depth, step] of path.entries()) {
		if (isMap(node)) {
			const pair = node.items.find((item) => isScalar(item.key) && item.key.value === step);
			if (pair === undefined) return offset;
			const keyOffset = (pair.key as Node).range?.[0] ?? offset;
			node = pair.value as Node | null;
			offset = atKey && depth === path.length - 1 ? keyOffset : (node?.range?.[0] ?? keyOffset);
		} else if (node !== null && node !== undefined && "items" in node && typeof step === "number") {
			node = (node.items as Node[])[step];
			offset = node?.range?.[0] ?? offset;
		} else return offset;
	}
	return offset;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
	let value = root;
	for (const step of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[step];
	return value;
}

function describe(value: unknown): string {
	if (value === undefined) return "nothing";
	// A password does not belong into a configuration, and if it stands there, not into a message either.
	const hidden = (key: string, inner: unknown) =>
		/^(?:password|passphrase|secret|token)$/.test(key) ? "…" : inner;
	const text = withoutUser(JSON.stringify(value, hidden) ?? String(value));
	return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function pathText(path: readonly PropertyKey[]): string {
	return path.reduce<string>(
		(text, step) =>
			typeof step === "number" ? `${text}[${step}]` : text === "" ? String(step) : `${text}.${String(step)}`,
		"",
	);
}
