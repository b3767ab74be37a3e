// What judgement costs on this machine from the first value to the stored verdict:
// `node --expose-gc test/bench/final-judgement-figures.ts [seconds of a lot] [days]`, one JSON document at the end.
// 20,000 windows, of which 2,000 are aggregates, on 50,000 tags of 100 units, and five tests of the laboratory. First one lot at
// 50,000 values/s: context and live judgement in batches as the intake makes them, then the lot's verdict from the real store, its
// rows read, judged and committed. Then a simulated month on another store: a lot a day through all units, laboratory results the day
// after, and every day one value that comes so late that a lot is judged again; the memory after each day.
// CPU is the process's, all threads together; storing samples is measured for itself, because it is not judgement.

import {
	aggregatesPerUnit,
	beganMs,
	dayMs,
	JudgedBenchLine,
	tagsPerUnit,
	units,
	windowsPerUnit,
} from "./judged-bench-line.ts";

function memoryMb(): { heap: number; rss: number } {
	if (globalThis.gc === undefined) throw new Error("expected node --expose-gc, found no gc()");
	globalThis.gc();
	const { heapUsed, rss } = process.memoryUsage();
	return { heap: Math.round(heapUsed / 1e5) / 10, rss: Math.round(rss / 1e6) };
}

const round = (number: number) => Math.round(number * 1e3) / 1e3;
const perMillion = (cpuS: number, values: number) => round((cpuS / values) * 1e6);
const nobody = { lot: "", phase: "IDLE" };

async function oneLot(seconds: number, isSealed: boolean) {
	const line = new JudgedBenchLine();
	await line.open();
	const phases = ["LOAD", "SOAK", "COOL", "CLEAN"];
	await line.cycle(beganMs, nobody);
	const each = Math.floor(seconds / phases.length);
	for (let second = 0; second < each * phases.length; second++) {
		const phase = second % each === 0 ? (phases[second / each] as string) : undefined;
		await line.cycle(beganMs + (second + 1) * 1_000, phase === undefined ? undefined : { lot: "L1", phase });
	}
	await line.cycle(beganMs + (each * phases.length + 1) * 1_000, nobody);
	if (isSealed) await line.seal();
	await line.settle();
	const { values, liveCpuS, storeCpuS, finalCpuS, verdicts } = line.costs;
	await line.close();
	return {
		...{ seconds: each * phases.length, isSealed, values, verdicts, finalCpuS: round(finalCpuS) },
		liveCpuSPerMillion: perMillion(liveCpuS, values),
		finalCpuSPerMillion: perMillion(finalCpuS, values),
		judgementCpuSPerMillion: perMillion(liveCpuS + finalCpuS, values),
		storingCpuSPerMillion: perMillion(storeCpuS, values),
	};
}

async function month(days: number) {
	const line = new JudgedBenchLine();
	await line.open();
	const memory: { heap: number; rss: number }[] = [];
	await line.cycle(beganMs, nobody);
	await line.settle();
	for (let day = 0; day < days; day++) {
		const fromMs = beganMs + day * dayMs + 1_000;
		for (const [index, phase] of ["LOAD", "SOAK", "COOL", "CLEAN"].entries())
			await line.cycle(fromMs + index * 6 * 3_600_000, { lot: `L${day}`, phase });
		if (day > 0) line.results(`L${day - 1}`, fromMs + 18 * 3_600_000);
		// Of the lot before that one, which has its verdict by now.
		if (day > 1) line.late(fromMs - 1.5 * dayMs - day);
		await line.settle();
		memory.push(memoryMb());
	}
	const { values, liveCpuS, finalCpuS, verdicts, corrections } = line.costs;
	await line.close();
	return {
		...{ days, values, verdicts, corrections, liveCpuS: round(liveCpuS), finalCpuS: round(finalCpuS) },
		finalCpuSPerVerdict: round(finalCpuS / (verdicts.line + verdicts.complete)),
		...{ heapMb: memory.map(({ heap }) => heap), rssMb: memory.map(({ rss }) => rss) },
	};
}

const [seconds, days] = [Number(process.argv[2] ?? 120), Number(process.argv[3] ?? 30)];
const lots = [];
if (seconds > 0) for (const each of [seconds / 4, seconds]) lots.push(await oneLot(each, true));
const [short, long] = lots;
// What a verdict costs whatever its lot's length is told by two lengths; a lot of 80 minutes has 240 million values.
const perValue =
	short === undefined || long === undefined
		? undefined
		: perMillion(long.finalCpuS - short.finalCpuS, long.values - short.values);
const simulated = days > 0 ? await month(days) : undefined;
const shape = { windows: units * (windowsPerUnit + aggregatesPerUnit), valuesPerSecond: units * tagsPerUnit };
process.stdout.write(
	`${JSON.stringify({ ...shape, lots, finalCpuSPerFurtherMillion: perValue, month: simulated })}\n`,
);
