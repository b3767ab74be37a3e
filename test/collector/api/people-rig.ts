import { join } from "node:path";
import { pino } from "pino";
import type { ApiServer } from "../../../collector/api/api-server.ts";
import { Access } from "../../../collector/people/access.ts";
import { EntryBook } from "../../../collector/people/entry-book.ts";
import { hashPassword } from "../../../collector/people/password.ts";
import { addPerson, addToken, editPeople } from "../../../collector/people/people-edit.ts";
import { makeToken } from "../../../collector/people/token.ts";
import { type Role, roles } from "../../../collector/people-port.ts";
import { StoreReader } from "../../../collector/store/reader.ts";
import { Store } from "../../../collector/store/store.ts";
import { CollectorTelemetry } from "../../../collector/telemetry.ts";
import { systemClock } from "../../../common/runtime/clock.ts";
import { beganMs, KnownStore, knownOccurrence } from "../store/known-store.ts";
import { enteringOf } from "./entering-of.ts";
import { knownLive, startServer } from "./known-live.ts";

export const password = "correct horse battery";
/** As weak as a file may have it, so that tests are quick. */
export const cheap = { ln: 14, r: 8, p: 1 };

/** A person for each role, named as it, with the password and a token; the real store, reader, access and server. */
export class PeopleRig {
	readonly known = new KnownStore();
	readonly peopleFile = join(this.known.directory, "people.yaml");
	readonly tokens = new Map<Role, string>();
	/** Every line that was logged. */
	readonly logged: string[] = [];
	readonly #reader = new StoreReader();
	readonly #store = new Store();
	readonly #servers: ApiServer[] = [];
	readonly #accesses: Access[] = [];
	#entries!: EntryBook;
	#telemetry!: CollectorTelemetry;

	async start(): Promise<this> {
		this.known.commit({
			lots: [{ lot: "L1", openedMs: beganMs, closedMs: undefined, observedWhole: true }],
			occurrences: [knownOccurrence],
		});
		const by = { by: "os:test", atTime: "2026-11-30T06:00:00.000Z" };
		const hash = await hashPassword(password, cheap);
		for (const role of roles) {
			await editPeople(this.peopleFile, addPerson(role, [role], hash), by);
			const { text, ...kept } = makeToken();
			this.tokens.set(role, text);
			await editPeople(this.peopleFile, addToken(role, "test", kept), by);
		}
		await this.#store.open(this.known.path);
		await this.#reader.open(this.known.path);
		const log = pino({ level: "trace" }, { write: (line: string) => void this.logged.push(line) });
		this.#telemetry = new CollectorTelemetry(log);
		this.#entries = new EntryBook({
			...{ clock: systemClock, telemetry: this.#telemetry, store: this.#store },
			started: { by: "collector", action: "collector.started", subject: "test", detail: {} },
		});
		await this.#entries.start();
		return this;
	}

	async server(login: "writing" | "required"): Promise<ApiServer> {
		const access = new Access({
			...{ clock: systemClock, telemetry: this.#telemetry, entries: this.#entries, login },
			...{ file: this.peopleFile, cost: cheap, lastRecorded: (action) => this.#store.lastDeed(action) },
			sessions: { idleMs: 1_800_000, lifetimeMs: 43_200_000 },
		});
		await access.start();
		this.#accesses.push(access);
		const server = await startServer(this.#reader, knownLive(), "Written", {
			...{ access, entry: this.#entries },
			entering: enteringOf({ entries: this.#entries, reader: this.#reader, store: this.#store }),
		});
		this.#servers.push(server);
		return server;
	}

	async stop(): Promise<void> {
		for (const server of this.#servers) await server.stop();
		for (const access of this.#accesses) access.stop();
		await this.#entries?.stop();
		await this.#reader.close();
		await this.#store.close();
		this.known.remove();
	}
}
