import type { Specification } from "../../collector/specification.ts";
import { specificationConfig } from "../../collector/specification.ts";
import { specificationHash } from "../../collector/specification-version.ts";
import { loadConfigFile } from "../../common/runtime/config-file.ts";
import { table } from "../table.ts";
import { htmlPage } from "./page.ts";
import { type PlanRow, planRows } from "./plan-rows.ts";

export interface PrintOptions {
	readonly controlPlan?: boolean;
	readonly reactionPlan?: boolean;
	readonly json?: boolean;
	readonly html?: boolean;
	readonly env: NodeJS.ProcessEnv;
}

/** A table of a plan: what stands above it, its columns and rows. */
export interface PlanTable {
	readonly title: string;
	readonly head: readonly string[];
	readonly rows: readonly (readonly (string | number)[])[];
}

/** Prints a specification, its control plan or its reaction plan. Resolves with the exit code. */
export function printSpecification(file: string, options: PrintOptions): number {
	const { value: specification } = loadConfigFile(file, specificationConfig, options.env);
	const rows = planRows(specification);
	const head = headOf(specification);
	const tables = tablesOf(rows, options);
	if (options.json === true) {
		process.stdout.write(`${JSON.stringify({ ...head, rows })}\n`);
	} else if (options.html === true) {
		process.stdout.write(htmlPage(title(head), facts(head), tables));
	} else {
		const parts = tables.map((one) => `${one.title}\n\n${table(one.head, one.rows)}`);
		process.stdout.write(`${[[title(head), ...facts(head)].join("\n"), ...parts].join("\n\n")}\n`);
	}
	return 0;
}

type Head = ReturnType<typeof headOf>;

function headOf(specification: Specification) {
	const { product, version, status, author, approved_by: approvedBy } = specification;
	return {
		product: product.code,
		formula: product.formula,
		...{ version, status, author: author ?? null, approvedBy: approvedBy ?? null },
		effectiveFrom: specification.effective_from.toISOString(),
		effectiveTo: specification.effective_to?.toISOString() ?? null,
		hash: specificationHash(specification),
	};
}

function title({ product, formula, version }: Head): string {
	return `${product} (${formula}), specification version ${version}`;
}

function facts({ status, author, approvedBy, effectiveFrom, effectiveTo, hash }: Head): string[] {
	const by = [
		author === null ? "" : `written by ${author}`,
		approvedBy === null ? "" : `approved by ${approvedBy}`,
	];
	return [
		[status, ...by].filter(Boolean).join(", "),
		`in force from ${effectiveFrom} ${effectiveTo === null ? "until the next version" : `to ${effectiveTo}`}`,
		`SHA-256 ${hash}`,
	];
}

function tablesOf(rows: readonly PlanRow[], { controlPlan, reactionPlan }: PrintOptions): PlanTable[] {
	const tables: PlanTable[] = [];
	if (controlPlan !== true && reactionPlan !== true)
		tables.push({
			title: "Specification",
			head: ["no.", "characteristic", "where", "class", "limits", "scope"],
			rows: rows.map((row) => [row.number, row.id, row.process, row.class, row.specification, row.scope]),
		});
	if (controlPlan === true)
		tables.push({
			title: "Control plan (pre-launch); reactions under the same number in the reaction plan",
			head: [
				"no.",
				"process",
				"characteristic",
				"of",
				"class",
				"specification",
				"technique",
				"sample",
				"frequency",
				"control method",
				"owner",
			],
			rows: rows.map((row) => [
				...[row.number, row.process, row.id, row.concernsProductOrProcess, row.class, row.specification],
				...[row.technique, row.sampleSize, row.frequency, row.controlMethod, row.owner],
			]),
		});
	if (reactionPlan === true)
		tables.push({
			title: "Reaction plan; what is proposed for the lot is decided by a person",
			head: ["no.", "characteristic", "when", "if out", "if not evaluable", "told", "do first"],
			rows: rows.map((row) => [
				...[row.number, row.id, row.condition, row.whenOut, row.whenNotEvaluable, row.owner, row.reaction],
			]),
		});
	return tables;
}
