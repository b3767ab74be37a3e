import { expect, test } from "vitest";
import { EndpointOrder, levelClass } from "../../../../agent/source/redundancy/endpoint-order.ts";

const minuteMs = 60_000;

function order(...endpoints: [string, ...string[]]): EndpointOrder {
	return new EndpointOrder({ endpoints, returnAfterMs: () => 300_000 });
}

/** The present one says twice that it is not healthy, and the other one is asked. */
function unhealthy(
	of: EndpointOrder,
	other: string,
	nowMs: number,
	seen: "healthy" | "degraded" = "healthy",
) {
	of.level(100);
	of.level(100);
	of.asked(other, seen, nowMs);
	return of.decide(nowMs);
}

test("service levels by class", () => {
	expect([0, 1, 2, 199, 200, 255, undefined].map(levelClass)).toEqual([
		...["maintenance", "no_data", "degraded", "degraded", "healthy", "healthy", "healthy"],
	]);
});

test("one that was in use is tried once more, then every other one at once, then all of them after a pause", () => {
	const three = order("a", "b", "c");
	three.connected();
	expect(three.failed()).toBeUndefined();
	expect(three.failed()).toMatchObject({ from: "a", to: "b", why: "failed", isAtOnce: true });
	expect(three.failed()).toMatchObject({ to: "c", isAtOnce: true });
	expect(three.failed()).toMatchObject({ to: "a", isAtOnce: false });
	expect(three.failed()).toMatchObject({ to: "b", isAtOnce: true });
	three.connected();
	expect(three.failed()).toBeUndefined();
	expect(three.url).toBe("b");
});

test("with one endpoint there is nothing to choose and nothing to ask", () => {
	const alone = order("a");
	for (let turn = 0; turn < 5; turn++) {
		expect(alone.failed()).toBeUndefined();
		alone.level(0);
		expect([alone.toAsk(0), alone.decide(0)]).toEqual([undefined, undefined]);
	}
});

test("a healthy server is not left, whatever the others are, and nobody else is asked", () => {
	const two = order("a", "b");
	two.connected();
	two.level(255);
	two.asked("b", "healthy", 0);
	expect([two.toAsk(minuteMs), two.decide(minuteMs)]).toEqual([undefined, undefined]);
});

test("a server that is not healthy twice in a row is left for one of a higher class, and for no other", () => {
	const two = order("a", "b");
	two.connected();
	two.level(100);
	expect(two.toAsk(0)).toBe("b");
	two.asked("b", "degraded", 0);
	two.level(100);
	expect(two.decide(2_000)).toBeUndefined();
	expect([two.toAsk(14_999), two.toAsk(15_000)]).toEqual([undefined, "b"]);
	two.asked("b", "healthy", 15_000);
	two.level(250);
	two.level(100);
	expect(two.decide(16_000)).toBeUndefined();
	two.level(100);
	expect(two.decide(16_000)).toEqual({ from: "a", to: "b", why: "service_level" });
	expect(two.url).toBe("b");
});

test("of several the best is taken, and the first of equals; what was seen long ago does not count", () => {
	const four = order("a", "b", "c", "d");
	for (const [url, seen] of [
		["b", "degraded"],
		["c", "healthy"],
		["d", "healthy"],
	] as const)
		four.asked(url, seen, 0);
	four.level(0);
	four.level(0);
	expect(four.decide(30_000)).toBeUndefined();
	four.asked("b", "degraded", 30_000);
	four.asked("d", "healthy", 30_000);
	four.asked("c", "healthy", 30_000);
	expect(four.decide(30_001)?.to).toBe("c");
});

test("servers that go up and down are followed after one minute, then two, four … thirty", () => {
	const two = order("a", "b");
	let nowMs = 0;
	expect(unhealthy(two, "b", nowMs)?.to).toBe("b");
	const waits: number[] = [];
	for (let turn = 0; turn < 5; turn++) {
		const fromMs = nowMs;
		while (unhealthy(two, two.url === "a" ? "b" : "a", nowMs) === undefined) nowMs += 1_000;
		waits.push(nowMs - fromMs);
	}
	expect(waits).toEqual([1, 2, 4, 8, 16].map((minutes) => minutes * minuteMs));
});

test("the preferred one is taken again when it has been healthy for long enough, without a break", () => {
	const two = order("a", "b");
	two.connected();
	two.failed();
	two.failed();
	two.connected();
	two.level(255);
	const ask = (fromMs: number, toMs: number) => {
		for (let nowMs = fromMs; nowMs <= toMs; nowMs += 15_000) {
			expect(two.toAsk(nowMs)).toBe("a");
			two.asked("a", "healthy", nowMs);
			expect(two.decide(nowMs), String(nowMs)).toBeUndefined();
		}
	};
	ask(0, 150_000);
	two.asked("a", "unreachable", 165_000);
	expect([two.toAsk(224_999), two.toAsk(225_000)]).toEqual([undefined, "a"]);
	ask(225_000, 510_000);
	two.asked("a", "healthy", 525_000);
	expect(two.decide(525_000)).toEqual({ from: "b", to: "a", why: "returned" });
	expect(two.toAsk(600_000)).toBeUndefined();
});
