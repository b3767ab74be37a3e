import { type Clock, every } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import {
	type AccessPort,
	type Action,
	type Caller,
	type EntryPort,
	type LoginAnswer,
	type Person,
	type Role,
	roles,
} from "../people-port.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { LoginAttempts, perAddress, perName } from "./login-attempts.ts";
import { hashOfNobody, type ScryptCost } from "./password.ts";
import type { PeopleFile } from "./people-file.ts";
import { type LastRecorded, PeopleWatch } from "./people-watch.ts";
import { mayDo, permissions } from "./permissions.ts";
import { Roster } from "./roster.ts";
import { type SessionRules, Sessions } from "./sessions.ts";

export interface AccessOptions {
	readonly clock: Clock;
	readonly telemetry: CollectorTelemetry;
	readonly entries: EntryPort;
	readonly login: AccessPort["login"];
	/** The people file; undefined when there is none, and nobody can log in. */
	readonly file: string | undefined;
	readonly sessions: SessionRules;
	readonly lastRecorded: LastRecorded;
	/** What looking at a name that is not there costs: as much as one that is. */
	readonly cost?: ScryptCost;
}

/** Passwords that are checked at once, each in 32 MiB; and those that wait behind them. */
const checkedAtOnce = 2;
const waitingMax = 16;
const lookEveryMs = 1_000;
/** Refused logins that are recorded one by one within an hour; the others are counted in the next one that is. */
const recordedMax = 60;
const hourMs = 3_600_000;

/** Who may do what: sessions, tokens, attempts to log in, and the file that says who there is. */
export class Access implements AccessPort, Part {
	readonly name = "access";
	readonly login: AccessPort["login"];
	readonly #options: AccessOptions;
	readonly #sessions: Sessions;
	readonly #names = new LoginAttempts(perName);
	readonly #addresses = new LoginAttempts(perAddress);
	readonly #watch: PeopleWatch | undefined;
	#roster: Roster | undefined;
	#checking = 0;
	readonly #waiting: (() => void)[] = [];
	#hour = { beganMs: 0, recorded: 0, unrecorded: 0 };
	#stopLooking = () => {};

	constructor(options: AccessOptions) {
		this.#options = options;
		this.login = options.login;
		this.#sessions = new Sessions(options.sessions);
		this.#watch =
			options.file === undefined
				? undefined
				: new PeopleWatch({ ...options, file: options.file, take: (people) => this.#take(people) });
	}

	/** @throws CodedError CONFIG_INVALID, CONFIG_UNREADABLE when the people file cannot be used */
	async start(): Promise<void> {
		const watch = this.#watch;
		if (watch === undefined || this.#roster !== undefined) return;
		await watch.begin();
		this.#stopLooking = every(this.#options.clock, lookEveryMs, () => void watch.look());
	}

	stop(): void {
		this.#stopLooking();
		this.#roster = undefined;
	}

	async logIn(name: string, password: string, address: string): Promise<LoginAnswer> {
		const { clock, telemetry } = this.#options;
		if (this.#roster === undefined) return { refused: "nobody" };
		const nowMs = clock.monotonicMs();
		const waitMs = Math.max(this.#names.waitMs(name, nowMs), this.#addresses.waitMs(address, nowMs));
		if (waitMs > 0) {
			this.#hour.unrecorded++;
			telemetry.people.login("wait");
			return { refused: "wait", waitMs };
		}
		if (this.#waiting.length >= waitingMax) {
			telemetry.people.login("busy");
			return { refused: "busy", waitMs: 1_000 };
		}
		this.#names.begin(name, nowMs);
		this.#addresses.begin(address, nowMs);
		const person = await this.#checked(name, password);
		if (person === undefined) {
			telemetry.people.login("wrong");
			await this.#recordRefused(name, address);
			return { refused: "wrong" };
		}
		this.#names.succeeded(name);
		this.#addresses.undo(address);
		await this.#options.entries.record({
			...{ by: name, action: "login.accepted", subject: name, detail: { address } },
		});
		telemetry.people.login("accepted");
		telemetry.people.loggedIn({ name });
		const session = this.#sessions.begin(name, clock.monotonicMs());
		return { person, session, lifetimeMs: this.#options.sessions.lifetimeMs };
	}

	async logOut(session: string): Promise<void> {
		const name = this.#sessions.end(session);
		if (name !== undefined)
			await this.#options.entries.record({ by: name, action: "logout", subject: name, detail: {} });
	}

	get canLogIn(): boolean {
		return (this.#roster?.names.length ?? 0) > 0;
	}

	bySession(session: string, isUse = true): Caller | undefined {
		const name = this.#sessions.use(session, this.#options.clock.monotonicMs(), isUse);
		const person = name === undefined ? undefined : this.#roster?.person(name);
		return person === undefined ? undefined : { person, by: "session" };
	}

	byToken(token: string): Caller | undefined {
		const person = this.#roster?.byToken(token);
		return person === undefined ? undefined : { person, by: "token" };
	}

	may(person: Person | undefined, action: Action): boolean {
		return mayDo(action, person, this.login !== "required");
	}

	whoMay(action: Action): readonly Role[] {
		const allowed = permissions[action];
		return allowed === "everyone" ? roles : allowed;
	}

	/** Whoever is gone, or has another password or other roles, has to log in anew. */
	#take(people: PeopleFile): void {
		const before = this.#roster;
		const now = new Roster(people, hashOfNobody(this.#options.cost));
		this.#roster = now;
		for (const name of before?.names ?? []) {
			const same =
				before?.passwordOf(name) === now.passwordOf(name) &&
				before?.person(name)?.roles.join() === now.person(name)?.roles.join();
			if (!same) this.#sessions.endAllOf(name);
		}
	}

	async #checked(name: string, password: string): Promise<Person | undefined> {
		if (this.#checking < checkedAtOnce) this.#checking++;
		else
			await new Promise<void>((resolve) => {
				this.#waiting.push(resolve);
			});
		try {
			return await this.#roster?.byPassword(name, password);
		} finally {
			// Whoever waits takes the place that is left here.
			const next = this.#waiting.shift();
			if (next === undefined) this.#checking--;
			else next();
		}
	}

	async #recordRefused(name: string, address: string): Promise<void> {
		const { clock, telemetry, entries } = this.#options;
		const nowMs = clock.monotonicMs();
		if (nowMs - this.#hour.beganMs >= hourMs) this.#hour = { ...this.#hour, beganMs: nowMs, recorded: 0 };
		if (this.#hour.recorded >= recordedMax) {
			this.#hour.unrecorded++;
			return;
		}
		const { unrecorded } = this.#hour;
		this.#hour = { ...this.#hour, recorded: this.#hour.recorded + 1, unrecorded: 0 };
		telemetry.people.loginRefused({ name, address, unrecorded });
		const deed = { by: "collector", action: "login.refused", subject: name, detail: { address, unrecorded } };
		await entries.record(deed).catch((err: unknown) => {
			telemetry.people.auditFailed({ action: `login.refused: ${errorText(err)}`, err });
		});
	}
}
