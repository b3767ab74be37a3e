import { expect, test } from "vitest";
import { TagRetries } from "../../../agent/source/tag-retries.ts";

test("a tag that cannot be watched is due after 5 s, then ever later, at last every five minutes, until it can", () => {
	const retries = new TagRetries();
	retries.failed(7, 0);
	const askedS: number[] = [];
	for (let s = 0; s <= 1_200; s++) {
		if (!retries.due(s * 1_000).includes(7)) continue;
		askedS.push(s);
		retries.failed(7, s * 1_000);
	}
	expect(askedS).toEqual([5, 15, 35, 75, 155, 315, 615, 915]);
	retries.succeeded(7);
	expect([retries.size, retries.due(1e9)]).toEqual([0, []]);
});

test("at most 500 tags are due at once, and one does not hold up another", () => {
	const retries = new TagRetries();
	for (let place = 0; place < 600; place++) retries.failed(place, place < 550 ? 0 : 60_000);
	expect(retries.due(5_000)).toHaveLength(500);
	for (const place of retries.due(5_000)) retries.succeeded(place);
	expect(retries.due(5_000)).toEqual(Array.from({ length: 50 }, (_, index) => 500 + index));
	expect(retries.size).toBe(100);
});
