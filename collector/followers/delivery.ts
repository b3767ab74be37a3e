import type { WriteAnswer } from "./write-answer.ts";

export interface RefusedLine {
	readonly line: string;
	readonly reason: string;
	/** Lines behind this one that are as much too old for the database, and are not named one by one. */
	readonly more: number;
}

/** What stopped a delivery before its end. */
export type Halt = Extract<WriteAnswer, { outcome: "held" | "later" }>;

interface Stretch {
	readonly from: number;
	readonly to: number;
}

/** Refused without one that was taken: then it is asked whether the database takes anything at all. */
const suspiciousRefusals = 20;
const tooOld = /beyond retention policy|outside (?:of )?(?:the )?retention/i;

/**
 * Brings some lines to a database, whole or in parts: a refused part is halved until the refused line stands alone, a part
 * that is too large likewise. It can be halted at any part and goes on there. Sending a line twice is harmless: a point
 * with the same labels and time replaces itself.
 */
export class Delivery {
	readonly #lines: readonly string[];
	readonly #open: Stretch[];
	readonly refused: RefusedLine[] = [];
	written = 0;
	#vouched = false;

	/** `bytesMax`: of one request, as far as a single line is not longer. */
	constructor(lines: readonly string[], bytesMax: number) {
		this.#lines = lines;
		this.#open = stretches(lines, bytesMax).reverse();
	}

	get refusedLines(): number {
		return this.refused.reduce((sum, { more }) => sum + 1 + more, 0);
	}

	/**
	 * Sends what is open. `probe` writes a line that nobody can object to: when lines are refused and none was taken, it
	 * tells a database that takes nothing (a halt) from bad lines. Resolves with undefined when nothing is open.
	 */
	async run(
		write: (lines: readonly string[]) => Promise<WriteAnswer>,
		probe: () => Promise<WriteAnswer>,
	): Promise<Halt | undefined> {
		for (;;) {
			const open = this.#open.length === 0;
			if (!this.#vouched && this.written === 0 && this.refused.length >= (open ? 1 : suspiciousRefusals)) {
				const answer = await probe();
				if (answer.outcome === "later" || answer.outcome === "held") return answer;
				if (answer.outcome !== "written")
					return { outcome: "held", reason: `nothing is taken, not even a plain line: ${answer.reason}` };
				this.#vouched = true;
			}
			const stretch = this.#open.at(-1);
			if (stretch === undefined) return undefined;
			const answer = await write(this.#lines.slice(stretch.from, stretch.to));
			if (answer.outcome === "later" || answer.outcome === "held") return answer;
			this.#open.pop();
			this.#settle(stretch, answer);
		}
	}

	#settle({ from, to }: Stretch, answer: Exclude<WriteAnswer, Halt>): void {
		if (answer.outcome === "written") {
			this.written += to - from;
			return;
		}
		const { reason } = answer;
		if (answer.outcome === "refused") {
			if (answer.all === true) {
				// A store may reach back years further than a database: not a letter for each of those values.
				if (tooOld.test(reason)) this.#refuse(from, reason, to - from - 1);
				else for (let index = from; index < to; index++) this.#refuse(index, reason, 0);
				return;
			}
			if (answer.bad !== undefined) {
				for (const { index, reason: why } of answer.bad) this.#refuse(from + index, why, 0);
				this.written += to - from - answer.bad.length;
				return;
			}
		}
		if (to - from === 1) {
			this.#refuse(from, reason, 0);
			return;
		}
		const middle = from + Math.ceil((to - from) / 2);
		this.#open.push({ from: middle, to }, { from, to: middle });
	}

	#refuse(index: number, reason: string, more: number): void {
		this.refused.push({ line: this.#lines[index] as string, reason, more });
	}
}

/** Stretches of lines that are each at most `bytesMax` long as one request. */
function stretches(lines: readonly string[], bytesMax: number): Stretch[] {
	const found: Stretch[] = [];
	let from = 0;
	let bytes = 0;
	for (const [index, line] of lines.entries()) {
		const length = Buffer.byteLength(line) + 1;
		if (index > from && bytes + length > bytesMax) {
			found.push({ from, to: index });
			from = index;
			bytes = 0;
		}
		bytes += length;
	}
	if (lines.length > from) found.push({ from, to: lines.length });
	return found;
}
