import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { OverdueWatch } from "../../../collector/laboratory/overdue-watch.ts";
import { overdueMessages } from "../../../collector/notify/messages.ts";
import { Store } from "../../../collector/store/store.ts";
import { StoreFile } from "../../../collector/store/store-file.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { quietTelemetry } from "../../helpers/quiet-telemetry.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { specificationFrom } from "../specification-of.ts";
import { emptyBatch } from "../store/known-store.ts";
import { result } from "./judged-results.ts";

const hourMs = 3_600_000;
const specification = specificationFrom({
	laboratory: [
		{
			...{ id: "sigma_ion", test: "sigma_ion", eu: "mS/cm", low: 3, method: "EIS", expected_within_h: 48 },
			...{ concerns: ["technical"], reaction: "Test again." },
		},
	],
});

test("a result that is not there in time is told once to those whom it concerns, and once that it has come", async () => {
	const path = join(temporaryFolder(), "store.db");
	const store = new Store();
	await store.open(path);
	onTestFinished(() => store.close());
	let plantMs = 47 * hourMs;
	const destinations = [
		{ name: "laboratory", events: [], concerns: ["technical" as const] },
		{ name: "buyers", events: [], concerns: ["procurement" as const] },
		{ name: "judged", events: ["lot.judged" as const], concerns: [] },
	];
	const known = () => specification;
	let looked = 0;
	const watch = new OverdueWatch({
		...{
			clock: new SteppedClock(),
			telemetry: quietTelemetry(),
			store,
			testsAt: () => specification.laboratory,
		},
		plantTimeMs: () => plantMs,
		messages: (rows) =>
			overdueMessages(rows, { specificationOf: known, specificationAt: known, destinations, nowMs: plantMs }),
		onRaised: () => looked++,
	});
	const closed = (lot: string, closedMs: number) => ({ lot, openedMs: 0, closedMs, observedWhole: true });
	const commit = (batch: object) => store.commit({ ...emptyBatch, samples: new SampleColumns(0), ...batch });
	await commit({ lots: [closed("L1", 0), closed("L2", 24 * hourMs)] });
	const told = () => {
		const file = new StoreFile(path);
		const rows = file.all("SELECT destination, type, body FROM outbox ORDER BY n");
		file.close();
		return rows.map(({ destination, type, body }) => {
			const { data } = JSON.parse(String(body)) as { data: { lot: string; test: string } };
			return `${destination} ${type} ${data.lot} ${data.test}`;
		});
	};
	await watch.look();
	expect(told()).toEqual([]);
	plantMs = 49 * hourMs;
	await watch.look();
	await watch.look();
	expect(told()).toEqual(["laboratory laboratory.overdue L1 sigma_ion"]);
	const results = [result({ lot: "L1" })];
	await commit({ laboratory: { results, refused: [], withdrawn: [], state: undefined } });
	await watch.look();
	await watch.look();
	plantMs = 80 * hourMs;
	await watch.look();
	expect(told()).toEqual([
		"laboratory laboratory.overdue L1 sigma_ion",
		"laboratory laboratory.received L1 sigma_ion",
		"laboratory laboratory.overdue L2 sigma_ion",
	]);
	expect(looked).toBe(3);
	await watch.stop();
});
