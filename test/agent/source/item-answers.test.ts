import { expect, test } from "vitest";
import type { ServerConfig } from "../../../agent/config.ts";
import { ItemAnswers } from "../../../agent/source/item-answers.ts";
import { filterLevels, lessFilter, requestedParameters } from "../../../agent/source/monitored-item.ts";
import { SamplingRules } from "../../../agent/source/sampling.ts";
import { datatypes } from "../../../common/contract/datatype.ts";
import { sourceConfig } from "../../integration/source-rig.ts";

const rules = new SamplingRules(sourceConfig(4840).servers[0] as ServerConfig);
const fast = rules.of({ sampling_interval_ms: 100, queue_size: 50 }, datatypes.Double, true);
const published = rules.of({ sampling_interval_ms: -1, queue_size: 5 }, datatypes.Double, true);
const deadband = { kind: "absolute", width: 2 } as const;
const narrow = rules.of({ deadband }, datatypes.Double, true);

test("items that a server samples more slowly or with shorter queues are counted; faster and longer is no harm", () => {
	const answers = new ItemAnswers();
	answers.grow(4);
	answers.answered(0, fast, 100, 50);
	answers.answered(1, fast, 250, 20);
	answers.answered(2, published, 500, 10);
	answers.answered(3, published, 1_000, 4);
	expect(answers.revised(500)).toEqual({ samplingInterval: 2, queueSize: 2 });
	expect(answers.shortestQueue()).toBe(4);
	expect([0, 1, 2, 3].map((place) => answers.intervalMs(place, place < 2 ? fast : published, 500))).toEqual([
		100, 250, 500, 1_000,
	]);
	answers.grow(8);
	answers.gone(3);
	expect(answers.revised(500)).toEqual({ samplingInterval: 1, queueSize: 1 });
	// An item that is not there yet is as slow as it was asked to be.
	expect(answers.intervalMs(5, fast, 500)).toBe(100);
	answers.takesFilter(0, filterLevels.none);
	answers.forget();
	expect([answers.filterLevel(0), answers.revised(500).samplingInterval]).toEqual([filterLevels.whole, 0]);
});

test("a refused filter is asked for without its deadband, then left out; other refusals are the tag's own", () => {
	const status = "BadMonitoredItemFilterUnsupported";
	expect(lessFilter(status, filterLevels.whole, narrow)).toBe(filterLevels.noDeadband);
	expect(lessFilter(status, filterLevels.whole, fast)).toBe(filterLevels.none);
	expect(lessFilter(status, filterLevels.noDeadband, narrow)).toBe(filterLevels.none);
	expect(lessFilter(status, filterLevels.none, narrow)).toBeUndefined();
	expect(lessFilter("BadNodeIdUnknown", filterLevels.whole, narrow)).toBeUndefined();
	const filters = [filterLevels.whole, filterLevels.noDeadband, filterLevels.none].map(
		(level) => requestedParameters(narrow, 1, level).filter,
	);
	expect(filters.map((filter) => [filter?.deadbandValue, filter?.trigger])).toEqual([
		[2, 1],
		[0, 1],
		[undefined, undefined],
	]);
});
