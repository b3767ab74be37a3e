import { InvalidArgumentError } from "commander";

/** Does the work of a command, and says what goes wrong. */
export type Run = (work: () => Promise<number> | number) => Promise<void>;

/** An option's number within bounds. */
export function wholeNumber(lowest: number, highest: number) {
	return (text: string): number => {
		const value = Number(text);
		if (!Number.isInteger(value) || value < lowest || value > highest) {
			throw new InvalidArgumentError(`expected a whole number from ${lowest} to ${highest}, found ${text}`);
		}
		return value;
	};
}

/** An option that may be given more than once. */
export function collect(value: string, before: string[] = []): string[] {
	return [...before, value];
}
