import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { EvidenceGap } from "../../collector/judgement-port.ts";
import { StoreFile } from "../../collector/store/store-file.ts";
import type { FaultLine } from "./fault-line.ts";
import { until } from "./until.ts";
import { type AgentStatus, pause } from "./whole.ts";

interface Lots {
	readonly lots: readonly {
		readonly lot: string;
		readonly observedWhole: boolean;
		readonly verdict?: object;
	}[];
}

/** The verdicts that a line's collector gives, read from its store. */
export class LineVerdicts {
	readonly #line: FaultLine;

	constructor(line: FaultLine) {
		this.#line = line;
	}

	/** Starts the agent on a copy of a recorded journal and the collector on an empty store. */
	deliver(recorded: string): void {
		const { directory, collector, agent } = this.#line;
		for (const folder of ["agent", "collector"])
			rmSync(join(directory, folder), { recursive: true, force: true });
		cpSync(recorded, join(directory, "agent"), { recursive: true });
		collector.start();
		agent.start();
	}

	/**
	 * Waits until everything is stored, verdicts are there of as many lots, seen whole or not, and nothing changes any more;
	 * then stops agent and collector. Resolves with the newest canonical form of each lot and stage.
	 */
	async settled(least: { samples?: number; lots: number }): Promise<Map<string, string>> {
		const line = this.#line;
		if (least.samples !== undefined) {
			const { samples } = least;
			await line.until<{ total: number }>("/api/v1/counts", ({ total }) => total >= samples, 240_000);
		} else {
			await until<AgentStatus>(
				`${line.agentUrl}/status`,
				({ delivery, broker }) => broker.hostsOnline.length > 0 && delivery.unconfirmedRecords === 0,
				240_000,
				() => line.logs(),
			);
		}
		const isWholeWanted = least.samples !== undefined;
		await line.until<Lots>(
			"/api/v1/lots?limit=100",
			({ lots }) =>
				lots.filter(
					({ observedWhole, verdict }) => (observedWhole || !isWholeWanted) && verdict !== undefined,
				).length >= least.lots,
			60_000,
		);
		let before = "";
		for (let quiet = 0; quiet < 3; ) {
			await pause(6_000);
			const forms = JSON.stringify([...this.#forms()]);
			quiet = forms === before ? quiet + 1 : 0;
			before = forms;
		}
		await line.agent.kill("SIGTERM");
		await line.collector.kill("SIGTERM");
		return this.#forms();
	}

	/**
	 * What the store has besides verdicts: gaps that were filled from a history, laboratory results, and records that came
	 * behind a later one.
	 */
	stored(): { readonly filled: number; readonly results: number; readonly overtaken: number } {
		return this.read((file) => ({
			filled: Number(file.get("SELECT count(*) AS n FROM gap WHERE backfilled = 1")?.n),
			results: Number(file.get("SELECT count(*) AS n FROM lab_result")?.n),
			overtaken: Number(
				file.get(
					"SELECT count(*) AS n FROM record a JOIN record b ON b.seq = a.seq + 1 AND b.epoch = a.epoch AND b.offset < a.offset",
				)?.n,
			),
		}));
	}

	/** Open gaps; one of an edge node as a whole is one of each of its units. */
	gaps(): EvidenceGap[] {
		return this.read((file) =>
			file
				.all(
					`SELECT DISTINCT s.device AS unit, g.tags, g.cause, g.from_ms, g.to_ms FROM gap g JOIN series s ON s.edge_node = g.edge_node
						AND (g.device = s.device OR g.device = '') WHERE g.backfilled = 0 ORDER BY g.from_ms, s.device, g.cause`,
				)
				.map((row) => ({
					unit: String(row.unit),
					tags: JSON.parse(String(row.tags)) as string[],
					cause: String(row.cause),
					fromMs: Number(row.from_ms),
					toMs: Number(row.to_ms),
				})),
		);
	}

	/** Source time from which on every unit has been heard. */
	heardFromMs(): number {
		return this.read((file) =>
			Number(
				file.get(
					`SELECT max(began) AS began FROM (SELECT min(p.source_ms) AS began FROM sample p JOIN series s ON s.id = p.series
						WHERE s.tag = 'Heartbeat' GROUP BY s.device)`,
				)?.began,
			),
		);
	}

	/** Source times of every stored value of some tags, in order, by `unit/tag`. */
	times(tags: readonly { readonly unit: string; readonly tag: string }[]): Map<string, number[]> {
		return this.read(
			(file) =>
				new Map(
					tags.map(({ unit, tag }) => [
						`${unit}/${tag}`,
						file
							.all(
								`SELECT p.source_ms FROM sample p JOIN series s ON s.id = p.series WHERE s.device = ? AND s.tag = ?
									ORDER BY p.source_ms`,
								...[unit, tag],
							)
							.map((row) => Number(row.source_ms)),
					]),
				),
		);
	}

	read<T>(ask: (file: StoreFile) => T): T {
		const file = new StoreFile(join(this.#line.directory, "collector", "store.db"));
		try {
			return ask(file);
		} finally {
			file.close();
		}
	}

	#forms(): Map<string, string> {
		return this.read((file) => {
			const rows = file.all("SELECT lot, stage, canonical FROM lot_judgement ORDER BY lot, stage, revision");
			return new Map(rows.map((row) => [`${row.lot} ${row.stage}`, String(row.canonical)]));
		});
	}
}
