import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { statusCodes } from "../../common/contract/status.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { wireTo } from "../helpers/wire.ts";
import { expectEach, foreignSource, good, soon, startMs } from "./foreign-line.ts";
import { ForeignServer, makers } from "./foreign-server.ts";
import { trusting } from "./foreign-trust.ts";

const minute = 60_000;
const variables = { Moving: "Double", Still: "Double", Text: "String" };
const tags = [
	{ name: "Moving", type: "Double" },
	{ name: "Still", type: "Double" },
	{ name: "Text", type: "String" },
];
/** More than a server gives in one answer. */
const lastKept = 1_500;
const names = tags.map(({ name }) => name);
const first = [good("Moving", 0, startMs), good("Still", 3, startMs), good("Text", "on", startMs)];

/** Values of the tag that moves, one a second of plant time. */
function moving(from: number, to: number) {
	return Array.from({ length: to - from + 1 }, (_, index) =>
		good("Moving", from + index, startMs + (from + index) * 1_000, 1_230),
	);
}

for (const maker of makers) {
	maker.describe(`a server of ${maker.name}`, () => {
		test("killed and restarted: noticed at once, Good within 10 s, and the hole is in the ledger", {
			timeout: 2 * minute,
		}, async () => {
			const server = await ForeignServer.start(maker, { variables });
			await server.write(...first);
			const line = await foreignSource(server.port, tags);
			await expect.poll(() => line.isGood(names), soon).toBe(true);
			await server.write(...moving(1, 10));
			await expect.poll(() => line.last("Moving")?.value, soon).toBe(10);
			await server.kill();
			await expect.poll(() => line.last("Still")?.status, soon).toBe(statusCodes.BadNoCommunication);
			expect(line.last("Moving")).toMatchObject({ status: statusCodes.BadNoCommunication, value: null });
			await delay(5_000);
			await server.start();
			const atMs = startMs + 60_000;
			await server.write(good("Moving", 60, atMs), good("Still", 3, startMs), good("Text", "on", startMs));
			const backMs = await line.goodAgain(names);
			process.stderr.write(`${maker.name} restarted: Good again after ${backMs} ms\n`);
			expect(line.last("Moving")).toMatchObject({ status: 0, value: 60 });
			expect(line.gaps).toMatchObject([
				{ cause: "server_unreachable", fromMs: startMs + 10_000, backfilled: false },
			]);
			await server.write(good("Moving", 61, atMs + 1_000));
			await expect.poll(() => line.last("Moving")?.value, soon).toBe(61);
			expectEach(
				line
					.sent("Moving")
					.map(({ value }) => value)
					.slice(0, 11),
				0,
				10,
			);
		});

		test("frozen longer than every timeout: noticed within 15 s, Good within 10 s of its return, nothing missing or in the ledger", {
			timeout: 4 * minute,
		}, async () => {
			const server = await ForeignServer.start(maker, { variables });
			await server.write(...first, ...moving(1, 10));
			const line = await foreignSource(server.port, tags);
			await expect.poll(() => line.isGood(names) && line.last("Moving")?.value === 10, soon).toBe(true);
			server.freeze();
			const frozenMs = performance.now();
			await expect
				.poll(() => line.last("Still")?.status, { timeout: 15_000 })
				.toBe(statusCodes.BadNoCommunication);
			const noticedMs = Math.round(performance.now() - frozenMs);
			// A session times out after 60 s, a connection on which nothing comes too.
			await delay(75_000);
			server.writeLater(...moving(11, 100));
			server.thaw();
			const backMs = await line.goodAgain(names);
			await expect.poll(() => line.last("Moving")?.value, soon).toBe(100);
			process.stderr.write(
				`${maker.name} frozen: noticed after ${noticedMs} ms, Good again after ${backMs} ms, gaps ${JSON.stringify(line.gaps.map(({ cause }) => cause))}\n`,
			);
			const values = line.sent("Moving").map(({ value }) => value);
			expect(values).toEqual([...new Set(values)]);
			if (line.gaps.length === 0) expectEach(values, 10, 100);
			else {
				// It had given up the session meanwhile: what came between is missing, and said to be.
				expect(line.gaps).toMatchObject([
					{ cause: "server_unreachable", fromMs: startMs + 10_000, backfilled: false },
				]);
			}
		});

		test("cut off and back: what its queues held comes late and once, and tags that stood still are Good again", {
			timeout: 2 * minute,
		}, async () => {
			const server = await ForeignServer.start(maker, { variables });
			await server.write(...first);
			const wire = await wireTo(server.port);
			const line = await foreignSource(wire.port, tags);
			await expect.poll(() => line.isGood(names), soon).toBe(true);
			await server.write(...moving(1, 50));
			await expect.poll(() => line.last("Moving")?.value, soon).toBe(50);
			wire.down = true;
			wire.cut();
			await expect.poll(() => line.source.state().connected, soon).toBe(false);
			await server.write(...moving(51, 1_000));
			await delay(3_000);
			wire.down = false;
			const backMs = await line.goodAgain(names);
			process.stderr.write(`${maker.name} cut off: Good again after ${backMs} ms\n`);
			await expect.poll(() => line.last("Moving")?.value, soon).toBe(1_000);
			expectEach(
				line.sent("Moving").map(({ value }) => value),
				0,
				1_000,
			);
			expect(line.gaps).toEqual([]);
			expect(line.last("Still")).toMatchObject({ value: 3 });
		});

		test("forgets the session and keeps the subscription: another session takes it over with all that it holds", {
			timeout: 2 * minute,
		}, async () => {
			// Without security nobody can be known to be the same client, and Milo hands nothing over.
			const { server, agent } = await trusting(maker, { variables });
			await server.write(...first);
			const wire = await wireTo(server.port);
			const line = await foreignSource(wire.port, tags, {
				folder: agent.pki,
				server: { insecure: undefined },
			});
			await expect.poll(() => line.isGood(names), soon).toBe(true);
			await server.write(...moving(1, 50));
			await expect.poll(() => line.last("Moving")?.value, soon).toBe(50);
			wire.down = true;
			wire.cut();
			await expect.poll(() => line.source.state().connected, soon).toBe(false);
			await server.tell("loseSessions", { subscriptions: false });
			await server.write(...moving(51, 1_000));
			wire.down = false;
			const backMs = await line.goodAgain(names);
			await expect.poll(() => line.last("Moving")?.value, soon).toBe(1_000);
			process.stderr.write(`${maker.name} session lost: Good again after ${backMs} ms\n`);
			expectEach(
				line.sent("Moving").map(({ value }) => value),
				0,
				1_000,
			);
			// Milo counts the word to the old session, that it has lost the subscription, among the messages.
			const causes = line.gaps.map(({ cause }) => cause);
			expect(causes).toEqual(maker.name === "milo" ? ["sequence"] : []);
		});
	});

	if (maker.name === "asyncua")
		maker.describe(`a server of ${maker.name} with a history`, () => {
			test("what an outage left out is read from it, each value once, and the gap is said to be filled", {
				timeout: 4 * minute,
			}, async () => {
				const kept = {
					Moving: "Double",
					Count: "UInt64",
					Still: "Double",
					Text: "String",
					Failing: "Double",
				};
				// Its history cannot give times of whole seconds, and fails as a service: that of Failing, which has no others.
				const history = {
					...{ file: join(temporaryFolder(), "history.db"), names: ["Moving", "Count", "Text", "Failing"] },
				};
				const server = await ForeignServer.start(maker, { variables: kept, history });
				const read = [...tags, { name: "Count", type: "UInt64" }, { name: "Failing", type: "Double" }];
				const all = read.map(({ name }) => name);
				await server.write(...first, good("Count", "0", startMs, 50), good("Failing", 0, startMs));
				const wire = await wireTo(server.port);
				const line = await foreignSource(wire.port, read);
				await expect.poll(() => line.isGood(all), soon).toBe(true);
				await server.write(...moving(1, 10));
				await expect.poll(() => line.last("Moving")?.value, soon).toBe(10);

				// The plant goes on while the agent is cut off; then the server is started again, and its queues are gone.
				wire.down = true;
				wire.cut();
				await expect.poll(() => line.source.state().connected, soon).toBe(false);
				await server.write(
					...moving(11, lastKept),
					good("Count", String(2n ** 64n - 1n), startMs + 20_000, 1_230),
					good("Still", 4, startMs + 30_000),
					good("Failing", 1, startMs + 30_000),
				);
				await server.tell("kept", { name: "Moving", values: lastKept + 1 }, minute);
				await server.kill();
				await server.start();
				const endMs = startMs + (lastKept + 1) * 1_000;
				await server.write(
					good("Moving", lastKept + 1, endMs, 1_230),
					good("Count", "7", endMs, 1_230),
					good("Still", 5, endMs),
					good("Failing", 2, endMs),
					good("Text", "on", startMs),
				);
				wire.down = false;
				await line.goodAgain(all);
				await expect.poll(() => line.gaps.at(-1)?.backfilled, { timeout: minute }).toBe(true);
				const gap = { device: "Kiln", fromMs: startMs + 10_000, toMs: endMs, cause: "server_unreachable" };
				// A tag that has no history stays missing, as a gap of its own.
				expect(line.gaps).toEqual([
					{ ...gap, tags: [], backfilled: false },
					{ ...gap, tags: ["Still", "Failing"], backfilled: false },
					{ ...gap, tags: [], backfilled: true },
				]);
				const inOrder = (name: string) => line.sent(name).sort((a, b) => a.sourceMs - b.sourceMs);
				expectEach(
					inOrder("Moving").map(({ value }) => value),
					0,
					lastKept + 1,
				);
				expect(inOrder("Count").map(({ value }) => value)).toEqual([0n, 2n ** 64n - 1n, 7n]);
				expect(inOrder("Still").map(({ value }) => value)).toEqual([3, 5]);
				expect(inOrder("Failing").map(({ value }) => value)).toEqual([0, 2]);
				expect(await line.telemetry.registry.metrics()).toContain(
					'histories_failed_total{server="foreign"} 1',
				);
			});
		});
	else
		maker.describe(`a server of ${maker.name} with limits`, () => {
			const many = Array.from({ length: 500 }, (_, index) => `N${index}`);
			const all = Object.fromEntries(many.map((name) => [name, "Double"]));
			const doubles = many.map((name) => ({ name, type: "Double" }));
			test("takes 50 items in a call and 450 in all: those are watched, the others are Bad with its reason", {
				timeout: 2 * minute,
			}, async () => {
				const server = await ForeignServer.start(maker, { variables: all, itemsPerCall: 50, itemsMax: 450 });
				await server.write(...many.map((name, index) => good(name, index, startMs)));
				const line = await foreignSource(server.port, doubles);
				await expect.poll(() => line.taken.length, soon).toBe(500);
				expect(line.source.state()).toMatchObject({ connected: true, tags: 500, tagsSubscribed: 450 });
				const bad = many.filter((name) => !line.isGood([name]));
				expect(bad).toHaveLength(50);
				expect(new Set(bad.map((name) => line.last(name)?.status))).toEqual(new Set([0x80db_0000]));
				await server.write(good("N0", 77, startMs + 1_000));
				await expect.poll(() => line.last("N0")?.value, soon).toBe(77);
			});
		});
}
