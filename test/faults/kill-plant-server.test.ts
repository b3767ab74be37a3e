import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
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

/** max(2 × publishing interval, 10 s). */
const goodAgainWithinMs = 10_000;

/** Resolves when the plant server takes connections again. */
async function listening(line: LoadLine): Promise<void> {
	const { servers } = parse(readFileSync(line.agentFile, "utf8")) as { servers: { endpoint: string }[] };
	const { port } = new URL((servers[0]?.endpoint ?? "").replace("opc.tcp:", "http:"));
	const isOpen = () =>
		new Promise<boolean>((resolve) => {
			const socket = connect(Number(port), "127.0.0.1");
			socket.once("connect", () => resolve(true));
			socket.once("error", () => resolve(false));
			socket.once("connect", () => socket.destroy());
		});
	await expect.poll(isOpen, { timeout: 25_000, interval: 50 }).toBe(true);
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
		await listening(line);
		// Stored as Good so soon after the server is back, with all that lies in between.
		await until<{ tags: { unit: string; lastStatus: number; lastValue: unknown }[] }>(
			`${line.apiUrl}/api/v1/tags`,
			({ tags }) => tags.filter(({ unit }) => unit === "L001").every(({ lastStatus }) => lastStatus === 0),
			goodAgainWithinMs,
			() => line.logs(),
		);
		await status(({ connected, tagsSubscribed }) => connected && tagsSubscribed === 101, 5_000);
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
