import { CodedError } from "../../common/runtime/coded-error.ts";

/** What is wrong with a file of values, and where; `line` and `column` from 1. */
export interface InputProblem {
	readonly line: number;
	readonly column: number;
	readonly message: string;
}

const listedMax = 20;

/** Everything that is wrong with a file of values. */
export class InputProblems extends CodedError {
	readonly file: string;
	readonly problems: readonly InputProblem[];

	/** @param found how many there are, more than are listed */
	constructor(file: string, problems: readonly InputProblem[], found = problems.length) {
		const lines = problems
			.slice(0, listedMax)
			.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`);
		const more = found > lines.length ? [`… and ${found - lines.length} more`] : [];
		super("VALUES_INVALID", [...lines, ...more].join("\n"));
		this.file = file;
		this.problems = problems;
	}
}
