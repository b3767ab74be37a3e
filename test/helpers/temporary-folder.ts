import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, onTestFinished } from "vitest";

/** A folder of the running test's own, removed when it ends. */
export function temporaryFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), "pilotline-test-"));
	onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

/** A folder that all tests of a suite share, removed after the last. */
export function folderForAll(prefix: string): () => string {
	let folder = "";
	beforeAll(() => {
		folder = mkdtempSync(join(tmpdir(), prefix));
	});
	afterAll(() => rmSync(folder, { recursive: true, force: true }));
	return () => folder;
}
