import type { DatabaseSync } from "node:sqlite";
import type { ParquetExport, SamplePiece } from "../../samples-port.ts";
import { SampleRows } from "../sample-rows.ts";
import { Duck, type DuckLimits } from "./duck.ts";
import { exportingParquet } from "./parquet-export.ts";
import { temporaryFolder } from "./part-folder.ts";
import { DamagedPart, SealedRows } from "./sealed-rows.ts";

/** A part that was found damaged while a question was answered. */
export interface DamageFound {
	readonly file: string;
	readonly reason: string;
}

/** Reads parts for questions. DuckDB starts with the first one that needs it, and a damaged part is left out from then on. */
export class ReadingParts {
	readonly #folder: string;
	readonly #temporary: string;
	readonly #limits: DuckLimits;
	readonly #damaged = new Map<string, string>();
	/** Found since they were taken last. */
	#untold: DamageFound[] = [];
	#duck: Duck | undefined;

	/** `whose` names the temporary folder, which no other DuckDB may use. */
	constructor(folder: string, limits: DuckLimits, whose: string) {
		this.#folder = folder;
		this.#temporary = temporaryFolder(folder, whose);
		this.#limits = limits;
	}

	/** Does the work in one view of the store; again without a part that turns out to be damaged. */
	async view<T>(db: DatabaseSync, work: (db: DatabaseSync, rows: SampleRows) => T | Promise<T>): Promise<T> {
		const sealed = new SealedRows(() => this.duck(), this.#folder);
		for (;;) {
			try {
				return await SampleRows.view(db, sealed, new Set(this.#damaged.keys()), (rows) => work(db, rows));
			} catch (error) {
				if (!(error instanceof DamagedPart) || this.#damaged.has(error.file)) throw error;
				this.#damaged.set(error.file, error.message);
				this.#untold.push({ file: error.file, reason: error.message });
			}
		}
	}

	/**
	 * What writes every sample of the pieces into a file of the temporary folder. This is asked for in a view; the writing
	 * itself reads only files and comes after it, so that the view does not stay open for long.
	 */
	async exporting(rows: SampleRows, pieces: readonly SamplePiece[]): Promise<() => Promise<ParquetExport>> {
		const folders = { folder: this.#folder, temporary: this.#temporary };
		return await exportingParquet(await this.duck(), folders, rows, pieces);
	}

	/** Started with the first question that needs it; it reads files of the folder of parts and below. */
	async duck(): Promise<Duck> {
		this.#duck ??= await Duck.open(this.#folder, this.#temporary, this.#limits);
		return this.#duck;
	}

	/** Parts that were found damaged since this was asked last. */
	takeDamaged(): DamageFound[] {
		const found = this.#untold;
		this.#untold = [];
		return found;
	}

	close(): void {
		this.#duck?.close();
		this.#duck = undefined;
	}
}
