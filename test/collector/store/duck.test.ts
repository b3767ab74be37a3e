import { renameSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Duck, quoted } from "../../../collector/store/parts/duck.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const limits = { memoryMb: 64, threads: 1, temporaryMb: 64 };

test("footers are kept parsed, a file put in another's place is read anew, and nobody changes the bounds", async () => {
	const folder = temporaryFolder();
	const duck = await Duck.open(folder, join(folder, "tmp"), limits);
	try {
		expect(await duck.row("SELECT current_setting('parquet_metadata_cache')")).toEqual([true]);
		const [path, other] = [join(folder, "a.parquet"), join(folder, "b.parquet")] as const;
		const count = `SELECT count(*)::INTEGER, max(x)::INTEGER FROM read_parquet(${quoted(path)})`;
		await duck.connection.run(`COPY (SELECT 1 AS x FROM range(10)) TO ${quoted(path)} (FORMAT parquet)`);
		expect(await duck.row(count)).toEqual([10, 1]);
		await duck.connection.run(`COPY (SELECT 2 AS x FROM range(70)) TO ${quoted(other)} (FORMAT parquet)`);
		renameSync(other, path);
		expect(await duck.row(count)).toEqual([70, 2]);
		await expect(duck.connection.run("SET parquet_metadata_cache = false")).rejects.toThrow(/locked/);
	} finally {
		duck.close();
	}
});
