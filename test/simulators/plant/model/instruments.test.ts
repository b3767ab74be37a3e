import { describe, expect, test } from "vitest";
import {
	factorOf,
	Instrument,
	type MeasuringFault,
	statusOf,
} from "../../../../simulators/plant/model/instruments.ts";
import { ProcessLine } from "../../../../simulators/plant/model/line.ts";
import { Signal } from "../../../../simulators/plant/model/signal.ts";
import { tagNamed } from "../../../../simulators/plant/model/tags.ts";
import { undisturbed } from "./clean-line.ts";

const tag = tagNamed("F500.TT01");

function readings(faults: MeasuringFault[], count = 2000): { values: number[]; statuses: number[] } {
	const signal = new Signal(tag, 500);
	const instrument = new Instrument(signal, { seed: 4, name: tag.name, faults });
	const values: number[] = [];
	const statuses: number[] = [];
	for (let second = 0; second < count; second++) {
		const { value, status } = instrument.read(second);
		values.push(value);
		statuses.push(status);
	}
	return { values, statuses };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]) => {
	const middle = mean(values);
	return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
};

test("noise has the tag's standard deviation and a correlation of 0.6 over a second", () => {
	const { values } = readings([], 20_000);
	expect(mean(values)).toBeCloseTo(500, 1);
	expect(deviation(values) / tag.noiseSd).toBeGreaterThan(0.95);
	expect(deviation(values) / tag.noiseSd).toBeLessThan(1.05);
	const middle = mean(values);
	const lagged = mean(
		values.slice(1).map((value, index) => (value - middle) * ((values[index] as number) - middle)),
	);
	expect(lagged / deviation(values) ** 2).toBeCloseTo(0.6, 1);
});

test("a step shows with the tag's time constant and its dead time", () => {
	const signal = new Signal(tagNamed("W200.AT01"), 0);
	signal.target = 1;
	let seconds = 0;
	while (signal.value < 1 - 1 / Math.E) {
		signal.follow(1);
		seconds += 1;
	}
	// 60 s, and 12 s of dead time.
	expect(seconds).toBeGreaterThan(66);
	expect(seconds).toBeLessThan(78);
});

test("the lag is integrated, so that one long step is as good as many short ones", () => {
	const [long, short] = [new Signal(tagNamed("W200.AT01"), 0), new Signal(tagNamed("W200.AT01"), 0)];
	for (const signal of [long, short]) signal.target = 1;
	long.follow(0.001);
	short.follow(0.001);
	long.follow(60);
	for (let second = 0; second < 60; second++) short.follow(1);
	expect(long.value).toBeCloseTo(short.value, 6);
});

describe("a fault of measuring", () => {
	const clean = readings([]);
	test.each<[MeasuringFault["kind"], number, (values: number[], statuses: number[]) => void]>([
		["drift", 864, (values) => expect(mean(values.slice(1900))).toBeCloseTo(500 + (864 * 950) / 86_400, 0)],
		["frozen", 0, (values) => expect(new Set(values.slice(1000)).size).toBe(1)],
		[
			"spike",
			50,
			(values) => {
				const spikes = values.slice(1000).filter((value) => value > 540).length;
				expect(spikes).toBeGreaterThan(8);
				expect(spikes).toBeLessThan(35);
			},
		],
		[
			"dead",
			0,
			(_values, statuses) => expect(new Set(statuses.slice(1000))).toEqual(new Set([statusOf.sensorFailure])),
		],
		["noise", 3, (values) => expect(deviation(values.slice(1000)) / tag.noiseSd).toBeGreaterThan(2.5)],
		["scale", 1.1, (values) => expect(mean(values.slice(1000))).toBeCloseTo(550, 0)],
	])("%s shows from its beginning, and not before", (kind, size, shows) => {
		const { values, statuses } = readings([{ kind, tag: tag.name, fromS: 1000, size }]);
		expect(values.slice(0, 1000)).toEqual(clean.values.slice(0, 1000));
		expect(new Set(statuses.slice(0, 1000))).toEqual(new Set([statusOf.good]));
		shows(values, statuses);
	});
});

test("reading an instrument changes nothing in the process", () => {
	const states = (read: boolean) => {
		const line = new ProcessLine({ parameters: undisturbed(), seed: 2 });
		const instruments = line.units.flatMap(({ signals }) =>
			signals.map((signal) => new Instrument(signal, { seed: 2, name: signal.tag.name })),
		);
		while (line.nowS < 60 * 3600) {
			line.advance(line.nowS + 60);
			if (read) for (const instrument of instruments) instrument.read(line.nowS);
		}
		return line.units.flatMap(({ signals }) => signals.map(({ value }) => value));
	};
	expect(states(true)).toEqual(states(false));
});

test("on a line of six times the batch, masses, flows and drive power are six times as large, temperatures are not", () => {
	const signal = new Signal(tagNamed("M310.JT01"), 9);
	const size = { scale: 6, trains: 4 };
	const large = new Instrument(signal, {
		seed: 1,
		name: "T1.M310.JT01",
		factor: factorOf("M310.JT01", size),
	});
	expect(large.read(0).value).toBeGreaterThan(50);
	expect(large.read(1).value).toBeLessThan(58);
	expect(factorOf("F500.TT01", size)).toBe(1);
	expect(factorOf("M310.JT01", { scale: 1, trains: 1 })).toBe(1);
});
