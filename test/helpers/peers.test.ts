import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import list from "../../.ci/peers.json" with { type: "json" };
import { root } from "../static/rules/repository.ts";
import { describeWithPeer, peer, withoutPeer } from "./peers.ts";

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "pilotline-peers-"));
});
afterEach(() => {
	rmSync(folder, { recursive: true, force: true });
});

describe("a program that npm does not bring", () => {
	test("is found on the search path when it can be run", () => {
		const program = join(folder, "influxd");
		writeFileSync(program, "#!/bin/sh\n");
		expect(peer("influxdb", folder)).not.toEqual({ path: program });
		chmodSync(program, 0o755);
		expect(peer("influxdb", `/nowhere:${folder}`)).toEqual({ path: program });
	});

	test("comes with the command that installs it when it is missing", () => {
		// Nobody installs faketime into a folder for daemons.
		expect(peer("faketime", folder)).toEqual({ missing: "no program faketime; apt-get install faketime" });
	});

	test("leaves its tests out with the reason, and fails where everything must run", () => {
		const notes: string[] = [];
		const context = { skip: (note: string) => notes.push(note) };
		withoutPeer("no program x; apt-get install x", {}, context);
		expect(notes).toEqual(["no program x; apt-get install x"]);
		expect(() => withoutPeer("no program x", { CI: "true" }, context)).toThrow("no program x");
	});

	test("is listed with what needs it and the lowest version", () => {
		for (const entry of Object.values(list.peers)) {
			expect(entry.atLeast).toMatch(/^(?:\d+:)?\d+(?:\.\d+)*$/);
			expect(entry.neededBy.length).toBeGreaterThan(10);
		}
	});

	test("is installed by continuous integration from the same list", () => {
		expect(readFileSync(join(root, ".ci", "run"), "utf8")).toContain(".ci/peers.json");
	});
});

describeWithPeer("git", "a suite with a peer", (path) => {
	test("gets the program's path", () => {
		expect(path).toMatch(/\/git$/);
	});
});
