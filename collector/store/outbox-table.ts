import type { DueMessage, Settlement } from "../pipeline.ts";
import type { StoreFile } from "./store-file.ts";

export class OutboxTable {
	readonly #file: StoreFile;

	constructor(file: StoreFile) {
		this.#file = file;
	}

	/** Messages whose time has come, oldest first, one per destination so that their order holds. */
	take(nowMs: number, limit: number): DueMessage[] {
		const rows = this.#file.all(
			`SELECT id, destination, type, body, attempts, created_ms FROM outbox o
			WHERE state = 'waiting' AND next_ms <= ? AND NOT EXISTS (
				SELECT 1 FROM outbox e WHERE e.destination = o.destination AND e.state = 'waiting' AND e.n < o.n)
			ORDER BY n LIMIT ?`,
			nowMs,
			limit,
		);
		return rows.map((row) => ({
			id: String(row.id),
			destination: String(row.destination),
			type: String(row.type),
			body: String(row.body),
			attempts: Number(row.attempts),
			createdMs: Number(row.created_ms),
		}));
	}

	settle(settlement: Settlement): void {
		const { id, destination, atMs, outcome } = settlement;
		const where = "WHERE id = ? AND destination = ?";
		if (outcome === "delivered") {
			this.#file.run(
				`UPDATE outbox SET state = 'delivered', attempts = attempts + 1, settled_ms = ?, last_error = NULL ${where}`,
				atMs,
				id,
				destination,
			);
		} else if (outcome === "retry") {
			this.#file.run(
				`UPDATE outbox SET attempts = attempts + 1, next_ms = ?, last_error = ? ${where}`,
				settlement.nextMs,
				settlement.error,
				id,
				destination,
			);
		} else {
			this.#file.run(
				`UPDATE outbox SET state = 'failed', attempts = attempts + 1, settled_ms = ?, last_error = ? ${where}`,
				atMs,
				settlement.error,
				id,
				destination,
			);
		}
	}
}
