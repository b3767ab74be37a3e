/** Which of the variables below a start node are wanted. */
export interface PathFilter {
	/** `names`: browse names without namespaces, from below the start node down to the variable. */
	accepts(names: readonly string[]): boolean;
}

type Level = RegExp | "**";

/**
 * Keeps what one of `include` matches (everything, when there is none) and none of `exclude` does. In a pattern `*` stands
 * for any characters of one name, `?` for one character, `{a,b}` for either, and `**` for any number of levels. A
 * pattern without `/` is compared with the last name alone.
 */
export function pathFilter(include: readonly string[], exclude: readonly string[]): PathFilter {
	const wanted = include.map(levelsOf);
	const unwanted = exclude.map(levelsOf);
	return {
		accepts: (names) =>
			(wanted.length === 0 || wanted.some((levels) => matches(levels, names))) &&
			!unwanted.some((levels) => matches(levels, names)),
	};
}

function levelsOf(pattern: string): readonly Level[] {
	const texts = pattern.replace(/^\//, "").split("/");
	const levels = texts.map((text): Level => (text === "**" ? "**" : nameExpression(text)));
	return levels.length === 1 && levels[0] !== "**" ? ["**", ...levels] : levels;
}

function nameExpression(pattern: string): RegExp {
	let source = "";
	let depth = 0;
	for (const char of pattern) {
		if (char === "*") source += ".*?";
		else if (char === "?") source += ".";
		else if (char === "{") {
			source += "(?:";
			depth++;
		} else if (char === "}" && depth > 0) {
			source += ")";
			depth--;
		} else if (char === "," && depth > 0) source += "|";
		else source += char.replace(/[\\^$.|+()[\]{}]/, "\\$&");
	}
	return new RegExp(`^${source}${")".repeat(depth)}$`, "su");
}

/** The places in `names` that each level can have reached are followed side by side, so that no pattern is slow. */
function matches(levels: readonly Level[], names: readonly string[]): boolean {
	let reached = new Set([0]);
	for (const level of levels) {
		const next = new Set<number>();
		for (const at of reached) {
			if (level === "**") for (let end = at; end <= names.length; end++) next.add(end);
			else if (at < names.length && level.test(names[at] as string)) next.add(at + 1);
		}
		if (next.size === 0) return false;
		reached = next;
	}
	return reached.has(names.length);
}
