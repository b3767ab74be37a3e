import { stat } from "node:fs/promises";
import type { AuditEntry } from "../../common/runtime/audit-chain.ts";
import { canonicalJson } from "../../common/runtime/canonical-json.ts";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import { loadConfigFile } from "../../common/runtime/config-file.ts";
import type { EntryPort } from "../people-port.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { type PeopleFile, peopleConfig, type ToldPerson, toldPeople } from "./people-file.ts";

/** The newest audit entry of an action, for what the people were before the collector was stopped. */
export type LastRecorded = (action: string) => Promise<AuditEntry | undefined>;

interface PeopleWatchOptions {
	readonly file: string;
	readonly telemetry: CollectorTelemetry;
	readonly entries: EntryPort;
	readonly lastRecorded: LastRecorded;
	/** Told of each reading that can be used. */
	readonly take: (people: PeopleFile) => void;
}

const action = "people.changed";

/** Reads the people file when it is another one than before, and records what has changed in it. */
export class PeopleWatch {
	readonly #options: PeopleWatchOptions;
	/** Device, inode, size and times: a rename and a symbolic link that points elsewhere show as well. */
	#seen = "";
	#told: readonly ToldPerson[] = [];
	#changedAt: string | undefined;
	#looking = false;
	#refusedBefore = "";

	constructor(options: PeopleWatchOptions) {
		this.#options = options;
	}

	/** @throws CodedError CONFIG_INVALID, CONFIG_UNREADABLE */
	async begin(): Promise<void> {
		const last = await this.#options.lastRecorded(action);
		if (last !== undefined) {
			const { now, changedAt } = JSON.parse(last.detail) as { now: ToldPerson[]; changedAt: string | null };
			this.#told = now;
			this.#changedAt = changedAt ?? undefined;
		}
		this.#seen = await seenOf(this.#options.file);
		await this.#read();
	}

	/** Never throws: a file that cannot be used is said once, and the people of before stay. */
	async look(): Promise<void> {
		if (this.#looking) return;
		this.#looking = true;
		const seen = await seenOf(this.#options.file);
		try {
			if (seen === this.#seen) return;
			await this.#read();
			this.#seen = seen;
			this.#refusedBefore = "";
		} catch (error) {
			const reason = errorText(error);
			// What the file says does not change until the file does; what could not be recorded is tried again.
			if (error instanceof CodedError && error.code.startsWith("CONFIG_")) this.#seen = seen;
			if (reason === this.#refusedBefore) return;
			this.#refusedBefore = reason;
			this.#options.telemetry.people.peopleFileRefused({ file: this.#options.file, reason });
		} finally {
			this.#looking = false;
		}
	}

	async #read(): Promise<void> {
		const { file, telemetry, entries, take } = this.#options;
		const { value } = loadConfigFile(file, peopleConfig, {});
		if (((await stat(file)).mode & 0o002) !== 0)
			throw new CodedError(
				"CONFIG_INVALID",
				`${file}: expected a file that only its owner can write, found one that everybody can; chmod o-w`,
			);
		const now = toldPeople(value);
		if (canonicalJson(now) !== canonicalJson(this.#told)) {
			const { by, at } = value.changed ?? {};
			// Whoever edited the file by hand has left the name of the one before in it.
			const known = by !== undefined && at !== this.#changedAt ? by : "collector";
			const detail = { before: this.#told, now, changedAt: at ?? null };
			// Recorded first: a change that cannot be recorded does not hold.
			await entries.record({ by: known, action, subject: "people", detail });
			this.#told = now;
			this.#changedAt = at;
		}
		take(value);
		telemetry.people.peopleTaken({ people: now.length, file });
	}
}

/** What tells one state of the file from another; a file that is not there is a state, too. */
async function seenOf(file: string): Promise<string> {
	const { dev, ino, size, mtimeMs, ctimeMs } = await stat(file).catch(() => ({
		...{ dev: 0, ino: 0, size: -1, mtimeMs: 0, ctimeMs: 0 },
	}));
	return [dev, ino, size, mtimeMs, ctimeMs].join();
}
