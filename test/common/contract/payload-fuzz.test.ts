import { expect, test } from "vitest";
import { BytesError } from "../../../common/contract/bytes.ts";
import { datatypes } from "../../../common/contract/datatype.ts";
import { MetricView, readPayload } from "../../../common/contract/payload-reader.ts";
import { PayloadWriter, statusProperties } from "../../../common/contract/payload-writer.ts";

const inputs = 100_000;
const seed = 20_261_123;

function seeded(state: number): () => number {
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}

function samplePayload(): Buffer {
	const writer = new PayloadWriter();
	writer.begin(1_790_000_000_000, 200);
	for (let alias = 1; alias <= 5; alias++) {
		writer.metric({
			name: `tag ${alias}`,
			alias,
			timestampMs: 1_790_000_000_000,
			datatype: datatypes.Double,
			withDatatype: true,
			value: alias / 3,
		});
		writer.metric({
			alias,
			timestampMs: 1,
			datatype: datatypes.String,
			value: "text",
			properties: statusProperties(0x80000000),
		});
		writer.metric({ alias, timestampMs: 1, datatype: datatypes.Bytes, value: Buffer.alloc(20, alias) });
	}
	return Buffer.from(writer.finish());
}

/** Everything a reader would ask of a metric. */
function readAll(bytes: Buffer): void {
	readPayload(bytes, new MetricView(), (metric) => {
		for (const datatype of Object.values(datatypes)) metric.value(datatype);
		metric.status();
	});
}

test("a payload cut at any byte is read in part or refused, and never anything else", () => {
	const whole = samplePayload();
	for (let length = 0; length < whole.length; length++) {
		try {
			readAll(whole.subarray(0, length));
		} catch (error) {
			expect(error, `cut at ${length}`).toBeInstanceOf(BytesError);
		}
	}
});

test(`${inputs} damaged payloads: nothing but a refusal comes out`, () => {
	const random = seeded(seed);
	const whole = samplePayload();
	let refused = 0;
	for (let input = 0; input < inputs; input++) {
		const bytes = Buffer.from(whole.subarray(0, Math.ceil(random() * whole.length)));
		for (let damage = 0; damage < 1 + random() * 4; damage++)
			bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
		try {
			readAll(bytes);
		} catch (error) {
			if (!(error instanceof BytesError))
				throw new Error(`seed ${seed}, input ${input}: ${bytes.toString("hex")}`, { cause: error });
			refused++;
		}
	}
	expect(refused).toBeGreaterThan(inputs / 100);
	expect(refused).toBeLessThan(inputs);
});
