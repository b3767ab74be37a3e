import type { z } from "zod";
import { type Specification, type SpecWindow, specificationConfig } from "../../collector/specification.ts";
import { SpecificationBook } from "../../collector/specification-book.ts";

type Written = z.input<typeof specificationConfig.schema>;

/** A specification as a file would give it: what is left out has its default. */
export function specificationFrom(written: Partial<Written>): Specification {
	return specificationConfig.schema.parse({
		kind: "specification",
		schema: 1,
		product: { code: "LPSCl-3A", formula: "Li6PS5Cl" },
		version: 1,
		effective_from: "1970-01-01T00:00:00Z",
		windows: [
			{ id: "any", unit: "U1", tag: "T1", eu: "1", high: 1, concerns: ["technical"], reaction: "look" },
		],
		...written,
	});
}

/** Versions as files would give them, none of which was stored before. */
export function versionsOf(...specifications: Specification[]): SpecificationBook {
	return new SpecificationBook(specifications, [], 0);
}

export function windowFrom(written: Written["windows"][number]): SpecWindow {
	return specificationFrom({ windows: [written] }).windows[0] as SpecWindow;
}
