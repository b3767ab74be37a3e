import { describe, expect, test } from "vitest";
import { readCommand } from "../../../agent/publisher/command.ts";
import { CurrentValues } from "../../../agent/publisher/current-values.ts";
import { BytesError } from "../../../common/contract/bytes.ts";
import { datatypes } from "../../../common/contract/datatype.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { statusCodes } from "../../../common/contract/status.ts";
import { oracleEncode } from "../../common/contract/sparkplug-oracle.ts";

const commandOf = (...metrics: object[]) => readCommand(oracleEncode({ timestamp: 1, metrics }));

describe("a command", () => {
	test("for a rebirth is known by its name [tck-id-operational-behavior-data-commands-rebirth-name]", () => {
		const name = "Node Control/Rebirth";
		expect(commandOf({ name, datatype: datatypes.Boolean, boolean_value: true }).rebirth).toBe(true);
		expect(commandOf({ name, boolean_value: false }).rebirth).toBe(false);
		expect(commandOf({ name, int_value: 1 }).rebirth).toBe(false);
	});

	test("of delivery has host, epoch and offsets exactly", () => {
		const command = commandOf(
			{ name: "Delivery/Host", string_value: "collector" },
			{ name: "Delivery/Epoch", long_value: Number.MAX_SAFE_INTEGER },
			{ name: "Delivery/Confirmed", long_value: 41 },
			{ name: "Delivery/Resend From", int_value: 42 },
			{ name: "Delivery/Resend To", long_value: 50 },
		);
		expect(command).toEqual({
			rebirth: false,
			host: "collector",
			epoch: Number.MAX_SAFE_INTEGER,
			confirmed: 41,
			resendFrom: 42,
			resendTo: 50,
			refused: [],
		});
	});

	test.each([
		["2^53", { long_value: "9007199254740992" }],
		["below zero", { long_value: "18446744073709551615" }],
		["text", { string_value: "5" }],
		["null", { is_null: true }],
	])("with an offset that is %s confirms nothing, and is refused by name", (_, value) => {
		const { confirmed, refused } = commandOf({ name: "Delivery/Confirmed", ...value });
		expect(confirmed).toBeUndefined();
		expect(refused).toEqual([expect.stringMatching(/^Delivery.Confirmed: expected an integer/)]);
	});

	test("for anything else is refused by name; nothing is ever written to the plant", () => {
		expect(
			commandOf({ name: "F500/Setpoint", double_value: 900 }, { alias: 3, double_value: 1 }).refused,
		).toEqual(["F500/Setpoint", "alias 3"]);
		const many = Array.from({ length: 1_000 }, (_, index) => ({ name: `tag ${index}` }));
		expect(commandOf(...many).refused).toHaveLength(10);
	});

	test("that is not Sparkplug is refused as a whole", () => {
		expect(() => readCommand(Buffer.from("hello"))).toThrow(BytesError);
	});
});

describe("a current value", () => {
	function update(current: CurrentValues, sourceMs: number, value: number | string): void {
		const samples = new SampleColumns(1);
		samples.count = 1;
		samples.tagId[0] = 3;
		samples.sourceMs[0] = sourceMs;
		samples.setValue(0, value);
		current.update({ device: "F500", samples, throughMs: undefined });
	}

	test("is the newest by source time, the later of two at one time, and null before the first", () => {
		const current = new CurrentValues(new SampleColumns(5));
		expect(current.get(3, 99)).toEqual({
			value: null,
			sourceMs: 99,
			status: statusCodes.BadWaitingForInitialData,
		});
		update(current, 10, 1);
		update(current, 20, 2);
		update(current, 15, "late");
		expect(current.get(3, 99)).toEqual({ value: 2, sourceMs: 20, status: 0 });
		update(current, 20, "same time");
		expect(current.get(3, 99).value).toBe("same time");
		expect(current.get(4, 99).value).toBeNull();
	});
});
