import { expect, test } from "vitest";
import {
	nodeText,
	parseBrowsePath,
	parseNodeText,
	pathStepText,
} from "../../../common/runtime/opcua-names.ts";

test.each([
	["s=F500.TT01", { namespace: undefined, id: "s=F500.TT01" }],
	["nsu=urn:kiln;s=a;b=c", { namespace: "urn:kiln", id: "s=a;b=c" }],
	["nsu=urn:a%3Bb%25;i=4294967295", { namespace: "urn:a;b%", id: "i=4294967295" }],
	["g=72962B91-FA75-4AE6-8D28-B404DC7DAF63", { id: "g=72962B91-FA75-4AE6-8D28-B404DC7DAF63" }],
	["b=M/RbKBsRVkePCePcx24oRA==", { id: "b=M/RbKBsRVkePCePcx24oRA==" }],
])("%s is a node id", (text, expected) => {
	expect(parseNodeText(text)).toMatchObject(expected);
});

test.each(["", "TT01", "x=1", "i=", "i=4294967296", "i=1x", "g=1", "b=!", "ns=2;s=TT01", "nsu=;s=TT01"])(
	"%j is no node id",
	(text) => {
		expect(parseNodeText(text)).toBeUndefined();
	},
);

test("a namespace's URI survives being written down", () => {
	const uri = "urn:50%;x";
	expect(parseNodeText(nodeText(uri, "s=a"))).toEqual({ namespace: uri, id: "s=a" });
});

test.each([
	["/Objects/2:Kiln/2:TT01", [step(2, "Kiln"), step(2, "TT01")]],
	["/0:Objects/Kiln", [step(undefined, "Kiln")]],
	["Kiln/TT01", [step(undefined, "Kiln"), step(undefined, "TT01")]],
	["nsu=http:&/&/kiln;Zone/3:a&/b&&c", [step("http://kiln", "Zone"), step(3, "a/b&c")]],
	["2:3:x", [step(2, "3:x")]],
])("%s is a browse path", (text, expected) => {
	expect(parseBrowsePath(text)).toEqual(expected);
});

test.each(["", "/", "/Objects", "/Types/0:X", "Kiln//TT01", "Kiln/", "a/".repeat(64).concat("b")])(
	"%j is no browse path",
	(text) => {
		expect(parseBrowsePath(text)).toBeUndefined();
	},
);

test("a name with every special character survives being written into a path", () => {
	const name = "a/b;c&d:e";
	expect(parseBrowsePath(pathStepText(7, name))).toEqual([step(7, name)]);
});

function step(namespace: string | number | undefined, name: string) {
	return { namespace, name };
}
