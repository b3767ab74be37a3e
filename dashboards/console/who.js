// Who is looking: logging in and out. The session is a cookie that no script can read.

import { ask, tell } from "./ask.js";
import { byId, element, fill, setText } from "./page-elements.js";

const dialog = /** @type {HTMLDialogElement} */ (byId("login"));
const form = /** @type {HTMLFormElement} */ (byId("login-form"));
/** Somebody has put the dialog away; it comes back by the button only. */
let dismissed = false;
let onChange = () => {};

/** Asks who is logged in, and shows it. Nothing is shown where nobody can log in. */
export async function showWho() {
	const { person, canLogIn } = await ask("me");
	fill(byId("who"), { person, canLogIn }, () => {
		if (person !== null)
			return [
				document.createTextNode(`${person.name} (${person.roles.join(", ")}) `),
				button("Log out", logOut),
			];
		return canLogIn ? [button("Log in", open)] : [];
	});
}

/** The collector tells nothing to somebody it does not know. */
export function loginNeeded() {
	setText(byId("state"), "Log in to see the line.");
	if (!dismissed) open();
}

/** @param {() => void} listener called after somebody has logged in or out */
export function onWhoChanged(listener) {
	onChange = listener;
}

function open() {
	dismissed = false;
	if (!dialog.open) dialog.showModal();
}

/** @param {string} text @param {() => void} action */
function button(text, action) {
	const made = element("button", {}, text);
	made.addEventListener("click", action);
	return made;
}

async function logOut() {
	await tell("logout", {}).catch(() => undefined);
	dismissed = true;
	await changed();
}

async function changed() {
	await showWho().catch(() => undefined);
	onChange();
}

form.addEventListener("submit", async (event) => {
	event.preventDefault();
	const given = new FormData(form);
	const send = /** @type {HTMLButtonElement} */ (byId("login-send"));
	send.disabled = true;
	setText(byId("login-fault"), "");
	try {
		await tell("login", { name: String(given.get("name")), password: String(given.get("password")) });
		form.reset();
		dialog.close();
		await changed();
	} catch (error) {
		setText(
			byId("login-fault"),
			`⚠ ${error instanceof Error ? error.message : "the collector does not answer"}`,
		);
	} finally {
		send.disabled = false;
	}
});
byId("login-cancel").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
	dismissed = true;
	form.reset();
});
