import { expect, test } from "vitest";
import { SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";
import { beganMs, KnownStore } from "./known-store.ts";
import { everything, sealTo } from "./sealed-store.ts";

test("what is there and what is not stays with its sample in a part of many chunks", async () => {
	const store = new KnownStore();
	const types = ["Double", "Double", "Double", "Double", "String", "Int64", "Double"] as const;
	for (const [index, type] of types.entries()) store.series("U500", `T${index + 1}`, type);
	const given = (id: number, index: number): SampleValue => {
		if (index % (id + 1) === 0) return null;
		if (id === 5) return `text ${index}`;
		if (id === 6) return BigInt(index) * 2n ** 40n;
		return id === 4 && index % 7 === 0 ? -0 : index / 8;
	};
	for (let seq = 1; seq <= 25; seq++) {
		const samples = new SampleColumns(490);
		samples.count = 490;
		for (let index = 0; index < 490; index++) {
			const id = 1 + (index % types.length);
			const at = seq * 70 + Math.floor(index / types.length);
			samples.tagId[index] = id;
			samples.sourceMs[index] = beganMs + at * 1_000;
			samples.serverLagTicks[index] = at % (9 - id) === 0 ? Number.NaN : at;
			samples.setValue(index, given(id, at));
		}
		const [sourceMinMs, sourceMaxMs] = [beganMs + seq * 70_000, beganMs + seq * 70_000 + 69_000];
		store.commit({
			records: [
				{
					...{ seq, edgeNode: 1, epoch: 7, offset: seq, last: seq, device: "U500", throughMs: undefined },
					...{ samples: 490, sourceMinMs, sourceMaxMs, hash: new Uint8Array(16), receivedMs: 1 },
				},
			],
			samples,
		});
	}
	const before = await everything(store.path, 5_000);
	expect(before).toHaveLength(12_250);
	await sealTo(store.file, store.path, 25);
	expect(await everything(store.path, 5_000)).toEqual(before);
	store.remove();
});
