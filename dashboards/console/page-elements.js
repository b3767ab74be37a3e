// Small steps on the document. Text only ever goes in as text, so that what a tag or lot is named stays text.

/** @param {string} id */
export function byId(id) {
	const found = document.getElementById(id);
	if (found === null) throw new Error(`the page has no element ${id}`);
	return found;
}

/**
 * @param {string} name
 * @param {{ class?: string, title?: string }} [attributes]
 * @param {...(Node | string)} children
 */
export function element(name, attributes = {}, ...children) {
	const made = document.createElement(name);
	if (attributes.class) made.className = attributes.class;
	if (attributes.title) made.title = attributes.title;
	made.append(...children);
	return made;
}

/** Changes the text only when it differs, so that a poll without news touches nothing. @param {Element} target @param {string} text */
export function setText(target, text) {
	if (target.textContent !== text) target.textContent = text;
}

/** @type {WeakMap<Element, string>} */
const shown = new WeakMap();

/**
 * Fills a list when what it shows has changed.
 * @param {Element} target
 * @param {unknown} data what the children are made of
 * @param {() => Node[]} children
 */
export function fill(target, data, children) {
	const text = JSON.stringify(data) ?? "";
	if (shown.get(target) === text) return;
	shown.set(target, text);
	target.replaceChildren(...children());
}

/** A row of cells; each has its whole text as its title, because a narrow page cuts it. @param {...(string | { text: string, class?: string, title?: string })} cells */
export function row(...cells) {
	return element(
		"tr",
		{},
		...cells.map((cell) => {
			const { text, ...rest } = typeof cell === "string" ? { text: cell } : cell;
			return element("td", { title: text, ...rest }, text);
		}),
	);
}
