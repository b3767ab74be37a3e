import { expect, test } from "vitest";
import { vendorLimitsOf } from "../../../agent/source/vendor-limits.ts";

test.each([
	[["SIMATIC S7-1200 OPC UA", "urn:x", ""], { product: "S7-1200", items: 100, filters: false }],
	[["", "urn:plc:S7-1500", ""], { product: "S7-1500", items: 500 }],
	[["KEPServerEX"], { product: "Kepware", items: 1_000 }],
	[["", "", "Prosys OPC Ltd"], { product: "Prosys", items: 800 }],
])("of %j something is known", (said, limits) => {
	expect(vendorLimitsOf(said)).toMatchObject(limits);
});

test.each([[[]], [["NodeOPCUA-Server"]], [["S7-12000"]]])("of %j nothing is known", (said) => {
	expect(vendorLimitsOf(said)).toBeUndefined();
});
