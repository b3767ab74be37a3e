import { basename, join } from "node:path";
import { collectorConfig } from "../collector/config.ts";
import { genealogyOf } from "../collector/genealogy/genealogy-of.ts";
import type { LotJudgement, VerdictRecord, WindowVerdict } from "../collector/judgement-port.ts";
import { materialJudge } from "../collector/laboratory/material-verdict.ts";
import { bookedLot } from "../collector/lots/lot-book.ts";
import { judgeLine, readEvidence } from "../collector/quality/final/judge-stored.ts";
import type { Specification } from "../collector/specification.ts";
import { SpecificationBook } from "../collector/specification-book.ts";
import { loadSpecificationFiles } from "../collector/specification-files.ts";
import { specificationHash } from "../collector/specification-version.ts";
import { StoreReader } from "../collector/store/reader.ts";
import { canonicalHash } from "../common/runtime/canonical-json.ts";
import { CodedError } from "../common/runtime/coded-error.ts";
import { loadConfigFile } from "../common/runtime/config-file.ts";
import { pathFrom } from "../common/runtime/config-values.ts";
import { table } from "./table.ts";

export interface ReplayOptions {
	readonly config: string;
	readonly spec?: string;
	readonly lot?: readonly string[];
	readonly lots: number;
	readonly json: boolean;
	readonly env: NodeJS.ProcessEnv;
}

interface ReplayedWindow {
	readonly window: string;
	readonly batch: string;
	/** Undefined when the version does not have the window, or it judged nothing. */
	readonly before: string | undefined;
	readonly after: string | undefined;
	readonly why: readonly string[];
}

interface ReplayedLot {
	readonly lot: string;
	readonly before: { readonly verdict: string; readonly version: number };
	readonly after: { readonly verdict: string; readonly version: number };
	/** The canonical forms are the same, byte for byte. */
	readonly same: boolean;
	readonly windows: readonly ReplayedWindow[];
}

const progressEveryMs = 2_000;

/**
 * Judges stored lots by another version of the specification, or by the present one, and says which verdicts would be others.
 * Reads beside a running collector; nothing is written. Resolves with 0, or with 1 when the present version does not give again
 * what is stored.
 */
export async function replay(options: ReplayOptions): Promise<number> {
	const { value: config, directory } = loadConfigFile(options.config, collectorConfig, options.env);
	const files =
		options.spec === undefined
			? config.specification.map((file) => pathFrom(directory, file))
			: [options.spec];
	const versions = loadSpecificationFiles(files, options.env);
	// Another version is asked what it would say, whenever it is or was in force.
	const [wanted] = versions;
	const book = new SpecificationBook(versions, [], Date.now());
	const specificationAt = (sourceMs: number) =>
		options.spec === undefined || wanted === undefined
			? book.inForce(sourceMs)
			: { specification: wanted, hash: specificationHash(wanted) };
	const reader = new StoreReader(`replay-${process.pid}`);
	await reader.open(join(pathFrom(directory, config.data_dir), "store.db"));
	try {
		const stored = await storedVerdicts(reader, options);
		const { written: _written, ...contextTags } = config.context;
		const lots = {
			...{ evidence: reader, route: config.route, contextTags },
			genealogy: genealogyOf(config.genealogy, {
				...{ evidence: reader, asked: reader },
				judge: materialJudge(specificationAt),
			})?.reasons,
			bookedLot: bookedLot.bind(undefined, config.route),
		};
		const replayed: ReplayedLot[] = [];
		let toldMs = Date.now();
		for (const [index, verdict] of stored.entries()) {
			const evidence = await readEvidence(verdict.judgement.lot, lots);
			if (evidence === undefined) continue;
			const again = await judgeLine(evidence, specificationAt(evidence.openedMs), lots);
			replayed.push(compared(verdict, again));
			if (Date.now() - toldMs < progressEveryMs) continue;
			toldMs = Date.now();
			process.stderr.write(`${index + 1} of ${stored.length} lots\n`);
		}
		const isAnother = options.spec !== undefined;
		if (options.json)
			process.stdout.write(
				`${JSON.stringify({ versions: versions.map(({ version }) => version), lots: replayed })}\n`,
			);
		else process.stdout.write(`${textOf(replayed, versions, files)}\n`);
		return isAnother || replayed.every(({ same }) => same) ? 0 : 1;
	} finally {
		await reader.close();
	}
}

async function storedVerdicts(reader: StoreReader, { lot, lots }: ReplayOptions): Promise<VerdictRecord[]> {
	if (lot === undefined) return (await reader.newestVerdicts(lots)).toReversed();
	const found: VerdictRecord[] = [];
	for (const one of lot) {
		const verdict = (await reader.verdicts(one)).find(({ stage }) => stage === "line");
		if (verdict === undefined)
			throw new CodedError("USAGE", `expected a lot that has a verdict, found ${one}`);
		found.push(verdict);
	}
	return found;
}

function compared(stored: VerdictRecord, again: LotJudgement): ReplayedLot {
	const before = stored.judgement;
	const key = ({ window, batch }: WindowVerdict) => JSON.stringify([window, batch]);
	const [old, now] = [before, again].map(({ windows }) => new Map(windows.map((one) => [key(one), one])));
	const windows: ReplayedWindow[] = [];
	for (const one of new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])) {
		const [was, is] = [old?.get(one), now?.get(one)];
		if (was?.verdict === is?.verdict) continue;
		windows.push({
			window: (is ?? was)?.window ?? "",
			batch: (is ?? was)?.batch ?? "",
			before: was?.verdict,
			after: is?.verdict,
			why: (is?.reasons ?? []).map(({ text }) => text),
		});
	}
	return {
		lot: before.lot,
		before: { verdict: before.verdict, version: before.specVersion },
		after: { verdict: again.verdict, version: again.specVersion },
		same: canonicalHash(again) === stored.hash,
		windows,
	};
}

function textOf(
	lots: readonly ReplayedLot[],
	versions: readonly Specification[],
	files: readonly string[],
): string {
	if (lots.length === 0) return "No lot has a verdict yet.";
	const rows = lots.flatMap(({ lot, before, after, windows }) => {
		const first = [lot, `${before.verdict} (version ${before.version})`, after.verdict];
		if (windows.length === 0) return before.verdict === after.verdict ? [] : [[...first, "", "", "", "", ""]];
		return windows.map((one, index) => [
			...(index === 0 ? first : ["", "", ""]),
			...[one.window, one.batch, one.before ?? "not judged", one.after ?? "not judged", one.why.join("; ")],
		]);
	});
	const others = lots.filter(({ before, after }) => before.verdict !== after.verdict).length;
	const by = versions.map(({ version }, index) => `${version} (${basename(files[index] ?? "")})`).join(", ");
	const said = `${lots.length} lots by version ${by}: ${others} would have another verdict.`;
	const head = ["lot", "verdict", "now", "window", "batch", "was", "would be", "why"];
	return [table(head, rows), said].filter((text) => text !== "").join("\n");
}
