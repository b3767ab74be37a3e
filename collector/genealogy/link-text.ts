import { z } from "zod";
import { type GenealogyLink, linkKinds } from "../genealogy-port.ts";

const idMax = 120;
const id = z
	.string()
	.min(1)
	.max(idMax)
	.refine((text) => text.trim() === text && !/\p{Cc}/u.test(text), {
		error: "expected an id without spaces around it and without control characters",
	});
const words = z.string().max(idMax).default("");

const schema = z.object({
	link: z.enum(linkKinds),
	from: id,
	into: id,
	kg: z.number().min(0).max(1e9),
	material: words,
	supplier: words,
	assay: z.number().min(0).max(100).optional(),
});

export type ReadLink = Omit<GenealogyLink, "unit" | "atMs">;

/**
 * A value of the genealogy tag: one JSON object with `link` (`charge`, `blend` or `pack`), `from`, `into` and `kg`, of a charge
 * `material`, `supplier` and `assay` too. Undefined for an empty text, which says that there was no link yet; other fields are
 * left alone.
 */
export function readLinkText(text: string): ReadLink | { readonly refused: string } | undefined {
	if (text === "") return undefined;
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return { refused: `expected a JSON object, found ${JSON.stringify(text.slice(0, 80))}` };
	}
	const read = schema.safeParse(value);
	if (!read.success) {
		const [issue] = read.error.issues;
		const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
		return { refused: `${where}${issue?.message ?? "not a link"}, in ${JSON.stringify(text.slice(0, 80))}` };
	}
	const { link, from, into, kg, material, supplier, assay } = read.data;
	if (from === into) return { refused: `expected two ids, found ${JSON.stringify(from)} twice` };
	return { kind: link, from, into, kg, material, supplier, assay };
}
