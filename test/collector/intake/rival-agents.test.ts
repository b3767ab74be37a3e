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

test("when one of them has been silent for a minute the other counts, and a third occurrence is told again", () => {
	const rivals = new RivalAgents();
	for (const [at, epoch] of [7, 8, 7].entries()) rivals.current(epoch, at * 1_000);
	rivals.current(7, 61_999);
	expect(rivals.rivals).not.toEqual([]);
	rivals.current(7, 62_000);
	expect(rivals.rivals).toEqual([]);
	expect(rivals.current(8, 70_000)).toBe(true);
});
