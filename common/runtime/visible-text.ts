// Control characters, line and paragraph separators, and those that turn the direction of writing around.
const invisible = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Text whose control characters are shown as `\u001b` and not obeyed: what a plant names its tags, or somebody types as a
 * name, moves no cursor, begins no line and turns no text around. Inside a JSON string it stays the same value.
 */
export function visibleText(text: string): string {
	return text.replace(
		invisible,
		(character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}
