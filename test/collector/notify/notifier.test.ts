import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { counted } from "../../helpers/quiet-telemetry.ts";
import { eventually } from "../../simulators/plant/eventually.ts";
import { message, NotifyRig, receiver } from "./notify-rig.ts";

/** A receiver that does what a test wants. */
async function answering(listener: RequestListener): Promise<string> {
	const server = createServer(listener);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const settled = (rig: NotifyRig, outcome: string) =>
	counted(rig.telemetry, "webhook_attempts_total", { outcome });
const settledTimes = (rig: NotifyRig, outcome: string, times: number) => {
	let found = 0;
	return eventually(() => {
		void settled(rig, outcome).then((count) => {
			found = count;
		});
		return found >= times;
	}, 5_000);
};

test("a message that fails is sent again with its id, its body and a signature of the new time", async () => {
	const rig = new NotifyRig();
	const { server, received, url } = await receiver(rig.clock);
	await rig.start({ a: url });
	server.failNext(2, 500);
	await rig.write(message(1));
	for (const attempt of [1, 2]) {
		await settledTimes(rig, "retry", attempt);
		rig.clock.step(20_000);
	}
	await eventually(() => received.length === 1);
	// The receiver has checked the signature at its own, moved time.
	expect(received[0]).toMatchObject({
		id: "msg_1",
		body: '{"n":1}',
		timestamp: Math.floor(rig.clock.wallMs() / 1_000),
	});
	expect(await settled(rig, "retry")).toBe(2);
});

test("pauses grow with each attempt and are bounded; Retry-After is obeyed", async () => {
	const rig = new NotifyRig();
	const answers: { status: number; retryAfter?: string }[] = [
		{ status: 500 },
		{ status: 500 },
		{ status: 429, retryAfter: "120" },
		{ status: 503, retryAfter: "0" },
	];
	let attempts = 0;
	const url = await answering((_, response) => {
		const { status, retryAfter } = answers[attempts++] ?? { status: 204 };
		response.writeHead(status, retryAfter === undefined ? {} : { "retry-after": retryAfter }).end();
	});
	await rig.start({ a: url });
	await rig.write(message(1));
	const pausesMs: number[] = [];
	for (let retry = 1; retry <= answers.length; retry++) {
		await settledTimes(rig, "retry", retry);
		const now = rig.clock.wallMs();
		let pauseMs = 0;
		while ((await rig.store.takeMessages(now + pauseMs, 1)).length === 0) pauseMs += 500;
		pausesMs.push(pauseMs);
		rig.clock.step(pauseMs - 1_500);
		expect(attempts, "nothing is sent before its time").toBe(retry);
		rig.clock.step(2_500);
	}
	await eventually(() => attempts === answers.length + 1);
	expect(pausesMs).toEqual([2_500, 4_500, 120_000, 1_000]);
});

test("a receiver that refuses for good is asked three times, then the message is given up and the next one goes", async () => {
	const rig = new NotifyRig();
	const { server, received, url } = await receiver(rig.clock);
	server.failNext(3, 410);
	await rig.start({ a: url });
	await rig.write(message(1), message(2));
	for (const attempt of [1, 2]) {
		await settledTimes(rig, "retry", attempt);
		rig.clock.step(60_000);
	}
	await eventually(() => received.length === 1);
	expect(received[0]?.id).toBe("msg_2");
	expect(await settled(rig, "failed")).toBe(1);
	expect(await rig.waiting()).toEqual([]);
});

test("a message that cannot be delivered for a day is given up", async () => {
	const rig = new NotifyRig();
	await rig.start({ a: await answering((_, response) => response.writeHead(500).end()) });
	await rig.write(message(1));
	await settledTimes(rig, "retry", 1);
	rig.clock.step(24 * 3_600_000 + 60_000);
	await settledTimes(rig, "failed", 1);
	expect(await rig.waiting()).toEqual([]);
});

test("a redirect is not followed", async () => {
	const rig = new NotifyRig();
	const { received, url } = await receiver(rig.clock);
	await rig.start({ a: await answering((_, response) => response.writeHead(307, { location: url }).end()) });
	await rig.write(message(1));
	await settledTimes(rig, "retry", 1);
	expect(received).toEqual([]);
});

test("a delivered message is delivered, however long the answer's body is", async () => {
	const rig = new NotifyRig();
	let attempts = 0;
	const url = await answering((_, response) => {
		attempts++;
		response.writeHead(200).end("x".repeat(500_000));
	});
	await rig.start({ a: url });
	await rig.write(message(1));
	await settledTimes(rig, "delivered", 1);
	rig.clock.step(60_000);
	expect([attempts, await rig.waiting()]).toEqual([1, []]);
});

test("messages to one destination keep their order, also over a failure", async () => {
	const rig = new NotifyRig();
	const { server, received, url } = await receiver(rig.clock);
	server.failNext(1, 503);
	await rig.start({ a: url });
	await rig.write(...[1, 2, 3, 4, 5].map((n) => message(n)));
	await settledTimes(rig, "retry", 1);
	expect(received).toEqual([]);
	rig.clock.step(20_000);
	await eventually(() => received.length === 5);
	expect(received.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5].map((n) => `msg_${n}`));
});

test("a destination that does not answer delays no other, not even its second message", async () => {
	const rig = new NotifyRig();
	const { received, url } = await receiver(rig.clock);
	let asked = 0;
	const silent = await answering(() => {
		asked++;
	});
	await rig.start({ silent, b: url }, { timeoutMs: 3_000 });
	const startedMs = performance.now();
	await rig.write(
		message(1, "silent"),
		message(1, "b"),
		message(2, "silent"),
		message(2, "b"),
		message(3, "b"),
	);
	await eventually(() => received.length === 3, 2_500);
	expect(performance.now() - startedMs).toBeLessThan(2_900);
	expect(asked).toBe(1);
});

test("stopped in the middle of an attempt, nothing is lost and the id stays", async () => {
	const rig = new NotifyRig();
	let release = () => {};
	let asked = 0;
	const url = await answering((_, response) => {
		asked++;
		release = () => response.destroy();
	});
	await rig.start({ a: url });
	await rig.write(message(1), message(2));
	await eventually(() => asked === 1);
	const stopped = rig.notifier.stop();
	release();
	await stopped;
	expect(asked).toBe(1);
	expect(await rig.waiting()).toEqual(["msg_1 after 1"]);
	await rig.store.close();
	const { received, url: good } = await receiver(rig.clock);
	rig.clock.step(60_000);
	await rig.start({ a: good });
	await eventually(() => received.length === 2);
	expect(received.map(({ id }) => id)).toEqual(["msg_1", "msg_2"]);
});

test.each(["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1"])(
	"http://%s is not even connected to when no network allows it",
	async (host) => {
		const rig = new NotifyRig();
		let asked = 0;
		const url = await answering((_, response) => {
			asked++;
			response.end();
		});
		await rig.start({ a: url.replace("127.0.0.1", host) }, { allow: ["10.0.0.0/8"] });
		await rig.write(message(1));
		await settledTimes(rig, "retry", 1);
		expect(asked).toBe(0);
		const [row] = await rig.store.takeMessages(Number.MAX_SAFE_INTEGER, 1);
		expect(row?.attempts).toBe(1);
	},
);

test("a message for a destination that the configuration no longer has is given up, and holds up nobody", async () => {
	const rig = new NotifyRig();
	const { received, url } = await receiver(rig.clock);
	await rig.start({ a: url });
	await rig.write(message(1, "gone"), message(1, "a"));
	await eventually(() => received.length === 1);
	for (const attempt of [1, 2]) {
		await settledTimes(rig, "retry", attempt);
		rig.clock.step(60_000);
	}
	await settledTimes(rig, "failed", 1);
});
