import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { StoreKeeper } from "../../../collector/store/keeper.ts";
import type { DatatypeName } from "../../../common/contract/datatype.ts";
import type { SampleValue } from "../../../common/contract/samples.ts";
import { quietTelemetry } from "../../helpers/quiet-telemetry.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { beganMs, hourMs } from "../store/known-store.ts";
import { FollowerRig, ownStore, plainSamples, ScriptedDatabase } from "./follower-rig.ts";

const values: [DatatypeName, SampleValue][] = [
	["Double", Number.NaN],
	["Double", Number.NEGATIVE_INFINITY],
	["Double", -0],
	["Float", Math.fround(0.1)],
	["Int32", -5],
	["Int64", -9223372036854775808n],
	["UInt64", 18446744073709551615n],
	["Boolean", 1],
	["DateTime", 1_790_000_000_123],
	["String", 'a "quoted" \\ text\t漢'],
	["String", "NaN"],
	["Bytes", new Uint8Array([0, 255])],
	["Double", null],
];

test("a new follower gets from sealed parts, line for line, what it would have got from the hot table", async () => {
	const line = await ownStore();
	await plainSamples(line, 1_200);
	for (const [index, [datatype, value]] of values.entries()) {
		await line.series("U500", `V${index}`, datatype);
		const sample = { tag: `V${index}`, atMs: beganMs + index, restTicks: 7, value, status: 0x40000000 };
		await line.samples("U500", [sample, { ...sample, status: 0x80000000 }]);
	}
	const followed = async () => {
		const database = await ScriptedDatabase.start();
		const rig = new FollowerRig(line);
		await rig.follow({ name: "one", kind: "influxdb1", url: database.url, database: "d", batch_rows: 170 });
		await rig.caughtUp();
		expect(rig.status()).toMatchObject({ refusedLines: 0, missingSamples: 0 });
		await rig.stop();
		return database.requests.flatMap(({ lines }) => lines);
	};
	const hot = await followed();
	expect(hot).toHaveLength(1_200 + 2 * values.length);

	const clock = new SteppedClock(Date.now() + 2 * hourMs);
	const keeper = new StoreKeeper({
		...{ path: join(line.folder, "store.db"), store: line.store, readers: [line.reader], clock },
		...{ limits: { memoryMb: 128, threads: 1, temporaryMb: 256 }, telemetry: quietTelemetry() },
		...{
			sealAfterMs: hourMs,
			sealSamplesMax: 1_000_000,
			retention: { keepMs: undefined, keepBytes: undefined },
		},
	});
	onTestFinished(() => keeper.stop());
	await keeper.open();
	await keeper.look();
	expect(
		readdirSync(join(line.folder, "parts")).filter(
			(name) => name.endsWith(".parquet") && !name.includes("-q-"),
		),
	).toHaveLength(1);
	expect(await followed()).toEqual(hot);
});
