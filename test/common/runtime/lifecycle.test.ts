import { expect, test } from "vitest";
import { systemClock } from "../../../common/runtime/clock.ts";
import { Lifecycle, type Part } from "../../../common/runtime/lifecycle.ts";

function part(
	name: string,
	story: string[],
	how: { start?: () => Promise<void>; stop?: () => Promise<void> } = {},
): Part {
	return {
		name,
		start: async () => {
			story.push(`start ${name}`);
			await how.start?.();
		},
		stop: async () => {
			story.push(`stop ${name}`);
			await how.stop?.();
		},
	};
}

const lifecycleOf = (parts: Part[]) => new Lifecycle({ clock: systemClock, parts, stopWithinMs: 50 });

test("parts start in order and stop in reverse, once however often it is asked", async () => {
	const story: string[] = [];
	const lifecycle = lifecycleOf([part("a", story), part("b", story)]);
	await lifecycle.start();
	await lifecycle.start();
	await Promise.all([lifecycle.stop(), lifecycle.stop()]);
	expect(story).toEqual(["start a", "start b", "stop b", "stop a"]);
});

test("a part that cannot start stops what had started, itself included, and its error is told", async () => {
	const story: string[] = [];
	const broken = part("b", story, { start: () => Promise.reject(new Error("no disk")) });
	await expect(lifecycleOf([part("a", story), broken, part("c", story)]).start()).rejects.toThrow("no disk");
	expect(story).toEqual(["start a", "start b", "stop b", "stop a"]);
});

test("a part that does not stop, or fails to, is named and holds up nobody", async () => {
	const story: string[] = [];
	const stuck = part("stuck", story, { stop: () => new Promise(() => undefined) });
	const failing = part("failing", story, { stop: () => Promise.reject(new Error("broken pipe")) });
	const lifecycle = lifecycleOf([part("a", story), stuck, failing]);
	await lifecycle.start();
	const report = await lifecycle.stop();
	expect(report.late).toEqual(["stuck"]);
	expect(report.failed).toEqual(["failing: broken pipe"]);
	expect(story.at(-1)).toBe("stop a");
});

test("what was stopped can be started again", async () => {
	const story: string[] = [];
	const lifecycle = lifecycleOf([part("a", story)]);
	for (let round = 0; round < 2; round++) {
		await lifecycle.start();
		await lifecycle.stop();
	}
	expect(story).toEqual(["start a", "stop a", "start a", "stop a"]);
});
