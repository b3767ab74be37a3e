import { expect, onTestFinished, test } from "vitest";
import { statusCodes } from "../../common/contract/status.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { LoadLine } from "./load-line.ts";
import { until } from "./until.ts";

interface AgentStatus {
	readonly servers: readonly {
		readonly connected: boolean;
		readonly tagsSubscribed: number;
		readonly lastError?: string;
	}[];
}

describeWithPeer("mosquitto", "an OPC UA server that dies", (mosquitto) => {
	test("its tags become Bad, come back Good by themselves, and the hole is written down", async () => {
		const line = new LoadLine({ tags: 100 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { rate: 500 });
		const status = (met: (server: AgentStatus["servers"][number]) => boolean, withinMs: number) =>
			until<AgentStatus>(
				`${line.agentUrl}/status`,
				({ servers }) => servers.every(met),
				withinMs,
				() => line.logs(),
			);
		await status(({ connected, tagsSubscribed }) => connected && tagsSubscribed === 101, 20_000);
		const stored = () =>
			until<{ total: number }>(
				`${line.apiUrl}/api/v1/counts`,
				({ total }) => total > 1_000,
				20_000,
				() => line.logs(),
			);
		await stored();

		await line.load.kill();
		await status(({ connected }) => !connected, 15_000);
		await until<{ tags: { unit: string; lastStatus: number }[] }>(
			`${line.apiUrl}/api/v1/tags`,
			({ tags }) =>
				tags
					.filter(({ unit }) => unit === "L001")
					.every(({ lastStatus }) => lastStatus === statusCodes.BadNoCommunication),
			15_000,
			() => line.logs(),
		);

		line.load.start();
		await status(({ connected, tagsSubscribed }) => connected && tagsSubscribed === 101, 40_000);
		await until<{ tags: { unit: string; lastStatus: number; lastValue: unknown }[] }>(
			`${line.apiUrl}/api/v1/tags`,
			({ tags }) => tags.filter(({ unit }) => unit === "L001").every(({ lastStatus }) => lastStatus === 0),
			20_000,
			() => line.logs(),
		);
		await until(
			`${line.apiUrl}/api/v1/gaps`,
			({ gaps }: { gaps: unknown[] }) => gaps.length > 0,
			10_000,
			() => line.logs(),
		);
		expect(line.store.gaps()).toEqual([
			{ device: "L001", cause: "server_unreachable", fromMs: expect.any(Number), toMs: expect.any(Number) },
		]);

		// A Bad sample has no value and its full status; it is never the last good value again.
		const [bad] = line.store.rows<{ n: number; valued: number }>(
			"SELECT count(*) AS n, count(value) AS valued FROM sample WHERE status = ?",
			statusCodes.BadNoCommunication,
		);
		expect(bad).toMatchObject({ n: 101, valued: 0 });
	});
});
