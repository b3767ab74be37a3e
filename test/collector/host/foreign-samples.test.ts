import { expect, test } from "vitest";
import { ForeignSamples, type Novelty } from "../../../collector/host/foreign-samples.ts";
import { SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";

function sample(sourceMs: number, value: SampleValue, series = 1, status = 0): SampleColumns {
	const samples = new SampleColumns(1);
	samples.count = 1;
	samples.tagId[0] = series;
	samples.sourceMs[0] = sourceMs;
	samples.status[0] = status;
	samples.setValue(0, value);
	return samples;
}

test("the first of a series is asked about, a newer one is new, an equal one a repeat, an older one is asked about", () => {
	const known = new ForeignSamples();
	const look = (...of: Parameters<typeof sample>): Novelty => known.look(sample(...of), 0);
	expect(look(5, 1)).toBe("ask");
	known.known(sample(5, 1), 0);
	expect([look(5, 1), look(5, 2), look(5, 1, 1, 7), look(6, 1), look(4, 1), look(5, 1, 2)]).toEqual([
		...["repeat", "ask", "ask", "new", "ask", "ask"],
	]);
});

test("an older one that was accepted a moment ago is a repeat, although the store may not have it yet", () => {
	const known = new ForeignSamples();
	known.known(sample(5, 1), 0);
	known.known(sample(4, 1), 0);
	expect(known.look(sample(4, 1), 0)).toBe("repeat");
});

test("numbers, text and bytes of the same look are different values, and 0 with a sign is 0", () => {
	const known = new ForeignSamples();
	const values: SampleValue[] = [1, "1", 1n, Buffer.from("1"), null];
	known.known(sample(5, 0), 0);
	for (const value of values) {
		expect(known.look(sample(5, value), 0)).toBe("ask");
		known.known(sample(5, value), 0);
	}
	expect(known.look(sample(5, -0), 0)).toBe("repeat");
});

test("what is remembered is bounded: a value of long ago is asked about again", () => {
	const known = new ForeignSamples();
	for (let value = 0; value < 60_000; value++) known.known(sample(5, value), 0);
	expect([known.look(sample(5, 0), 0), known.look(sample(5, 59_999), 0)]).toEqual(["ask", "repeat"]);
});
