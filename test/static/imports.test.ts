import { describe, expect, test } from "vitest";
import { importsOf, scan } from "./rules/imports.ts";

const specifiers = (text: string) => importsOf(text).map((entry) => entry.specifier);

describe("finding imports", () => {
	test("sees every form, with its line", () => {
		const text = [
			'import "./effect.ts";',
			'import first, { type A, b } from "./first.ts";',
			"import {",
			"\tc,",
			'} from "./second.ts";',
			'export { d } from "./third.ts";',
			'export * from "./fourth.ts";',
			'const late = await import("./fifth.ts");',
			'new Worker(new URL("./sixth-thread.ts", import.meta.url));',
			"type Late = typeof import('./seventh.ts');",
		].join("\n");
		expect(importsOf(text).map(({ specifier, line }) => `${line} ${specifier}`)).toEqual([
			"1 ./effect.ts",
			"2 ./first.ts",
			"3 ./second.ts",
			"6 ./third.ts",
			"7 ./fourth.ts",
			"8 ./fifth.ts",
			"9 ./sixth-thread.ts",
			"10 ./seventh.ts",
		]);
	});

	test("tells types from values", () => {
		const text = [
			'import type { A } from "./a.ts";',
			'export type { B } from "./b.ts";',
			'import { type C } from "./c.ts";',
			'import type, { d } from "./d.ts";',
			'import type from "./e.ts";',
			'type F = typeof import("./f.ts");',
		].join("\n");
		expect(importsOf(text).map((entry) => entry.typeOnly)).toEqual([true, true, false, false, false, true]);
	});

	test("overlooks comments, strings, templates and regular expressions", () => {
		const text = [
			'// import "./comment.ts";',
			'/* import { a } from "./block.ts"; */',
			"const s = 'import \"./string.ts\"';",
			'const t = `\nimport "./template.ts";\n$' + '{f("x", `import "./inner.ts"`)}`;',
			'const r = /["\'`]/; import "./seen.ts";',
			"const half = a / 2; const third = b / 3;",
			'import { z } from "./last.ts";',
		].join("\n");
		expect(specifiers(text)).toEqual(["./seen.ts", "./last.ts"]);
	});

	test("takes the URL of a folder or of data for no import", () => {
		expect(
			specifiers('new URL("../../", import.meta.url); new URL("./page.html", import.meta.url);'),
		).toEqual([]);
	});

	test("reports an import of something computed", () => {
		expect(specifiers("const module = await import(name);")).toEqual([undefined]);
		expect(specifiers("const module = await import(`./$" + "{name}.ts`);")).toEqual([undefined]);
	});

	test("keeps every line where it is", () => {
		const text = "/*\n\n*/ const a = `\n$" + "{`\n`}\n`;\n// end\nlast";
		expect(scan(text).code.split("\n").length).toBe(text.split("\n").length);
		expect(scan(text).code.split("\n").at(-1)).toBe("last");
	});
});
