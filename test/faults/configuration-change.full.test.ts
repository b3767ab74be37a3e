import { expect, onTestFinished, test } from "vitest";
import { datatypes } from "../../common/contract/datatype.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { LoadLine } from "./load-line.ts";
import { flowing } from "./outages.ts";
import { until } from "./until.ts";
import { agentIs, counter } from "./whole.ts";

const newType = "L001/T00001";
const removed = "L001/T00002";

describeWithPeer("mosquitto", "another configuration while a backlog is held", (mosquitto) => {
	test("old values keep their tag and type, new ones get theirs, and a removed tag's backlog is stored", async () => {
		const line = new LoadLine({ tags: 50 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { rate: 500 });
		await flowing(line);
		await line.collector.kill();
		await agentIs(line, ({ delivery }) => delivery.unconfirmedRecords > 8, 20_000);
		await line.agent.kill("SIGTERM");
		line.changeAgent(({ devices: [device] }) => {
			if (device === undefined) throw new Error("expected a device");
			device.tags = device.tags.filter(({ name }) => name !== "T00002");
			for (const tag of device.tags) if (tag.name === "T00001") tag.type = "Int32";
		});
		line.agent.start();
		const read = () => counter(line.agentUrl, "pilotline_agent_samples_total");
		await agentIs(
			line,
			({ servers }) => servers.every(({ tagsSubscribed }) => tagsSubscribed === line.tags),
			20_000,
		);
		await expect.poll(read, { timeout: 10_000 }).toBeGreaterThan(1_000);
		line.collector.start();
		await agentIs(line, ({ delivery }) => delivery.unconfirmedRecords < 10, 30_000);
		const { producedByTag } = await line.halt();
		await until(
			`${line.agentUrl}/status`,
			({ delivery }: { delivery: { unconfirmedRecords: number } }) => {
				const newest = line.store.newest();
				return (
					delivery.unconfirmedRecords === 0 &&
					Object.entries(producedByTag).every(([tag, value]) => tag === removed || newest[tag] === value)
				);
			},
			20_000,
			() => line.logs(),
		);

		const types = line.store.rows<{ tag: string; datatype: number; low: number; high: number; n: number }>(
			`SELECT x.tag, x.datatype, min(s.value) AS low, max(s.value) AS high, count(*) AS n
			FROM sample s JOIN series x ON x.id = s.series WHERE x.tag IN ('T00001', 'T00002') AND s.status = 0
			GROUP BY x.id ORDER BY x.tag, low`,
		);
		expect(types).toMatchObject([
			{ tag: "T00001", datatype: datatypes.Double, low: 1 },
			{ tag: "T00001", datatype: datatypes.Int32, high: producedByTag[newType] },
			{ tag: "T00002", datatype: datatypes.Double, low: 1 },
		]);
		const [old, fresh, gone] = types as [(typeof types)[0], (typeof types)[0], (typeof types)[0]];
		expect(old.high).toBeLessThan(fresh.low);
		// Whatever the agent had read of the removed tag is there, without a hole, up to its stop.
		expect([old.n, gone.n]).toEqual([old.high, gone.high]);
		expect(Math.abs(gone.high - old.high)).toBeLessThanOrEqual(5);
		expect(fresh.n).toBe(fresh.high - fresh.low + 1);

		const { missing, doubled } = line.store.examine();
		const gaps = line.store.gaps();
		expect(doubled).toEqual([]);
		expect(gaps.map(({ cause }) => cause)).toEqual(["agent_down"]);
		for (const { tag, fromMs, toMs } of missing) {
			const [gap] = gaps as [(typeof gaps)[0]];
			expect(gap.fromMs, tag).toBeLessThanOrEqual(fromMs + 500);
			expect(gap.toMs, tag).toBeGreaterThanOrEqual(toMs);
		}
		expect(line.store.conflicts()).toBe(0);
	});
});
