import { expect, test } from "vitest";
import { DeviceLife } from "../../../agent/publisher/device-life.ts";

const place = (offset: number) => ({ chain: 2, offset });
const nobody = { deaths: [], births: [] };

test("a device whose server is lost dies when everything up to the loss is confirmed, and is born when it is back", () => {
	const life = new DeviceLife();
	const tick = (lost: boolean, end: number, low: number) =>
		life.tick(["U1", "U2"], (device) => lost && device === "U1", place(end), place(low));
	expect(tick(false, 10, 5)).toEqual(nobody);
	// At this moment the loss is noticed; its Bad values may still be on their way to the disk.
	expect(tick(true, 12, 12)).toEqual(nobody);
	expect(tick(true, 20, 11)).toEqual(nobody);
	expect(tick(true, 20, 12)).toEqual({ deaths: ["U1"], births: [] });
	expect(life.isDead("U1")).toBe(true);
	expect(tick(true, 30, 30)).toEqual(nobody);
	expect(tick(false, 30, 30)).toEqual({ deaths: [], births: ["U1"] });
});

test("a server that comes back in time lets nobody die", () => {
	const life = new DeviceLife();
	life.tick(["U1"], () => true, place(5), place(1));
	life.tick(["U1"], () => false, place(9), place(9));
	expect(life.tick(["U1"], () => true, place(9), place(9))).toEqual(nobody);
});

test("a dead device with something to send lives once more, and dies again", () => {
	const life = new DeviceLife();
	for (let tick = 0; tick < 2; tick++) life.tick(["U1"], () => true, place(5), place(5));
	expect(life.revive("U1")).toBe(true);
	expect(life.revive("U1")).toBe(false);
	life.tick(["U1"], () => true, place(5), place(3));
	expect(life.tick(["U1"], () => true, place(5), place(5)).deaths).toEqual(["U1"]);
});
