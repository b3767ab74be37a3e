import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { FileWatch } from "../../../agent/reload/file-watch.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

/** Files of a folder, and how often they were found changed. */
async function watched(...names: string[]) {
	const folder = temporaryFolder();
	const files = names.map((name) => join(folder, name));
	const clock = new SteppedClock();
	let changes = 0;
	const watch = new FileWatch({ clock, files: () => files, onChanged: () => changes++ });
	onTestFinished(() => watch.stop());
	return { folder, files, clock, watch, look: () => watch.look(), changed: () => changes };
}

test("a file that is written in place is noticed once it has been the same for two looks", async () => {
	const { files, watch, look, changed } = await watched("a.yaml");
	const [file] = files as [string];
	writeFileSync(file, "a: 1\n");
	await watch.taken();
	for (let turn = 0; turn < 3; turn++) await look();
	expect(changed()).toBe(0);
	for (const text of ["a: 2\n", "a: 2\nb: 3\n", "a: 2\nb: 3\nc: 4\n"]) {
		writeFileSync(file, text);
		await look();
	}
	expect(changed()).toBe(0);
	for (let turn = 0; turn < 3; turn++) await look();
	expect(changed()).toBe(1);
});

test("a file that is replaced by rename, one behind a swapped link, one that is gone and one that comes", async () => {
	const { folder, files, watch, look, changed } = await watched("a.yaml", "now/b.csv", "c.csv");
	writeFileSync(files[0] as string, "a: 1\n");
	for (const name of ["v1", "v2"]) {
		mkdirSync(join(folder, name));
		writeFileSync(join(folder, name, "b.csv"), "the same\n");
	}
	symlinkSync("v1", join(folder, "now"));
	await watch.taken();
	const settle = async () => {
		for (let turn = 0; turn < 2; turn++) await look();
	};
	await settle();
	expect(changed()).toBe(0);
	writeFileSync(join(folder, "a.yaml~"), "a: 1\n");
	renameSync(join(folder, "a.yaml~"), files[0] as string);
	await settle();
	expect(changed()).toBe(1);
	symlinkSync("v2", join(folder, "next"));
	renameSync(join(folder, "next"), join(folder, "now"));
	await settle();
	expect(changed()).toBe(2);
	writeFileSync(files[2] as string, "");
	await settle();
	expect(changed()).toBe(3);
	rmSync(files[0] as string);
	await settle();
	expect(changed()).toBe(4);
});

test("looks are taken once a second from the start to the stop", async () => {
	const { files, clock, watch, changed } = await watched("a.yaml");
	await watch.taken();
	writeFileSync(files[0] as string, "a: 1\n");
	watch.start();
	const stepped = async (more: number) => {
		for (let turn = 0; turn < 50 && changed() < more; turn++) {
			clock.step(1_000);
			await new Promise((resolve) => setImmediate(resolve));
		}
	};
	await expect.poll(() => stepped(1).then(changed)).toBe(1);
	watch.stop();
	writeFileSync(files[0] as string, "a: 23\n");
	await stepped(2);
	expect(changed()).toBe(1);
});
