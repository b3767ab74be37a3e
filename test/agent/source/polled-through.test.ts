import { expect, test } from "vitest";
import { PolledThrough } from "../../../agent/source/polled-through.ts";

test("a polled device is complete up to where the earliest of its intervals' last rounds began", () => {
	const through = new PolledThrough();
	expect(through.of("U1", [1_000])).toBeUndefined();
	through.polled("U1", 1_000, 50);
	through.polled("U2", 1_000, 90);
	expect(through.of("U1", [1_000])).toBe(50);
	// The other interval's tags have not been read yet.
	expect(through.of("U1", [1_000, 5_000])).toBeUndefined();
	through.polled("U1", 5_000, 40);
	through.polled("U1", 1_000, 60);
	expect(through.of("U1", [1_000, 5_000])).toBe(40);
	// A server that does not tell its time proves nothing.
	through.polled("U1", 5_000, undefined);
	expect(through.of("U1", [1_000, 5_000])).toBeUndefined();
	through.clear();
	expect(through.of("U1", [1_000])).toBeUndefined();
});
