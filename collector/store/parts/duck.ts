import { type DuckDBConnection, type DuckDBDataChunk, DuckDBInstance } from "@duckdb/node-api";

/** Bounds of one in-memory DuckDB. */
export interface DuckLimits {
	readonly memoryMb: number;
	readonly threads: number;
	/** What it may write beside `memoryMb` while it sorts, in the temporary folder. */
	readonly temporaryMb: number;
}

/** An in-memory DuckDB that reads and writes files of one folder, loads nothing from anywhere and stays within its bounds. */
export class Duck {
	readonly connection: DuckDBConnection;
	readonly #instance: DuckDBInstance;

	private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
		this.#instance = instance;
		this.connection = connection;
	}

	/** `folder` holds the Parquet files, `temporary` is made when it is needed. */
	static async open(folder: string, temporary: string, limits: DuckLimits): Promise<Duck> {
		const instance = await DuckDBInstance.create(":memory:", {
			threads: String(limits.threads),
			memory_limit: `${limits.memoryMb}MiB`,
			temp_directory: temporary,
			max_temp_directory_size: `${limits.temporaryMb}MiB`,
			autoinstall_known_extensions: "false",
			autoload_known_extensions: "false",
			allow_community_extensions: "false",
		});
		const connection = await instance.connect();
		await connection.run(`SET allowed_directories = [${quoted(`${folder}/`)}, ${quoted(`${temporary}/`)}]`);
		// Footers of immutable files are parsed once. DuckDB 1.5.5 takes `enable_object_cache` and does nothing with it.
		await connection.run("SET parquet_metadata_cache = true");
		await connection.run("SET enable_external_access = false; SET lock_configuration = true");
		return new Duck(instance, connection);
	}

	/** The result's chunks, as DuckDB makes them; a `break` ends the query. */
	async *chunks(sql: string): AsyncGenerator<DuckDBDataChunk> {
		const result = await this.connection.stream(sql);
		for (;;) {
			const chunk = await result.fetchChunk();
			if (chunk === null || chunk.rowCount === 0) return;
			yield chunk;
		}
	}

	/** The first row, as DuckDB's own values. */
	async row(sql: string): Promise<unknown[]> {
		const reader = await this.connection.runAndReadAll(sql);
		return reader.getRows()[0] ?? [];
	}

	close(): void {
		this.connection.closeSync();
		this.#instance.closeSync();
	}
}

/** A text as an SQL literal. */
export function quoted(text: string): string {
	return `'${text.replaceAll("'", "''")}'`;
}
