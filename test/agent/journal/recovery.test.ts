import { expect, test } from "vitest";
import { encodeRecord } from "../../../agent/record-codec.ts";
import { ByteWriter } from "../../../common/contract/bytes.ts";
import { SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { body, journalIn, untilDurable } from "./journal-rig.ts";

function recordOf(
	device: string,
	throughMs: number | undefined,
	...samples: [tagId: number, sourceMs: number, value: SampleValue][]
) {
	const columns = new SampleColumns(samples.length);
	for (const [tagId, sourceMs, value] of samples) {
		const index = columns.count++;
		columns.tagId[index] = tagId;
		columns.sourceMs[index] = sourceMs;
		columns.sourceRestTicks[index] = 7;
		columns.serverLagTicks[index] = Number.NaN;
		columns.setValue(index, value);
	}
	const out = new ByteWriter();
	encodeRecord(out, { device, throughMs }, columns, 0, columns.count);
	return out.take();
}

test("what was recorded last is known after a restart: each device's Through, each tag's last sample; a record that cannot be read is passed over", async () => {
	const folder = temporaryFolder();
	const first = journalIn(folder).journal;
	expect((await first.open()).recovered).toEqual({ throughMs: new Map(), samples: new Map() });
	first.append(recordOf("F500", 900, [3, 800, 1.5], [4, 850, "RAMP"]));
	first.append(recordOf("M300", undefined, [5, 860, -5n]));
	first.append(body(1));
	first.append(recordOf("F500", 1_900, [3, 1_800, null]));
	await untilDurable(first, 4);
	await first.close();

	const { recovered } = await journalIn(folder).journal.open();
	expect(recovered.throughMs).toEqual(new Map([["F500", 1_900]]));
	expect([...recovered.samples].sort(([a], [b]) => a - b)).toEqual([
		[3, { sourceMs: 1_800, sourceRestTicks: 7, status: 0, value: null }],
		[4, { sourceMs: 850, sourceRestTicks: 7, status: 0, value: "RAMP" }],
		[5, { sourceMs: 860, sourceRestTicks: 7, status: 0, value: -5n }],
	]);
});
