// Versions of a specification: what one is known by, and which one judges a material. Pure.

import { canonicalHash, canonicalJson } from "../common/runtime/canonical-json.ts";
import { type Specification, specificationConfig } from "./specification.ts";
import type { SpecVersion } from "./specification-port.ts";

/**
 * What is approved, and never changes then: everything but the version's life (status, names, reasons, its end) and the wishes
 * for charts, which are versions of their own.
 */
function judgingPart(specification: Specification): Partial<Specification> {
	const {
		status: _status,
		author: _author,
		approved_by: _approvedBy,
		approval: _approval,
		retirement: _retirement,
		effective_to: _end,
		baselines: _baselines,
		...judging
	} = specification;
	return judging;
}

/** The canonical form of what is approved. */
export function specificationBody(specification: Specification): string {
	return canonicalJson(judgingPart(specification));
}

export function specificationHash(specification: Specification): string {
	return canonicalHash(judgingPart(specification));
}

/**
 * Takes a stored body as today's keys have it: those that the product has gained since get their defaults, so that they make
 * no difference. The version's life is left open.
 * @throws ZodError for a body that is none
 */
export function specificationOfBody(body: string): Specification {
	return specificationConfig.schema.parse({ ...JSON.parse(body), status: "draft" });
}

/** Whether a version judges at all: a draft does not, and a retired one does until its end. */
export function judges({ status }: Specification): boolean {
	return status !== "draft";
}

/**
 * The version in force for what was made at a source time: of those that judge, the one that began last, unless it has
 * ended. A lot was made when its first context began; a later version never judges it.
 */
export function versionInForce<T extends SpecVersion>(versions: readonly T[], madeMs: number): T | undefined {
	let newest: T | undefined;
	for (const one of versions) {
		const { specification } = one;
		const fromMs = specification.effective_from.getTime();
		if (!judges(specification) || fromMs > madeMs) continue;
		if (newest === undefined || fromMs > newest.specification.effective_from.getTime()) newest = one;
	}
	const endMs = newest?.specification.effective_to?.getTime() ?? Number.POSITIVE_INFINITY;
	return madeMs < endMs ? newest : undefined;
}

/** Two versions that cannot be there together: `of` is the place of the one that has the finding. */
export interface VersionFinding {
	readonly of: number;
	readonly other: number;
	readonly path: readonly string[];
	readonly message: string;
}

/** What is wrong with several versions together; each alone is sound. */
export function versionFindings(specifications: readonly Specification[]): VersionFinding[] {
	const found: VersionFinding[] = [];
	for (const [of, one] of specifications.entries()) {
		for (const [other, earlier] of specifications.slice(0, of).entries()) {
			const add = (path: readonly string[], message: string) => found.push({ of, other, path, message });
			if (one.product.code !== earlier.product.code) {
				add(
					["product", "code"],
					`expected ${earlier.product.code}, as in the other file, found ${one.product.code}`,
				);
				continue;
			}
			if (one.version === earlier.version)
				add(["version"], `expected a version of its own, found ${one.version} in both files`);
			if (judges(one) && judges(earlier)) found.push(...overlap(of, one, other, earlier));
		}
	}
	return found;
}

function overlap(of: number, one: Specification, other: number, earlier: Specification): VersionFinding[] {
	const [a, b] = [earlier, one].toSorted(
		(x, y) => x.effective_from.getTime() - y.effective_from.getTime(),
	) as [Specification, Specification];
	const began = b.effective_from.toISOString();
	if (a.effective_from.getTime() === b.effective_from.getTime()) {
		const message = `expected a beginning of its own, found ${began} in versions ${a.version} and ${b.version}`;
		return [{ of, other, path: ["effective_from"], message }];
	}
	// Without an end, the older one gives way when the newer begins.
	if (a.effective_to === undefined || a.effective_to.getTime() <= b.effective_from.getTime()) return [];
	const ends = a.effective_to.toISOString();
	const message = `expected versions that do not overlap, found that version ${a.version} ends at ${ends} and version ${b.version} begins at ${began}`;
	return [{ of, other, path: [a === one ? "effective_to" : "effective_from"], message }];
}
