import type { ServerName, serverFaults } from "./pipeline.ts";

export interface ServerFault {
	readonly kind: (typeof serverFaults)[number];
	readonly server: ServerName;
	/** Plant time of its beginning, and of its end where it lasts. */
	readonly fromMs: number;
	readonly untilMs: number;
	/** clock-skew: seconds that the server's clock is ahead. overflow: values written at once. The others have none. */
	readonly size: number;
}

interface Turn {
	readonly atMs: number;
	readonly fault: ServerFault;
	readonly begins: boolean;
}

/** Tells which faults of servers begin and end as plant time goes on; each of it once. */
export class ServerFaultPlan {
	readonly #turns: Turn[];

	constructor(faults: readonly ServerFault[]) {
		this.#turns = faults
			.flatMap((fault): Turn[] => {
				const begins = { atMs: fault.fromMs, fault, begins: true };
				return fault.kind === "clock-skew"
					? [begins, { atMs: fault.untilMs, fault, begins: false }]
					: [begins];
			})
			.sort((a, b) => a.atMs - b.atMs);
	}

	/** What is due up to `plantTimeMs`. */
	take(plantTimeMs: number): Turn[] {
		const end = this.#turns.findIndex(({ atMs }) => atMs > plantTimeMs);
		return this.#turns.splice(0, end === -1 ? this.#turns.length : end);
	}
}
