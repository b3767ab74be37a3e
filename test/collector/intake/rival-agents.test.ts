import { expect, test } from "vitest";
import { RivalAgents } from "../../../collector/intake/rival-agents.ts";

test("an agent that restarts again and again is one agent", () => {
	const rivals = new RivalAgents();
	for (let epoch = 1; epoch <= 500; epoch++) expect(rivals.current(epoch, epoch * 1_000)).toBe(false);
	expect(rivals.rivals).toEqual([]);
});

test("an epoch that comes back after another one is a second agent, told once [tck-id-intro-edge-node-id-uniqueness, tck-id-topic-structure-namespace-unique-edge-node-descriptor, tck-id-payloads-nbirth-edge-node-descriptor]", () => {
	const rivals = new RivalAgents();
	expect([7, 8, 7, 8, 7].map((epoch, at) => rivals.current(epoch, at * 1_000))).toEqual([
		...[false, false, true, false, false],
	]);
	expect([...rivals.rivals].sort()).toEqual([7, 8]);
});

test("what a new epoch brings waits until the one before is silent, and that one's goes on", () => {
	const rivals = new RivalAgents();
	rivals.current(7, 0);
	rivals.current(7, 1_000);
	expect(rivals.mayStore(7, 1_000)).toBe(true);
	rivals.current(8, 1_500);
	expect([rivals.mayStore(7, 1_500), rivals.mayStore(8, 3_499), rivals.mayStore(8, 3_500)]).toEqual([
		...[true, false, true],
	]);
});

test("two agents: nothing of the second is stored before it is noticed, nor of any afterwards", () => {
	const rivals = new RivalAgents();
	rivals.current(7, 0);
	rivals.current(8, 900);
	expect(rivals.mayStore(8, 950)).toBe(false);
	rivals.current(7, 1_000);
	expect([rivals.mayStore(7, 9_000), rivals.mayStore(8, 9_000)]).toEqual([false, false]);
});

test("when one of them has been silent for a minute the other counts, and a third occurrence is told again", () => {
	const rivals = new RivalAgents();
	for (const [at, epoch] of [7, 8, 7].entries()) rivals.current(epoch, at * 1_000);
	rivals.current(7, 61_999);
	expect(rivals.rivals).not.toEqual([]);
	rivals.current(7, 62_000);
	expect(rivals.rivals).toEqual([]);
	expect(rivals.current(8, 70_000)).toBe(true);
});
