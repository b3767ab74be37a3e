import type { Trace, TraceDirection } from "../collector/genealogy-port.ts";
import { ApiClient } from "./api-client.ts";
import { table, timeText } from "./table.ts";

export interface GenealogyOptions {
	readonly id: string;
	readonly direction: TraceDirection;
	readonly links: boolean;
	readonly api: string;
	readonly json: boolean;
}

/** Prints what an id was made of, or what became of it, from a running collector. Resolves with the exit code. */
export async function genealogy({ id, direction, links, api, json }: GenealogyOptions): Promise<number> {
	const query = new URLSearchParams({ id, direction });
	const trace = await new ApiClient(api.replace(/\/$/, "")).get<Trace>(`/api/v1/genealogy?${query}`);
	process.stdout.write(`${json ? JSON.stringify(trace) : genealogyText(trace, links)}\n`);
	return 0;
}

/** A trace as a table: each id once, or each link. */
export function genealogyText(trace: Trace, links: boolean): string {
	const { id, direction, found } = trace;
	if (found.length === 0)
		return direction === "back"
			? `Nothing says what ${id} was made of.`
			: `Nothing says what became of ${id}.`;
	const cut = trace.isCut
		? ["", "There is more than one answer holds: ask for what stands at the end of this one."]
		: [];
	if (links) {
		const rows = trace.links.map(({ atMs, unit, kind, from, into, kg, material, supplier }) => [
			...[timeText(atMs), unit, kind, from, into, kgText(kg), material, supplier],
		]);
		return [
			table(["time (UTC)", "unit", "link", "from", "into", "kg", "material", "supplier"], rows),
			...cut,
		].join("\n");
	}
	const head = direction === "back" ? `${id} was made of` : `Of ${id} was made`;
	const rows = found.map(({ id: one, is, steps, material, kg }) => [
		...[String(steps), is, one, material, kg === undefined ? "" : kgText(kg)],
	]);
	const amount = direction === "back" ? `kg in ${id}` : `kg of ${id}`;
	return [`${head}:`, "", table(["steps", "is", "id", "material", amount], rows), ...cut].join("\n");
}

const kgText = (kg: number) => kg.toFixed(3);
