// The other half of that promise: what an agent's death costs is missing from the verdicts, and nothing else changes in them.

import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { LotJudgement } from "../../collector/judgement-port.ts";
import { loadSpecificationFiles } from "../../collector/specification-files.ts";
import { freePort } from "../helpers/free-ports.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { FaultLine } from "./fault-line.ts";
import { type KnownOfGaps, unexplainedDifferences } from "./gap-differences.ts";
import { LineVerdicts } from "./line-verdicts.ts";
import { seeded } from "./until.ts";
import { pause } from "./whole.ts";

const lineHours = 100;
const speed = 2_000;
const kills = 8;
const specificationFile = new URL("../../examples/pilot-line/specification.yaml", import.meta.url).pathname;

/** The servers wait for no client whose queues are short, so that nobody waits for one that is dead. */
const nobodyWaits = (text: string) =>
	text
		.replaceAll("queue_size: 5000", "queue_size: 99")
		.replaceAll("publishing_interval_ms: 250", "publishing_interval_ms: 100")
		.replaceAll("backfill: oldest_first", "backfill: off");

function knownOf(verdicts: LineVerdicts): KnownOfGaps {
	const { windows, aggregates } = loadSpecificationFiles([specificationFile], process.env)[0] ?? {
		windows: [],
		aggregates: [],
	};
	const judged = [...windows, ...aggregates];
	const times = verdicts.times(judged);
	return {
		gaps: verdicts.gaps(),
		windows: new Map(
			judged.map(({ id, unit, tag, good_percent_min: goodPercentMin }) => [
				id,
				{ unit, tag, goodPercentMin },
			]),
		),
		unknown: ({ unit, fromMs, toMs }, tag) => {
			const own = times.get(`${unit}/${tag}`) ?? [];
			return {
				fromMs: own.findLast((at) => at <= fromMs) ?? fromMs,
				toMs: own.find((at) => at >= toMs) ?? toMs,
			};
		},
		laboratoryUnit: "L900-results",
	};
}

describeWithPeer("mosquitto", "two agents on the same servers, one of which is killed", (mosquitto) => {
	test(`after ${kills} random kill -9 verdicts differ by what the ledger says is missing, and by nothing else`, async () => {
		const seed = 20_261_202;
		const random = seeded(seed);
		const line = new FaultLine();
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { speed, startsHoursAgo: lineHours, unheard: true });
		const killed = line.unheardAgent("agent-killed", await freePort(), nobodyWaits);
		onTestFinished(() => killed.kill("SIGKILL"));
		killed.start();
		const turnMs = (lineHours * 3_600_000) / speed / (kills + 1);
		for (let kill = 0; kill < kills; kill++) {
			await pause(turnMs * (0.5 + random() * 0.4));
			await killed.kill("SIGKILL");
			await pause(random() * 1_000);
			killed.start();
		}
		await pause(turnMs * 4);
		const { produced } = await line.halt();
		await pause(3_000);
		await killed.kill("SIGTERM");
		await line.simulator.kill();

		const verdicts = new LineVerdicts(line);
		line.collector.start();
		const whole = await verdicts.settled({ samples: produced, lots: 1 });
		verdicts.deliver(join(line.directory, "agent-killed"));
		const gapped = await verdicts.settled({ lots: 1 });
		const known = knownOf(verdicts);
		// The second agent came a moment after the line had begun: what began before it is not to be compared.
		const bothFromMs = verdicts.heardFromMs();

		const unexplained: string[] = [];
		const compared: string[] = [];
		let [differing, notEvaluable] = [0, 0];
		for (const [name, form] of whole) {
			const other = gapped.get(name);
			const reference = JSON.parse(form) as LotJudgement;
			if (reference.fromMs <= bothFromMs) continue;
			compared.push(reference.verdict);
			if (other === undefined) {
				// Without its results a lot is not complete before they are overdue.
				const isOfLaboratory = name.endsWith("complete");
				if (!isOfLaboratory || !known.gaps.some(({ unit }) => unit === known.laboratoryUnit))
					unexplained.push(`${name}: no verdict`);
				continue;
			}
			const found = JSON.parse(other) as LotJudgement;
			if (other !== form) differing++;
			notEvaluable += found.windows.filter(({ verdict }) => verdict === "not_evaluable").length;
			unexplained.push(...unexplainedDifferences(reference, found, known).map((text) => `${name}: ${text}`));
		}
		for (const name of gapped.keys())
			if (!whole.has(name)) unexplained.push(`${name}: there was no such lot`);
		process.stdout.write(
			`${compared.length} verdicts (${compared.join(", ")}), ${differing} of them differ; ${notEvaluable} windows not evaluable; ${known.gaps.length} gaps: ${JSON.stringify(
				Object.groupBy(known.gaps, ({ cause }) => cause),
				(_, value) => (Array.isArray(value) && value[0]?.cause !== undefined ? value.length : value),
			)}\n`,
		);
		expect(unexplained.slice(0, 30), `seed ${seed}, ${unexplained.length} differences`).toEqual([]);
		expect(differing).toBeGreaterThan(0);
		expect(known.gaps.filter(({ cause }) => cause === "agent_down").length).toBeGreaterThanOrEqual(kills);
		expect(compared.filter((verdict) => verdict !== "not_evaluable").length).toBeGreaterThan(0);
	}, 900_000);
});
