import { renameSync, statSync, writeFileSync } from "node:fs";
import { isScalar, parseDocument } from "yaml";
import { type Specification, specificationConfig } from "../../collector/specification.ts";
import { type SpecStep, takeStep } from "../../collector/specification-status.ts";
import { specificationHash } from "../../collector/specification-version.ts";
import { CodedError } from "../../common/runtime/coded-error.ts";
import { formatProblems, loadConfigFile, parseConfig, readText } from "../../common/runtime/config-file.ts";

interface LifeOptions {
	readonly by: string;
	readonly reason: string;
	readonly json?: boolean;
	readonly env: NodeJS.ProcessEnv;
	readonly now: Date;
}

/** Approves a draft in its file. Resolves with the exit code. */
export function approve(file: string, options: LifeOptions): number {
	const { by, reason, now: time } = options;
	return step(file, options, { kind: "approve", by, reason, time });
}

/** Ends an approved version in its file. Resolves with the exit code. */
export function retire(file: string, options: LifeOptions & { readonly from: Date }): number {
	const { by, reason, now: time, from: effectiveTo } = options;
	return step(file, options, { kind: "retire", by, reason, time, effectiveTo });
}

function step(file: string, { env, json }: LifeOptions, wanted: SpecStep): number {
	const { value: before } = loadConfigFile(file, specificationConfig, env);
	const taken = takeStep(before, wanted);
	if (!taken.ok) throw new CodedError("USAGE", `${file}: ${taken.message}`);
	const text = withLife(readText(file), taken.version);
	const again = parseConfig(text, file, specificationConfig, env);
	if (!again.ok) throw new CodedError("CONFIG_INVALID", formatProblems(again.problems));
	replaceFile(file, text);
	const { status, product, version } = again.value;
	const hash = specificationHash(again.value);
	const told = { file, product: product.code, version, status, by: wanted.by.trim(), hash };
	process.stdout.write(
		json === true
			? `${JSON.stringify(told)}\n`
			: `${file}: ${product.code} version ${version} is ${status} now, by ${told.by}\nSHA-256 ${hash}\nA collector takes it at its next start, and keeps it as it is from then on.\n`,
	);
	return 0;
}

/** The text with the keys of a version's life written into it; everything else stays, comments too. */
function withLife(text: string, version: Specification): string {
	const document = parseDocument(text);
	const set = (key: string, value: unknown) => {
		if (value === undefined) return;
		const there = document.get(key, true);
		// A word that is there is changed in its place, so that what somebody wrote beside it stays.
		if (isScalar(there) && typeof value === "string") there.value = value;
		else document.set(key, document.createNode(value, { flow: true }));
	};
	const dated = (life: Specification["approval"] | Specification["retirement"]) =>
		life === undefined ? undefined : { ...life, time: life.time.toISOString() };
	set("status", version.status);
	set("approved_by", version.approved_by);
	set("approval", dated(version.approval));
	if (version.status === "retired") set("effective_to", version.effective_to?.toISOString());
	set("retirement", dated(version.retirement));
	return document.toString({ lineWidth: 0 });
}

/** Whole or not at all: a collector that starts meanwhile reads the old text or the new one. */
function replaceFile(file: string, text: string): void {
	const beside = `${file}.new`;
	writeFileSync(beside, text, { mode: statSync(file).mode, flush: true });
	renameSync(beside, file);
}
