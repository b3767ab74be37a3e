/** What the progress line tells. */
export interface Progress {
	readonly plantTimeMs: number;
	readonly speed: number;
	readonly produced: number;
	readonly stored: number;
	readonly lotsWhole: number;
	readonly violations: number;
	readonly gaps: number;
}

const plainEveryMs = 10_000;

/**
 * Shows how the demonstration goes on standard error: one line that is rewritten on a terminal, and a line every ten
 * seconds elsewhere. Standard output belongs to the result.
 */
export class ProgressLine {
	readonly #out: NodeJS.WriteStream;
	#shown = false;
	#lastPlainMs = Number.NEGATIVE_INFINITY;

	constructor(out: NodeJS.WriteStream) {
		this.#out = out;
	}

	show(progress: Progress, nowMs: number): void {
		const text = progressText(progress);
		if (this.#out.isTTY) {
			this.#out.write(`\r\u001b[2K${text.slice(0, Math.max(20, this.#out.columns - 1))}`);
			this.#shown = true;
		} else if (nowMs - this.#lastPlainMs >= plainEveryMs) {
			this.#lastPlainMs = nowMs;
			this.#out.write(`${text}\n`);
		}
	}

	/** A line that stays, above the progress line. */
	say(text: string): void {
		if (this.#shown) this.#out.write("\r\u001b[2K");
		this.#shown = false;
		this.#out.write(`${text}\n`);
	}
}

/** `2026-11-20 14:30 plant time, 1600x, 1,234,567 produced, 1,234,000 stored, 1 lot, 0 violations, 0 gaps` */
function progressText({
	plantTimeMs,
	speed,
	produced,
	stored,
	lotsWhole,
	violations,
	gaps,
}: Progress): string {
	const time = new Date(plantTimeMs).toISOString().slice(0, 16).replace("T", " ");
	const pace = speed < 1.5 ? "live" : `${Math.round(speed)}x`;
	return [
		`${time} plant time (UTC)`,
		pace,
		`${count(produced)} values produced`,
		`${count(stored)} stored`,
		plural(lotsWhole, "lot"),
		plural(violations, "violation"),
		plural(gaps, "gap"),
	].join(", ");
}

function count(value: number): string {
	return value.toLocaleString("en");
}

function plural(value: number, word: string): string {
	return `${count(value)} ${word}${value === 1 ? "" : "s"}`;
}
