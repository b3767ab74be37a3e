import { expect, test } from "vitest";
import { VictoriaMetrics } from "../../helpers/influxd.ts";
import { describeWithPeer } from "../../helpers/peers.ts";
import { beganMs } from "../store/known-store.ts";
import { FollowerRig, ownStore, plainSamples } from "./follower-rig.ts";

describeWithPeer("victoria-metrics", "a follower of a real VictoriaMetrics", (program) => {
	test("over the writing paths of InfluxDB 1 and 2: every number and status, once, with its time", async () => {
		const victoria = await VictoriaMetrics.start(program);
		try {
			const line = await ownStore();
			await plainSamples(line, 300);
			await line.series("U500", "Door", "Boolean");
			await line.samples("U500", [{ tag: "Door", atMs: beganMs, value: 1, status: 0x40000000 }]);
			const rig = new FollowerRig(line);
			await rig.follow(
				{ name: "one", kind: "influxdb2", url: victoria.url, org: "any", bucket: "two" },
				{ name: "two", kind: "influxdb1", url: victoria.url, database: "one" },
			);
			await rig.caughtUp("one");
			await rig.caughtUp("two");
			const expected = Array.from({ length: 300 }, (_, n) => n + 0.25);
			const found = await victoria.export('{__name__=~"sample_.*"}');
			expect(found.reduce((sum, { values }) => sum + values.length, 0)).toBe(2 * (2 * 300 + 3));
			for (const db of [undefined, "one"]) {
				const of = (name: string, tag: string) =>
					found.find(({ metric }) => metric.__name__ === name && metric.tag === tag && metric.db === db);
				expect(of("sample_value", "T1")?.values).toEqual(expected);
				expect(of("sample_value", "T1")?.timestamps).toEqual(expected.map((_, n) => beganMs + n * 1_000));
				expect(of("sample_value", "T1")?.metric).toMatchObject({
					group: "site",
					edge_node: "agent-1",
					unit: "U500",
				});
				expect(of("sample_status", "T1")?.values).toEqual(expected.map(() => 0));
				expect(of("sample_bvalue", "Door")?.values).toEqual([1]);
				expect(of("sample_status", "Door")?.values).toEqual([0x40000000]);
			}
		} finally {
			await victoria.remove();
		}
	});
});
