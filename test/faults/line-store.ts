import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** A hole in a tag's counter: the values between two stored ones, and the source times around them. */
export interface MissingRun {
	readonly tag: string;
	readonly values: number;
	readonly fromMs: number;
	readonly toMs: number;
}

export interface LedgerGap {
	readonly device: string;
	readonly cause: string;
	readonly fromMs: number;
	readonly toMs: number;
}

/** What a collector has stored of the load generator's counters, read from its file beside the running process. */
export class LineStore {
	readonly #path: string;
	#open: DatabaseSync | undefined;

	constructor(dataDirectory: string) {
		this.#path = join(dataDirectory, "store.db");
	}

	/** Stored samples of every tag in order of source time, with what is missing between them and what is doubled. */
	examine(): { missing: MissingRun[]; doubled: string[] } {
		const missing: MissingRun[] = [];
		const doubled: string[] = [];
		const rows = this.#database.prepare(
			`SELECT x.device || '/' || x.tag AS tag, s.value, s.source_ms AS ms FROM sample s JOIN series x ON x.id = s.series
			WHERE x.tag LIKE 'T%' AND s.status = 0 ORDER BY x.device, x.tag, s.source_ms, s.value`,
		);
		let before: { tag: string; value: number; ms: number } | undefined;
		for (const row of rows.iterate() as Iterable<{ tag: string; value: number; ms: number }>) {
			if (before?.tag === row.tag) {
				if (row.value <= before.value) doubled.push(`${row.tag} value ${row.value}`);
				if (row.value > before.value + 1) {
					missing.push({
						tag: row.tag,
						values: row.value - before.value - 1,
						fromMs: before.ms,
						toMs: row.ms,
					});
				}
			} else if (row.value !== 1) {
				missing.push({ tag: row.tag, values: row.value - 1, fromMs: 0, toMs: row.ms });
			}
			before = row;
		}
		return { missing, doubled };
	}

	/** The highest stored counter of every tag; with two lanes the last one stored need not be the newest. */
	newest(): Record<string, number> {
		const rows = this.#database
			.prepare(
				`SELECT x.device || '/' || x.tag AS tag, max(s.value) AS value FROM sample s JOIN series x ON x.id = s.series
				WHERE x.tag LIKE 'T%' AND s.status = 0 GROUP BY 1`,
			)
			.all() as { tag: string; value: number }[];
		return Object.fromEntries(rows.map(({ tag, value }) => [tag, value]));
	}

	/** Samples of the counters, cheap to ask. */
	samples(): number {
		const row = this.#database
			.prepare(
				"SELECT coalesce(sum(c.samples), 0) AS n FROM count_by_series c JOIN series x ON x.id = c.series WHERE x.tag LIKE 'T%'",
			)
			.get() as { n: number };
		return row.n;
	}

	gaps(): LedgerGap[] {
		return this.#database
			.prepare("SELECT device, cause, from_ms AS fromMs, to_ms AS toMs FROM gap ORDER BY from_ms, device")
			.all()
			.map((row) => ({ ...row })) as unknown as LedgerGap[];
	}

	/** Devices of which the collector knows how far they are complete. */
	completeDevices(): number {
		const row = this.#database.prepare("SELECT count(*) AS n FROM through WHERE device <> ''").get();
		return (row as { n: number }).n;
	}

	/** Records that came a second time with another content. */
	conflicts(): number {
		return (this.#database.prepare("SELECT count(*) AS n FROM conflict").get() as { n: number }).n;
	}

	/** One query of a test's own. */
	rows<T>(sql: string, ...values: readonly (string | number)[]): T[] {
		return this.#database
			.prepare(sql)
			.all(...values)
			.map((row) => ({ ...row })) as T[];
	}

	/** Must come before the file is replaced, and at the end. */
	close(): void {
		this.#open?.close();
		this.#open = undefined;
	}

	get #database(): DatabaseSync {
		this.#open ??= new DatabaseSync(this.#path, { readOnly: true });
		return this.#open;
	}
}
