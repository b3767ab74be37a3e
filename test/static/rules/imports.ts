/** One place where a module names another. */
export interface Import {
	/** As written: `../pipeline.ts`, `node:fs`, `zod`; undefined when computed at run time. */
	readonly specifier: string | undefined;
	/** `import type` and `export type` are gone when the program runs. */
	readonly typeOnly: boolean;
	readonly line: number;
}

interface Scanned {
	/** The text without comments and templates, each string replaced by `"n"`. Lines stay where they are. */
	readonly code: string;
	readonly strings: readonly string[];
}

// A slash after one of these begins a regular expression; after anything else it divides.
const beforeRegex = /(?:^|[(,=:[!&|?{};+\-*%<>~^\n]|\b(?:return|typeof|case|in|of|do|else|await|yield))\s*$/;

/** Separates code from comments, strings, templates and regular expressions. */
export function scan(text: string): Scanned {
	const strings: string[] = [];
	let code = "";
	let at = 0;
	// Depth of braces in each template expression that is open, innermost last.
	const templates: number[] = [];
	const newlines = (part: string) => part.replace(/[^\n]/g, "");
	const template = () => {
		const rest = /(?:\\[\s\S]|[^\\`$]|\$(?!\{))*/y;
		rest.lastIndex = at;
		code += newlines(rest.exec(text)?.[0] ?? "");
		at = rest.lastIndex;
		if (text.startsWith("${", at)) {
			templates.push(0);
			code += "(";
			at += 2;
		} else {
			code += "`";
			at += 1;
		}
	};
	while (at < text.length) {
		const char = text[at] as string;
		const match = (pattern: RegExp) => {
			pattern.lastIndex = at;
			return pattern.exec(text)?.[0];
		};
		const comment = match(/\/\/[^\n]*|\/\*[\s\S]*?\*\//y);
		if (comment !== undefined) {
			code += ` ${newlines(comment)}`;
			at += comment.length;
		} else if (char === '"' || char === "'") {
			const string = match(/"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?/y) as string;
			code += `"${strings.push(string.slice(1, -1)) - 1}"`;
			at += string.length;
		} else if (char === "`") {
			code += "`";
			at += 1;
			template();
		} else if (char === "/" && beforeRegex.test(code.slice(-40))) {
			const regex = match(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y);
			code += regex === undefined ? char : " 0 ";
			at += regex?.length ?? 1;
		} else if (char === "}" && templates.at(-1) === 0) {
			templates.pop();
			code += ")";
			at += 1;
			template();
		} else {
			const depth = templates.length - 1;
			if (depth >= 0 && char === "{") templates[depth] = (templates[depth] as number) + 1;
			if (depth >= 0 && char === "}") templates[depth] = (templates[depth] as number) - 1;
			code += char;
			at += 1;
		}
	}
	return { code, strings };
}

/** Every module that a text names by import, export from, import(), import type or a worker's URL. */
export function importsOf(text: string): Import[] {
	const { code, strings } = scan(text);
	const found: Import[] = [];
	const add = (pattern: RegExp, typeOnly: (match: RegExpExecArray) => boolean) => {
		for (const match of code.matchAll(pattern)) {
			const index = match.groups?.string;
			const offset = (match.index ?? 0) + match[0].search(/\S/);
			found.push({
				specifier: index === undefined ? undefined : strings[Number(index)],
				typeOnly: typeOnly(match as RegExpExecArray),
				line: code.slice(0, offset).split("\n").length,
			});
		}
	};
	add(/(?:^|[;\n])[ \t]*(?:import|export)\b(?<clause>[^;"()]*?)\bfrom\s*"(?<string>\d+)"/g, (match) =>
		/^\s*type\b(?!\s*(?:,|$))/.test(match.groups?.clause ?? ""),
	);
	add(/(?:^|[;\n])[ \t]*import\s*"(?<string>\d+)"/g, () => false);
	add(/\btypeof\s+import\s*\(\s*"(?<string>\d+)"/g, () => true);
	add(/(?<!typeof\s+)(?<![.\w])import\s*\(\s*(?:"(?<string>\d+)"\s*[,)])?/g, () => false);
	const modules = found.length;
	add(/\bnew\s+URL\s*\(\s*"(?<string>\d+)"\s*,\s*import\.meta\.url/g, () => false);
	// A URL may also name a folder or a data file, which is no module.
	const workers = found.splice(modules).filter((entry) => /\.(?:ts|js|mjs)$/.test(entry.specifier ?? ""));
	return [...found, ...workers]
		.filter((entry) => entry.specifier === undefined || !/\.(?!ts$|js$|mjs$)\w+$/.test(entry.specifier))
		.sort((a, b) => a.line - b.line);
}
