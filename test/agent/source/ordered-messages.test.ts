import { expect, test } from "vitest";
import { OrderedMessages, type SequencedMessage } from "../../../agent/source/ordered-messages.ts";

interface Message extends SequencedMessage {
	readonly text: string;
}

function data(sequenceNumber: number, text = `${sequenceNumber}`): Message {
	return { sequenceNumber, publishTime: new Date(sequenceNumber * 1_000), notificationData: [{}], text };
}

function keepAlive(next: number): Message {
	return { sequenceNumber: next, publishTime: new Date(next * 1_000), notificationData: [], text: "alive" };
}

/** What the server still has, and everything that was said, in order. */
function rig(held: Message[] = []) {
	const said: string[] = [];
	const asked: number[] = [];
	const errors: unknown[] = [];
	let answer: Promise<unknown> = Promise.resolve();
	let fail = "";
	let isBroken = false;
	const messages = new OrderedMessages<Message>({
		republish: async (sequenceNumber) => {
			asked.push(sequenceNumber);
			await answer;
			if (isBroken) throw new Error("connection broken");
			return held.find((message) => message.sequenceNumber === sequenceNumber);
		},
		deliver: ({ text }, isCycleEnd) => {
			if (text === fail) throw new Error(`cannot take ${text}`);
			said.push(isCycleEnd ? text : `${text} …`);
		},
		missed: () => said.push("missed"),
		failed: (error) => errors.push(error),
	});
	return {
		messages,
		said,
		asked,
		errors,
		/** Answers come when the returned function is called. */
		delay: () => {
			const { promise, resolve } = Promise.withResolvers<void>();
			answer = promise;
			return resolve;
		},
		breakConnection: (is: boolean) => {
			isBroken = is;
		},
		failAt: (text: string) => {
			fail = text;
		},
	};
}

test("messages in order pass at once, keep-alives among them", () => {
	const { messages, said, asked } = rig();
	messages.offer(keepAlive(1), true);
	messages.offer(data(1), false);
	messages.offer(data(2), true);
	messages.offer(keepAlive(3), true);
	messages.offer(data(3), true);
	expect(said).toEqual(["alive", "1 …", "2", "alive", "3"]);
	expect(asked).toEqual([]);
});

test("what is missing is asked for again and delivered first, as part of the cycle that goes on", async () => {
	const { messages, said, asked } = rig([data(2), data(3)]);
	messages.offer(data(1), true);
	messages.offer(data(4), true);
	messages.offer(data(5), true);
	expect(said).toEqual(["1"]);
	await expect.poll(() => said).toEqual(["1", "2 …", "3 …", "4", "5"]);
	expect(asked).toEqual([2, 3]);
});

test("a keep-alive shows that the last message was lost", async () => {
	const { messages, said } = rig([data(1)]);
	messages.offer(keepAlive(2), true);
	await expect.poll(() => said).toEqual(["1 …", "alive"]);
});

test("what the server no longer has is missed, in its place, and the rest is delivered", async () => {
	const { messages, said } = rig([data(3)]);
	messages.offer(data(1), true);
	messages.offer(data(4), true);
	await expect.poll(() => said).toEqual(["1", "missed", "3 …", "4"]);
});

test("a message that comes twice is delivered once, also when it was asked for meanwhile", async () => {
	const { messages, said } = rig([data(2)]);
	messages.offer(data(1), true);
	messages.offer(data(1), true);
	messages.offer(data(3), true);
	messages.offer(data(2), true);
	await expect.poll(() => said).toEqual(["1", "2 …", "3"]);
	messages.offer(data(3), true);
	messages.offer(data(4), true);
	expect(said).toEqual(["1", "2 …", "3", "4"]);
});

test("numbers start again at 1 after the largest, which is no loss", async () => {
	const { messages, said, asked } = rig();
	messages.offer(data(0xffff_fffe, "a"), true);
	messages.offer(data(0xffff_ffff, "b"), true);
	messages.offer(data(1, "c"), true);
	expect(said).toEqual(["missed", "a", "b", "c"]);
	expect(asked).toEqual([]);
});

test("a server that counts anew is believed, and a possible loss is said", () => {
	const { messages, said, asked } = rig();
	messages.offer(data(1), true);
	messages.offer(data(2), true);
	messages.offer({ ...data(1), publishTime: new Date(9_000) }, true);
	messages.offer(data(2), true);
	expect(said.slice(0, 4)).toEqual(["1", "2", "missed", "1"]);
	expect(asked).toEqual([]);
});

test("a keep-alive with the number of the message before it, as some servers send, means nothing", () => {
	const { messages, said, asked } = rig();
	messages.offer(data(1), true);
	messages.offer(keepAlive(1), true);
	messages.offer(data(2), true);
	expect(said).toEqual(["1", "alive", "2"]);
	expect(asked).toEqual([]);
});

test("a loss too large to ask for is missed as a whole", () => {
	const { messages, said, asked } = rig();
	messages.offer(data(1), true);
	messages.offer(data(500), true);
	expect(said).toEqual(["1", "missed", "500"]);
	expect(asked).toEqual([]);
});

test("what waits is bounded: a server that does not answer costs the one message", () => {
	const { messages, said, delay } = rig();
	delay();
	messages.offer(data(1), true);
	for (let number = 3; number <= 103; number++) messages.offer(data(number), true);
	expect(said.slice(0, 3)).toEqual(["1", "missed", "3"]);
	expect(said).toHaveLength(103);
});

test("a new subscription counts from 1, and an answer for the old one comes to nothing", async () => {
	const { messages, said, delay } = rig([data(2, "old")]);
	const answer = delay();
	messages.offer(data(1), true);
	messages.offer(data(3), true);
	messages.restart();
	messages.offer(data(1, "new"), true);
	answer();
	await new Promise(setImmediate);
	messages.offer(data(2, "newer"), true);
	expect(said).toEqual(["1", "new", "newer"]);
});

test("an error while the rest is delivered does not get lost", async () => {
	const { messages, errors, failAt } = rig([data(2)]);
	failAt("3");
	messages.offer(data(1), true);
	messages.offer(data(3), true);
	await expect.poll(() => errors).toEqual([new Error("cannot take 3")]);
});

test("a message that was asked for again and comes as another one, or empty, is missed", async () => {
	const said: string[] = [];
	const asked: number[] = [];
	const messages = new OrderedMessages<Message>({
		republish: async (sequenceNumber) => {
			asked.push(sequenceNumber);
			// Python's asyncua gives an empty message for what it does not have.
			return sequenceNumber === 2 ? keepAlive(0) : data(9);
		},
		deliver: ({ text }) => said.push(text),
		missed: () => said.push("missed"),
		failed: (error) => said.push(String(error)),
	});
	messages.offer(data(1), true);
	messages.offer(data(4), true);
	await expect.poll(() => said.at(-1)).toBe("4");
	expect(asked).toEqual([2, 3]);
	expect(said).toEqual(["1", "missed", "missed", "4"]);
});

test("a connection that breaks while a message is asked for again loses neither that nor what waits: both are asked for over the next one", async () => {
	const { messages, said, asked, errors, breakConnection } = rig([data(1), data(2), data(3)]);
	breakConnection(true);
	messages.offer(data(2), true);
	messages.offer(data(3), true);
	await new Promise((resolve) => setImmediate(resolve));
	expect({ said, asked, errors: errors.length }).toEqual({ said: [], asked: [1], errors: 1 });
	breakConnection(false);
	messages.offer(data(4), true);
	await new Promise((resolve) => setImmediate(resolve));
	expect({ said, asked }).toEqual({ said: ["1 …", "2 …", "3 …", "4"], asked: [1, 1, 2, 3] });
});

test("an answer that comes when its connection is over, and what waited for it, are asked for over the next one", async () => {
	const { messages, said, asked, errors, delay } = rig([data(1), data(2)]);
	const answered = delay();
	messages.offer(data(2), true);
	messages.interrupted();
	answered();
	await new Promise((resolve) => setImmediate(resolve));
	expect({ said, errors }).toEqual({ said: [], errors: [] });
	messages.offer(keepAlive(3), true);
	await new Promise((resolve) => setImmediate(resolve));
	expect({ said, asked }).toEqual({ said: ["1 …", "2 …", "alive"], asked: [1, 1, 2] });
});
