import { onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { LoadLine } from "./load-line.ts";
import { without } from "./outages.ts";
import { expectWhole } from "./whole.ts";

describeWithPeer("mosquitto", "broker and collector away for a while", (mosquitto) => {
	test("every value of that time is stored afterwards, once", async () => {
		const line = new LoadLine({ tags: 100 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { rate: 500 });
		await without(line, "broker", 6_000, 20_000);
		await without(line, "collector", 4_000, 20_000);
		await expectWhole(line);
	});
});
