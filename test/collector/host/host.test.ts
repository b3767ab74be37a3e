import fc from "fast-check";
import { expect, test } from "vitest";
import { counted } from "../../helpers/quiet-telemetry.ts";
import { wholeBirth } from "../../helpers/whole-birth.ts";
import { eventually } from "../../simulators/plant/eventually.ts";
import { edgeSession, HostRig, hostId } from "./host-rig.ts";
import { recordOf } from "./record-of.ts";

const held = [{ epoch: 7, first: 1, next: 2 }];
const stateTopic = `spBv1.0/STATE/${hostId}`;

test("everything it says of itself carries the one timestamp of its session, also when it was online before", async () => {
	const rig = await new HostRig().start();
	await rig.host.stop();
	expect(rig.states.at(-1)?.payload.online).toBe(false);
	const said = rig.states.length;
	await rig.another();
	await eventually(() => rig.states.length > said);
	for (const { payload } of rig.states) expect(payload.timestamp).toBeGreaterThan(1_700_000_000_000);
});

test("is online with the timestamp of its will, retained, and offline with the present time when it stops", async () => {
	const rig = await new HostRig().start();
	await eventually(() => rig.states.length === 1);
	const birth = rig.states[0]?.payload;
	expect(birth).toEqual({ online: true, timestamp: expect.any(Number) });
	rig.cut();
	await eventually(() => rig.states.some(({ payload }) => !payload.online));
	const will = rig.states.find(({ payload }) => !payload.online)?.payload;
	expect(will?.timestamp).toBe(birth?.timestamp);
	await eventually(() => rig.states.at(-1)?.payload.online === true);
	expect(rig.states.at(-1)?.payload.timestamp).toBeGreaterThan(birth?.timestamp ?? 0);
	await rig.host.stop();
	await eventually(() => rig.states.at(-1)?.payload.online === false);
});

test("answers a late will of its own with its birth [tck-id-operational-behavior-host-application-death-topic]", async () => {
	const rig = await new HostRig().start();
	await eventually(() => rig.states.length === 1);
	await rig.publish(stateTopic, JSON.stringify({ online: false, timestamp: 5 }), true);
	await eventually(() => rig.states.length === 3);
	expect(rig.states.at(-1)?.payload).toEqual(rig.states[0]?.payload);
});

test("data before a birth asks for one, once; after the births the records come through", async () => {
	const rig = await new HostRig().start();
	const session = edgeSession();
	const births = [...session.births(wholeBirth(3, held), 1_000)];
	await rig.send(
		session.data(recordOf(1), 1_000),
		session.data(recordOf(2), 1_000),
		session.data(recordOf(3), 1_000),
	);
	await eventually(() => rig.commands.length > 0);
	await rig.send(...births, ...[4, 5].map((offset) => session.data(recordOf(offset), 1_000)));
	await eventually(() => rig.records.length > 0);
	expect(rig.commands.filter(({ rebirth }) => rebirth)).toHaveLength(1);
	expect(rig.held[0]).toEqual({ held, atBirth: true });
	// A gap in the sequence asks for births; what came is taken nevertheless.
	expect(rig.records[0]).toMatchObject({ epoch: 7, offset: 4, device: "U500", throughMs: 900 });
	expect(Buffer.from(rig.records[0]?.hash ?? [])).toEqual(Buffer.alloc(16, 4));
});

test("an NDEATH of an earlier session is late and changes nothing; the present one's is a death", async () => {
	const rig = await new HostRig().start();
	const session = edgeSession();
	await rig.send(
		...session.births(wholeBirth(3, held), 1_000),
		session.death(2, 1_000),
		session.data(recordOf(1), 1_000),
	);
	await eventually(() => rig.records.length === 1);
	expect(rig.host.edgeNodes()).toMatchObject([{ online: true }]);
	await rig.send(session.death(3, 1_000), session.data(recordOf(2), 1_000));
	await eventually(() => rig.commands.some(({ rebirth }) => rebirth));
	expect(rig.host.edgeNodes()).toMatchObject([{ online: false }]);
	expect(rig.records).toHaveLength(1);
});

test("commands name host, epoch and offsets; progress and Held are handed on", async () => {
	const rig = await new HostRig().start();
	const session = edgeSession();
	await rig.send(
		...session.births(wholeBirth(3, held), 1_000),
		session.progress("U500", 7, 4, 8_000, 1_000),
		session.held([{ epoch: 7, first: 2, next: 9 }], 1_000),
	);
	await eventually(() => rig.held.length === 2);
	expect(rig.progress).toEqual(["U500 7/4 → 8000"]);
	expect(rig.held[1]).toEqual({ held: [{ epoch: 7, first: 2, next: 9 }], atBirth: false });
	rig.host.confirm(1, 7, 4);
	rig.host.resend(1, 7, 5, 6);
	await eventually(() => rig.commands.length === 2);
	expect(rig.commands).toMatchObject([
		{ host: hostId, epoch: 7, confirmed: 4, rebirth: false, refused: [] },
		{ host: hostId, epoch: 7, resendFrom: 5, resendTo: 6, refused: [] },
	]);
});

test("nothing that anybody publishes ends the host: 20,000 seeded messages, all counted, and then it works as before", async () => {
	const seed = Number(process.env.TEST_SEED ?? 20261122);
	const messages = 20_000;
	const rig = await new HostRig().start();
	const session = edgeSession();
	const good = [
		...session.births(wholeBirth(3, held), 1_000),
		session.data(recordOf(1), 1_000),
		session.held(held, 1_000),
		session.death(9, 1_000),
	];
	const topics = good.map(({ topic }) => topic);
	const topic = fc.oneof(
		{
			weight: 6,
			arbitrary: fc.constantFrom(...topics, ...topics.map((known) => known.replace("line-1", "line-2"))),
		},
		{
			weight: 1,
			arbitrary: fc.constantFrom(
				"spBv1.0/pilot/NDATA",
				"spBv1.0/pilot/XDATA/e",
				"spBv1.0/pilot/NBIRTH/e/d",
				"spBv1.0/pilot/DDATA/e",
				"spBv1.0/pilot/a/b/c/d/e",
			),
		},
	);
	const mutated = fc
		.tuple(
			fc.constantFrom(...good.map(({ payload }) => payload)),
			fc.array(fc.tuple(fc.nat(2_000), fc.nat(255)), { maxLength: 6 }),
			fc.nat(2_000),
		)
		.map(([payload, edits, cut]) => {
			const bytes = Buffer.from(payload);
			for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
			return cut < 400 ? bytes.subarray(0, cut % bytes.length) : bytes;
		});
	const payload = fc.oneof(
		{ weight: 4, arbitrary: mutated },
		{ weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
	);
	for (const [name, bytes] of fc.sample(fc.tuple(topic, payload), { seed, numRuns: messages }))
		await rig.publish(name, bytes);
	const next = edgeSession();
	await rig.send(
		...next.births(wholeBirth(4, held), 1_000),
		next.data({ ...recordOf(1), epoch: 4_711 }, 1_000),
	);
	await eventually(() => rig.records.some(({ epoch }) => epoch === 4_711), 20_000);
	const taken = await counted(rig.telemetry, "messages_total");
	const badTopics = await counted(rig.telemetry, "messages_refused_total", { reason: "topic" });
	expect(taken + badTopics, `seed ${seed}`).toBe(messages + 3);
	expect(await counted(rig.telemetry, "messages_refused_total", { reason: "payload" })).toBeGreaterThan(
		1_000,
	);
	for (const { epoch, offset, samples } of rig.records) {
		expect(Number.isSafeInteger(epoch) && epoch > 0 && Number.isSafeInteger(offset) && offset > 0).toBe(true);
		for (let index = 0; index < samples.count; index++)
			expect(samples.sourceMs[index]).toBeLessThanOrEqual(8.64e15);
	}
});
