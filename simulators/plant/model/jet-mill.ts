import { dewPointOf, ppmvOf } from "./moisture.ts";
import { leaveDryBehind, plan, Unit, type UnitContext } from "./unit.ts";

/** The inline analyser sees agglomerates that the laboratory disperses. */
const inlineD90 = 8 / 7;

/** U600: crusher, opposed jet mill in an argon loop, classifier, bag filter. JET ends when the powder is through. */
export class JetMill extends Unit {
	readonly #pressure = this.signal("J600.PT01", 0);
	readonly #gas = this.signal("J600.TT01", 18);
	readonly #feed = this.signal("J600.FT01", 0);
	readonly #speed = this.signal("J600.ST01", 0);
	readonly #current = this.signal("J600.JT01", 0);
	readonly #filter = this.signal("J600.PT02", 0);
	readonly #oxygen = this.signal("J600.AT01", 20);
	readonly #dewPoint;
	readonly #d50 = this.signal("J600.XT01", 0);
	readonly #d90 = this.signal("J600.XT02", 0);
	readonly #energy = this.signal("J600.QC01", 0);
	#leftKg = 0;
	#throughKg = 0;
	#feedKgH = 0;
	#openedPpmv = 0;

	constructor(name: string, context: UnitContext) {
		super("U600", name, context, plan("CRUSH:30 JET:150 SIEVE:20"), "SIEVE");
		this.#dewPoint = this.signal("J600.AT02", context.parameters.sizing.loop_dew_point_c);
	}

	protected override entered(phase: string): void {
		if (phase === "CRUSH") {
			this.#openedPpmv = 4;
			this.#energy.settle(0);
		}
		if (phase === "JET") {
			this.#leftKg = (this.batch?.solidsKg ?? 0) / this.context.size.scale;
			this.#throughKg = 0;
			this.#feedKgH = this.context.parameters.sizing.feed_kg_h;
		}
	}

	protected override phaseRemainingS(): number {
		if (this.phase !== "JET") return super.phaseRemainingS();
		return this.#leftKg <= 1e-9 ? 0 : Math.max(0.001, (this.#leftKg / Math.max(0.1, this.#feedKgH)) * 3600);
	}

	override drive(dtS: number): void {
		const { parameters, knobs } = this.context;
		const p = parameters.sizing;
		const { phase, batch } = this;
		const jetting = phase === "JET";
		const gasC = p.gas_c + (batch?.draws.jetGasK ?? 0) + knobs.jetGasK;
		const sticking = parameters.quality.sticking * Math.max(0, (this.#gas.value - 10) / 10);
		const fed = jetting && !this.stopped;
		const drawn = batch?.draws.jetEnergy ?? 1;
		this.#feedKgH = fed ? (p.feed_kg_h * knobs.jetFeedFactor) / drawn : 0;
		this.#pressure.target = jetting ? 0.6 : 0;
		this.#gas.target = jetting ? gasC : phase === "CRUSH" ? gasC + 1 : phase === "SIEVE" ? 12 : 18;
		this.#feed.target = this.#feedKgH;
		this.#speed.target = jetting ? p.classifier_rpm * (batch?.draws.classifier ?? 1) : 0;
		this.#current.target = jetting ? 6 * (1 + 0.4 * sticking) : 0;
		// Pulses of back-flow every two minutes; what sticks is not blown off.
		const cake = 0.25 * ((this.elapsedS % 120) / 120);
		const finer = Math.max(0, 1 - knobs.jetFeedFactor);
		// Without feed the pulses blow the filter clean.
		this.#filter.target = jetting ? 1.05 + (fed ? cake + 3 * sticking + 1.2 * finer : 0) : 0;
		this.#openedPpmv *= Math.exp(-dtS / 1200);
		this.#oxygen.target = 20 + 3 * this.#openedPpmv;
		this.#dewPoint.target = dewPointOf(ppmvOf(p.loop_dew_point_c) + this.#openedPpmv);
		const kw = jetting ? p.jet_kw + 6 : phase === "CRUSH" ? 3 : 1;
		this.use({ electricKw: kw, roomKw: kw, argonNm3H: jetting ? 3 : 1 }, dtS);
		this.#measure(jetting, sticking);
		if (!fed || batch === undefined) return;
		this.#grind(dtS, sticking);
	}

	#kwhPerKg(): number {
		return this.context.parameters.sizing.jet_kw / Math.max(0.1, this.#feedKgH);
	}

	#grind(dtS: number, sticking: number): void {
		const { batch } = this;
		if (batch === undefined) return;
		const { exposure } = this.context.parameters;
		const hours = dtS / 3600;
		const kg = Math.min(this.#leftKg, this.#feedKgH * hours);
		const through = this.#throughKg + kg;
		const { history, draws } = batch;
		const mean = (sofar: number, now: number) => (sofar * this.#throughKg + now * kg) / through;
		const kwhPerKg = this.#kwhPerKg();
		if (through > 0) {
			history.jetKwhKg = mean(history.jetKwhKg, kwhPerKg * draws.jetEffect);
			history.classifierShare = mean(history.classifierShare, draws.classifier * draws.classifierEffect);
			history.sticking = mean(history.sticking, sticking);
			this.#energy.target = mean(this.#energy.value, kwhPerKg);
		}
		history.dose.sizing +=
			exposure.closed_transfer * exposure.argon * ppmvOf(this.#dewPoint.value) * draws.dose * hours;
		this.#throughKg = through;
		this.#leftKg -= kg;
	}

	#measure(jetting: boolean, sticking: number): void {
		const { batch } = this;
		const q = this.context.parameters.quality;
		if (!jetting || batch === undefined) {
			this.#d50.target = 0;
			this.#d90.target = 0;
			return;
		}
		if (this.stopped) return;
		const { draws, history } = batch;
		const energy = this.#kwhPerKg() * draws.jetEffect;
		const d50 =
			q.d50_um *
			energy ** -0.5 *
			(draws.classifier * draws.classifierEffect) ** -0.8 *
			(1 + sticking) *
			Math.exp(q.coarsening_per_k * history.soakAbove500K);
		const wide = 1 + 0.1 * Math.abs(Math.log(energy));
		this.#d50.target = d50;
		this.#d90.target = inlineD90 * (d50 / 3 / wide + 2 * (1 + sticking) * wide * d50);
	}

	protected override ended(phase: string): void {
		if (phase === "SIEVE" && this.batch !== undefined) {
			leaveDryBehind(this.batch, this.context.parameters.sizing.loss_share);
		}
	}
}
