import { CodedError } from "../common/runtime/coded-error.ts";
import {
	type ConfigProblem,
	formatProblems,
	peekKey,
	readConfigFile,
} from "../common/runtime/config-file.ts";
import { type SoundFile, togetherProblems } from "./check-together.ts";
import { configKinds, unknownKind } from "./config-kinds.ts";

interface CheckedFile {
	readonly file: string;
	readonly kind: string;
	readonly ok: boolean;
	readonly problems: readonly ConfigProblem[];
}

/** Checks files without starting anything, and prints every problem with its place. Resolves with the exit code. */
export function check(files: readonly string[], options: { json: boolean; env: NodeJS.ProcessEnv }): number {
	const sound: SoundFile[] = [];
	const alone = files.map((file): CheckedFile => {
		try {
			const kind = String(peekKey(file, "kind"));
			const result = readConfigFile(file, configKinds[kind] ?? unknownKind, options.env);
			if (result.ok) sound.push({ file, kind, value: result.value });
			return { file, kind, ok: result.ok, problems: result.ok ? [] : result.problems };
		} catch (error) {
			if (!(error instanceof CodedError)) throw error;
			return {
				file,
				kind: "",
				ok: false,
				problems: [{ file, line: 1, column: 1, path: "", message: error.message }],
			};
		}
	});
	const together = togetherProblems(sound, options.env);
	const checked = alone.map((one) => {
		const more = together.filter(({ file }) => file === one.file);
		return more.length === 0 ? one : { ...one, ok: false, problems: [...one.problems, ...more] };
	});
	const problems = checked.flatMap((file) => file.problems);
	if (options.json) {
		process.stdout.write(`${JSON.stringify({ ok: problems.length === 0, files: checked })}\n`);
	} else {
		if (problems.length > 0) process.stdout.write(`${formatProblems(problems)}\n`);
		for (const { file, kind, ok } of checked) if (ok) process.stdout.write(`${file}: a sound ${kind} file\n`);
		if (problems.length > 0) {
			process.stdout.write(
				`${problems.length} problem${problems.length === 1 ? "" : "s"} in ${checked.filter(({ ok }) => !ok).length} of ${checked.length} files\n`,
			);
		}
	}
	return problems.length === 0 ? 0 : 2;
}
