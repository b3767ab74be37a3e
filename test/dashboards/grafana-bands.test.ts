import { expect, test } from "vitest";
import { limitsEveryMs } from "../../collector/quality/limit-times.ts";
import type { WindowLimits } from "../../collector/window-limits.ts";
import { limits, limitsTold } from "../../dashboards/grafana/queries.ts";
import { FollowerRig, ownStore } from "../collector/followers/follower-rig.ts";
import { beganMs, minuteMs } from "../collector/store/known-store.ts";
import { Influxd, type InfluxRow } from "../helpers/influxd.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { asked } from "./pictures/answers.ts";

const [unit, tag, window] = ["U500", "T1", "soak"];
const at = (minute: number) => beganMs + minute * minuteMs;

function run(version: number, high: number, from: number, to?: number): WindowLimits {
	return {
		...{ id: `run ${version} ${from}`, window, unit, tag, specVersion: version, batch: "B1", lot: "L1" },
		...{ low: 495, high, fromMs: at(from), toMs: to === undefined ? undefined : at(to), atMs: at(from) },
	};
}

test("a query looks as far back as limits may have been told last", () => {
	expect(limitsTold).toBe(`${limitsEveryMs / 3_600_000}h`);
});

describeWithPeer("influxdb", "bands of windows, on a real InfluxDB 1", (program) => {
	/** Minutes of the period with a strip above, and the limit at its foot. */
	async function strips(influxd: Influxd, db: string, from: number, to: number): Promise<string[]> {
		const { query } = limits(unit, tag, 10);
		const rows = await influxd.query(asked(query, { fromMs: at(from), toMs: at(to) }, "1m"), db);
		const minute = ({ time }: InfluxRow) =>
			Number((BigInt(String(time)) / 1_000_000n - BigInt(beganMs)) / BigInt(minuteMs));
		return rows.flatMap((row) => {
			const seen = minute(row) >= from && row.top !== null && row.top !== row.high;
			if (seen)
				expect([Number(row.top) - Number(row.high), Number(row.low) - Number(row.bottom)]).toEqual([10, 10]);
			return seen ? [`${minute(row)}: ${row.high}`] : [];
		});
	}

	test("begin and end with the time in which they applied, by the specification that was in force then", async () => {
		const influxd = await Influxd.start(program);
		try {
			for (const db of ["live", "late"]) await influxd.query(`CREATE DATABASE ${db}`);
			const line = await ownStore();
			const rig = new FollowerRig(line);
			const follower = (name: string, database: string) => ({
				name,
				kind: "influxdb1",
				url: influxd.url,
				database,
			});
			const written = (count: number, name: string) =>
				rig.until(({ writtenLines }) => writtenLines === count, name);
			await rig.follow(follower("one", "live"));
			await line.commit({ limits: [run(1, 505, 2)] });
			await written(1, "one");
			await expect(strips(influxd, "live", 0, 5)).resolves.toEqual(["2: 505", "3: 505", "4: 505", "5: 505"]);

			await line.commit({ limits: [{ ...run(1, 505, 2, 6), atMs: undefined }] });
			// The next run begins where one ends, and goes on.
			await line.commit({
				limits: [run(1, 505, 10), { ...run(1, 505, 10, 12), atMs: undefined }, run(2, 500, 12)],
			});
			await written(5, "one");
			const all = ["2: 505", "3: 505", "4: 505", "10: 505", "12: 500", "13: 500"];
			// The minute in which a run ends shows that it ended.
			expect(await strips(influxd, "live", 0, 13)).toEqual(all);
			// What began before the picture is in it.
			expect(await strips(influxd, "live", 13, 14)).toEqual(["13: 500", "14: 500"]);
			await rig.stop();

			await rig.follow(follower("again", "live"), follower("late", "late"));
			for (const name of ["again", "late"]) await written(5, name);
			expect(await strips(influxd, "late", 0, 13)).toEqual(all);
			expect(await strips(influxd, "live", 0, 13)).toEqual(all);
			const points = (db: string) => influxd.query("SELECT * FROM spec_limit", db);
			expect(await points("live")).toEqual(await points("late"));
			expect((await points("live")).map(({ applies, high, version }) => [applies, high, version])).toEqual([
				...[
					[1, 505, 1],
					[0, 505, 1],
					[1, 505, 1],
					[0, 505, 1],
					[1, 500, 2],
				],
			]);
		} finally {
			await influxd.remove();
		}
	});
});
