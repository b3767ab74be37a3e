import { join } from "node:path";
import { expect, test } from "vitest";
import type { ChartBaselineRow, ChartPointRow } from "../../../collector/chart-port.ts";
import { LotCharts } from "../../../collector/spc/lot-charts.ts";
import { SeededNormals } from "../../../collector/spc/numerics/random.ts";
import { commitFinalVerdict } from "../../../collector/store/judgement-table.ts";
import { StoreFile } from "../../../collector/store/store-file.ts";
import { quietTelemetry } from "../../helpers/quiet-telemetry.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { verdictCommit } from "../store/verdict-commit.ts";

test("a lot brings 500 charts up to date in at most 50 ms of CPU, computing and storing", () => {
	const normals = new SeededNormals(20_261_123);
	const lots = 330;
	const measured = 10;
	const file = new StoreFile(join(temporaryFolder(), "store.db"));
	const charts = new LotCharts({
		...{ stored: { points: [], baselines: [] }, wanted: [], numbers: async () => [] },
		telemetry: quietTelemetry(),
	});
	const names = Array.from({ length: 500 }, (_, index) => `window-${index}/mean`);
	const takenMs: number[] = [];
	const found = { points: [] as ChartPointRow[], baselines: [] as ChartBaselineRow[] };
	for (let lot = 1; lot <= lots; lot++) {
		const numbers = names.map((characteristic) => ({
			...{
				characteristic,
				lot: `L${lot}`,
				atMs: lot,
				value: 50 + normals.next(),
				samples: 9,
				rejected: undefined,
				stored: 0,
			},
		}));
		const before = process.cpuUsage();
		const commit = charts.take(numbers, lot);
		// The beginning is only computed, so that it does not take minutes of disk.
		if (lot > lots - measured)
			commitFinalVerdict(
				file,
				verdictCommit(
					{
						...{ id: `v${lot}`, lot: `L${lot}`, specVersion: 1, verdict: "in", violations: 0, windows: 1 },
						...{ reasons: [], observedWhole: true, judgedMs: lot },
					},
					commit,
				),
			);
		charts.keep();
		const { user, system } = process.cpuUsage(before);
		takenMs.push((user + system) / 1_000);
		found.points.push(...commit.points);
		found.baselines.push(...commit.baselines);
	}
	file.close();
	expect(found.points.length).toBe(500 * lots);
	expect(found.baselines.length).toBeGreaterThan(300);
	const last = takenMs.slice(-measured).sort((a, b) => a - b);
	process.stdout.write(
		`500 charts: ${last[Math.floor(measured / 2)]} ms in the middle, ${last.at(-1)} ms at worst\n`,
	);
	expect(last[Math.floor(measured / 2)]).toBeLessThan(50);
});
