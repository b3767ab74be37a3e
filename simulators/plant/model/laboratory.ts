import type { ModelParameters } from "../parameters.ts";
import { type LotTest, labInstruments, lotTests } from "./laboratory-tests.ts";
import type { Quality, TestId } from "./quality.ts";
import { Random } from "./random.ts";

const hourS = 3600;
const boltzmannEvK = 8.617e-5;
const referenceK = 298.15;
const operators = ["lab-1", "lab-2", "lab-3", "lab-4"] as const;

/** One result as the laboratory reports it. A correction has the same sample and test, and the next version. */
export interface LabResult {
	readonly lot: string;
	readonly sample: string;
	readonly test: TestId;
	readonly eu: string;
	/** The mean of the repeats; conductivity corrected to 25 degC. */
	readonly value: number;
	readonly belowLimit: boolean;
	readonly repeats: readonly number[];
	readonly operator: string;
	readonly instrument: string;
	readonly method: string;
	readonly detectionLimit: number | undefined;
	/** Of the sample while it was measured, degC. */
	readonly temperatureC: number;
	readonly measuredS: number;
	readonly reportedS: number;
	readonly version: number;
	readonly reason: "" | "late" | "corrected";
}

/** One sample on one place of an instrument, counted from 1. */
export interface LabRun {
	readonly instrument: string;
	readonly place: number;
	readonly lot: string;
	readonly sample: string;
	readonly operator: string;
	readonly method: string;
	readonly beganS: number;
	readonly endsS: number;
}

interface LabTurn {
	readonly atS: number;
	readonly kind: "began" | "ended";
	readonly run: LabRun;
}

/**
 * The laboratory: samples wait for an operator and for an instrument, instruments take hours, and what is reported
 * has the error of its method. Pure: results come out when their time has passed.
 */
export class Laboratory {
	readonly #parameters: ModelParameters;
	readonly #seed: number;
	/** When each place of each instrument is free. */
	readonly #freeS: Map<string, number[]>;
	#due: LabResult[] = [];
	#turns: LabTurn[] = [];

	readonly instruments: readonly {
		readonly name: string;
		readonly methods: readonly string[];
		readonly places: number;
	}[];

	/** `benches` is how often there is each instrument: a line that makes more lots has a larger laboratory. */
	constructor(parameters: ModelParameters, seed: number, benches = 1) {
		this.#parameters = parameters;
		this.#seed = seed;
		this.instruments = labInstruments.map(({ name, capacity }) => ({
			name,
			methods: methodsOf(name),
			places: capacity * benches,
		}));
		this.#freeS = new Map(
			labInstruments.map(({ name, capacity }) => [name, new Array<number>(capacity * benches).fill(0)]),
		);
	}

	/** When the next result is reported; infinity for none. */
	get nextDueS(): number {
		return this.#due[0]?.reportedS ?? Number.POSITIVE_INFINITY;
	}

	/** Results that are still to come. */
	get waiting(): number {
		return this.#due.length;
	}

	/** A lot was packed at `nowS`; its samples are on their way. */
	submit(lot: string, quality: Quality, nowS: number): void {
		const p = this.#parameters.laboratory;
		for (const { name, hours } of labInstruments) {
			const random = new Random(this.#seed, "laboratory", lot, name);
			const readyS = nowS + (p.preparation_h + p.operator_h * random.uniform()) * hourS;
			const places = this.#freeS.get(name) ?? [];
			const place = places.indexOf(Math.min(...places));
			const beganS = Math.max(readyS, places[place] ?? 0);
			const measuredS = beganS + hours * hourS * (0.9 + 0.2 * random.uniform());
			places[place] = measuredS;
			const operator = operators[Math.floor(random.uniform() * operators.length)] ?? operators[0];
			const run: LabRun = {
				instrument: name,
				place: place + 1,
				lot,
				sample: sampleOf(lot),
				operator,
				method: methodsOf(name)[0] ?? name,
				beganS,
				endsS: measuredS,
			};
			this.#turns.push({ atS: beganS, kind: "began", run }, { atS: measuredS, kind: "ended", run });
			for (const test of lotTests) {
				if (test.instrument === name) this.#report(test, quality[test.id], { lot, operator, measuredS });
			}
		}
		// What ends makes room for what begins.
		this.#turns.sort((a, b) => a.atS - b.atS || (a.kind > b.kind ? -1 : 1));
		this.#due.sort((a, b) => a.reportedS - b.reportedS || (a.test < b.test ? -1 : 1));
	}

	/** Measurements that begin or end up to `nowS`, in order. */
	takeTurns(nowS: number): LabTurn[] {
		const end = this.#turns.findIndex(({ atS }) => atS > nowS);
		return this.#turns.splice(0, end === -1 ? this.#turns.length : end);
	}

	/** What is reported up to `nowS`, in order. */
	take(nowS: number): LabResult[] {
		const end = this.#due.findIndex(({ reportedS }) => reportedS > nowS);
		return this.#due.splice(0, end === -1 ? this.#due.length : end);
	}

	#report(
		test: LotTest,
		truth: number,
		done: { readonly lot: string; readonly operator: string; readonly measuredS: number },
	): void {
		const p = this.#parameters.laboratory;
		const random = new Random(this.#seed, "laboratory", done.lot, test.id);
		const measured = measure(test, truth, random, p);
		const late = random.uniform() < p.late_share;
		const lateS = late ? -Math.log(1 - random.uniform()) * p.late_h * hourS : 0;
		const reportedS = Math.round(done.measuredS + lateS);
		const result: LabResult = {
			lot: done.lot,
			sample: sampleOf(done.lot),
			test: test.id,
			eu: test.eu,
			...measured,
			operator: done.operator,
			instrument: test.instrument,
			method: test.method,
			detectionLimit: test.detectionLimit,
			measuredS: Math.round(done.measuredS),
			reportedS,
			version: 1,
			reason: late ? "late" : "",
		};
		if (random.uniform() >= p.correction_share) {
			this.#due.push(result);
			return;
		}
		// A slip of the first report, found afterwards: a wrong weight, a wrong dilution.
		const slip = 1 + (random.uniform() < 0.5 ? -1 : 1) * random.between(0.05, 0.15);
		const wrong = {
			value: digits(result.value * slip, test.digits),
			repeats: result.repeats.map((one) => digits(one * slip, test.digits)),
		};
		this.#due.push({ ...result, ...wrong });
		const afterS = -Math.log(1 - random.uniform()) * p.correction_h * hourS;
		this.#due.push({
			...result,
			version: 2,
			reason: "corrected",
			reportedS: Math.round(reportedS + 600 + afterS),
		});
	}
}

/** What the method makes of the truth: scatter between sessions, and of repeats within one. */
export function measure(
	test: LotTest,
	truth: number,
	random: Random,
	p: ModelParameters["laboratory"],
): { value: number; belowLimit: boolean; repeats: number[]; temperatureC: number } {
	const sd = test.rsd * Math.abs(truth) + test.sd;
	const conductivity = test.id === "sigma_ion";
	const session = conductivity ? p.session_share_conductivity : p.session_share;
	const between = sd * session * random.gaussian();
	const within = sd * Math.sqrt(1 - session ** 2);
	const temperatureC = 25 + p.temperature_k * random.gaussian(2.5);
	// Conductivity is measured warm or cold and corrected; 1 K is 4.7 % of it.
	const kelvin = temperatureC + 273.15;
	const warm = conductivity ? Math.exp((-p.activation_ev / boltzmannEvK) * (1 / kelvin - 1 / referenceK)) : 1;
	const floor = test.sd > 0 || test.detectionLimit !== undefined ? 0 : Number.NEGATIVE_INFINITY;
	const repeats = Array.from({ length: test.repeats }, () => {
		const raw = Math.max(floor, truth + between + within * random.gaussian()) * warm;
		return digits(raw, test.digits);
	});
	const mean = repeats.reduce((sum, one) => sum + one, 0) / repeats.length / warm;
	const belowLimit = test.detectionLimit !== undefined && mean < test.detectionLimit;
	return {
		value: digits(belowLimit ? (test.detectionLimit as number) : mean, test.digits),
		belowLimit,
		repeats,
		temperatureC: digits(temperatureC, 2),
	};
}

function sampleOf(lot: string): string {
	return `${lot}-S1`;
}

/** Methods of an instrument, the one that gives its name to a run first. */
function methodsOf(instrument: string): string[] {
	return [...new Set(lotTests.filter((test) => test.instrument === instrument).map(({ method }) => method))];
}

function digits(value: number, count: number): number {
	return Number(value.toFixed(count));
}
