import { expect, test } from "vitest";
import { Contact } from "../../../agent/source/contact.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";

function contactRig() {
	const clock = new SteppedClock();
	const told: string[] = [];
	const stopping = new AbortController();
	const contact: Contact = new Contact({
		...{ clock, left: undefined, server: "kiln" },
		telemetry: {
			serverLost: ({ reason }) => told.push(`lost: ${reason}`),
			agentStoodStill: ({ reason }) => told.push(`stood still: ${reason}`),
		},
		onSilent: () => told.push(`silent by ${contact.cause}`),
		onLost: () => told.push("bad"),
	});
	contact.start(stopping.signal);
	contact.answered();
	contact.connected();
	return { clock, contact, told, stopping };
}

test("a server that is silent is lost at once, and only once", () => {
	const { clock, contact, told } = contactRig();
	clock.step(6_000);
	expect(contact.silentMs).toBe(6_000);
	contact.silent("no response");
	contact.silent("refused");
	expect(told).toEqual(["silent by server_unreachable", "lost: no response", "bad"]);
	expect(contact).toMatchObject({ isConnected: false, isBelieved: false, lastError: "refused" });
});

test("an agent that stood still has not heard anybody, and blames nobody", () => {
	const { clock, contact, told } = contactRig();
	clock.standStill(40_000);
	// Before any of the agent's own timers has run.
	expect(contact.silentMs).toBe(0);
	contact.silent("transaction timed out");
	clock.step(700);
	contact.answered();
	contact.connected();
	clock.step(60_000);
	expect(told).toEqual(["silent by agent_down", "stood still: transaction timed out"]);
	expect(contact).toMatchObject({ isConnected: true, isBelieved: true, lastError: undefined });
});

test("a server that is not heard in ten seconds after that is lost", () => {
	const { clock, contact, told } = contactRig();
	clock.standStill(40_000);
	clock.step(500);
	contact.silent("transaction timed out");
	clock.step(3_000);
	contact.silent("connection refused");
	expect(contact.isBelieved).toBe(true);
	clock.step(6_499);
	expect(contact.isBelieved).toBe(true);
	clock.step(1);
	expect(told).toEqual([
		"silent by agent_down",
		"stood still: transaction timed out",
		"lost: connection refused",
		"bad",
	]);
	clock.step(60_000);
	expect(told).toHaveLength(4);
});

test("a standstill that is over for long excuses nothing", () => {
	const { clock, contact, told } = contactRig();
	clock.standStill(40_000);
	clock.step(1_000);
	contact.answered();
	clock.step(10_000);
	contact.silent("no response");
	expect(told).toEqual(["silent by server_unreachable", "lost: no response", "bad"]);
});

test("a busy agent, its ticks two seconds late, is no agent that stood still", () => {
	const { clock, contact, told } = contactRig();
	for (let turn = 0; turn < 5; turn++) {
		clock.standStill(2_900);
		clock.step(0);
	}
	expect(contact.silentMs).toBe(14_500);
	contact.silent("no response");
	expect(told).toEqual(["silent by server_unreachable", "lost: no response", "bad"]);
});

test("nothing is told after the end, and no timer is left", () => {
	const { clock, contact, told, stopping } = contactRig();
	clock.standStill(40_000);
	contact.silent("transaction timed out");
	stopping.abort();
	clock.step(60_000);
	contact.silent("stopped");
	expect(told).toEqual(["silent by agent_down", "stood still: transaction timed out"]);
});
