import { AttributeIds, OPCUAClient, StatusCodes } from "node-opcua";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../common/runtime/clock.ts";
import { routeOpcuaLog } from "../../../common/runtime/opcua-log.ts";
import { parseChaos } from "../../../simulators/load/chaos-plan.ts";
import { Load, type LoadPlan } from "../../../simulators/load/load.ts";
import { tagName } from "../../../simulators/load/load-tags.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const soon = { timeout: 20_000 };

async function running(plan: Partial<LoadPlan>): Promise<Load> {
	routeOpcuaLog(pino({ level: "silent" }));
	const load = new Load({
		clock: systemClock,
		tags: 1_000,
		valuesPerSecond: 50_000,
		servers: 1,
		port: 0,
		directory: temporaryFolder(),
		statuses: [],
		chaos: [],
		...plan,
	});
	onTestFinished(() => load.stop());
	await load.start();
	return load;
}

/** Reads tags of one server, as any client would. */
async function reader(endpoint: string) {
	const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
	onTestFinished(() => client.disconnect());
	await client.connect(endpoint);
	const session = await client.createSession();
	return async (tag: number) => {
		const { statusCode, value } = await session.read({
			nodeId: `ns=2;s=${tagName(tag)}`,
			attributeId: AttributeIds.Value,
		});
		return { status: statusCode.value, value: value?.value as unknown };
	};
}

test("two servers share the tags, and each shows what the ledger says", { timeout: 60_000 }, async () => {
	const load = await running({ servers: 2 });
	expect(load.endpoints).toHaveLength(2);
	const [first, second] = [
		await reader(load.endpoints[0] as string),
		await reader(load.endpoints[1] as string),
	];
	expect(await first(0)).toEqual({ status: 0, value: 1 });
	expect(await second(500)).toEqual({ status: 0, value: 1 });
	expect((await first(500)).status).toBe(StatusCodes.BadNodeIdUnknown.value);
	expect((await second(0)).status).toBe(StatusCodes.BadNodeIdUnknown.value);
	load.run();
	await expect.poll(() => load.produced, soon).toBeGreaterThan(10_000);
	load.halt();
	const { produced, producedByTag, producedByStatus, chaos } = load.ledger();
	expect(Object.values(producedByTag).reduce((sum, count) => sum + count, 0)).toBe(produced);
	expect({ producedByStatus, chaos }).toEqual({ producedByStatus: {}, chaos: {} });
	for (const tag of [0, 7, 499]) expect((await first(tag)).value).toBe(producedByTag[`L001/${tagName(tag)}`]);
	for (const tag of [500, 999]) expect((await second(tag)).value).toBe(producedByTag[`L002/${tagName(tag)}`]);
});

test("a plan's trouble is made while it counts, written down, and ends with the counting", {
	timeout: 60_000,
}, async () => {
	const load = await running({ chaos: ["cut:0.2", "freeze:0.5:0.1", "delay:20"].map(parseChaos) });
	const read = await reader(load.endpoints[0] as string);
	const startedMs = performance.now();
	expect((await read(0)).value).toBe(1);
	expect(performance.now() - startedMs).toBeGreaterThanOrEqual(19);
	expect(load.ledger().chaos).toEqual({});
	load.run();
	await expect.poll(() => load.ledger().chaos, soon).toMatchObject({ cut: 4, freeze: 1 });
	load.halt();
	const { chaos } = load.ledger();
	// Longer than the plan's shortest period: what were still running would show.
	const after = await reader(load.endpoints[0] as string);
	await expect.poll(() => performance.now() - startedMs, soon).toBeGreaterThan(1_500);
	expect((await after(0)).status).toBe(0);
	expect(load.ledger().chaos).toEqual(chaos);
});
