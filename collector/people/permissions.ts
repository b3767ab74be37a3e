import { type Action, type Person, type Role, roles } from "../people-port.ts";

/** Which role may do what; the whole of it. `everyone` needs nobody to log in. */
export const permissions: Readonly<Record<Action, readonly Role[] | "everyone">> = {
	open: "everyone",
	read: roles,
	"comment.enter": ["operator", "quality"],
	"laboratory.enter": ["operator", "quality"],
	"lot.decide": ["quality"],
	"audit.read": ["quality", "administrator"],
};

/** Whether the person, or somebody unknown, may do it. With `openReading` reading needs nobody. */
export function mayDo(action: Action, person: Person | undefined, openReading: boolean): boolean {
	const allowed = permissions[action];
	if (allowed === "everyone" || (action === "read" && openReading)) return true;
	return person?.roles.some((role) => allowed.includes(role)) ?? false;
}
