import { InvalidArgumentError } from "commander";

/** Does the work of a command; its number is the exit code. */
export type Run = (work: () => Promise<number> | number) => Promise<void>;

/** An option that takes a whole number. @throws InvalidArgumentError outside of the bounds */
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
