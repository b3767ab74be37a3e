import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { StoreFile } from "../../../collector/store/store-file.ts";
import { describeWithPeer, withoutPeer } from "../../helpers/peers.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { makePart, sealTo } from "./sealed-store.ts";
import { commitRecord, samplesPerRecord } from "./sealing-process.ts";

const records = 1_500;

describeWithPeer("mount", "a disk without room for a part", (mount) => {
	test("nothing is listed and no row is deleted; with room it is sealed", async (context) => {
		const folder = join(temporaryFolder(), "data");
		mkdirSync(folder);
		try {
			execFileSync(mount, ["-t", "tmpfs", "-o", "size=32m", "tmpfs", folder], { stdio: "pipe" });
		} catch (error) {
			withoutPeer(`the right to mount a small disk is missing: ${String(error)}`, process.env, context);
			return;
		}
		const path = join(folder, "store.db");
		const file = new StoreFile(path);
		onTestFinished(() => {
			file.close();
			execFileSync(join(dirname(mount), "umount"), [folder]);
		});
		for (let seq = 1; seq <= records; seq++) commitRecord(file, seq);
		file.run("PRAGMA wal_checkpoint(TRUNCATE)");
		const { bavail, bsize } = statfsSync(folder);
		writeFileSync(join(folder, "ballast"), Buffer.alloc((bavail - 1) * bsize));
		await expect(makePart(path, records)).rejects.toThrow(/space|No space|disk/i);
		const rows = () => file.get("SELECT count(*) AS n FROM sample")?.n;
		expect(rows()).toBe(records * samplesPerRecord);
		expect(file.meta("sealed_to")).toBe("0");
		expect(readdirSync(join(folder, "parts")).filter((name) => name.includes("parquet"))).toEqual([]);
		rmSync(join(folder, "ballast"));
		expect(await sealTo(file, path, records)).toMatchObject({ samples: records * samplesPerRecord });
		expect(rows()).toBe(0);
	});
});
