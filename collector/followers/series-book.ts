import type { Datatype } from "../../common/contract/datatype.ts";
import type { PositionReader } from "../follow-port.ts";
import type { EdgeNodeRow } from "../pipeline.ts";
import { LineRefused, seriesKey } from "./line-protocol.ts";

export interface SeriesEntry {
	readonly device: string;
	readonly tag: string;
	readonly datatype: Datatype;
	/** Series of a tag with different data types are one series of the database: they have one number, from 0 on. */
	readonly point: number;
	/** Measurement and labels, or why they cannot be written. */
	readonly key: string | LineRefused;
}

const readAtOnce = 10_000;

/** What series ids mean, and how their points begin. One book serves every follower. */
export class SeriesBook {
	readonly #reader: PositionReader;
	readonly #entries: (SeriesEntry | undefined)[] = [];
	readonly #points = new Map<string, number>();
	#edgeNodes = new Map<number, EdgeNodeRow>();
	#lastId = 0;
	#reading: Promise<void> | undefined;

	constructor(reader: PositionReader) {
		this.#reader = reader;
	}

	entry(id: number): SeriesEntry | undefined {
		return this.#entries[id];
	}

	/** Reads what was added to the store, when a slice names a series that is not known. @throws CodedError STORE_FAILED */
	async know(ids: Uint32Array): Promise<void> {
		if (ids.every((id) => this.#entries[id] !== undefined)) return;
		this.#reading ??= this.#read().finally(() => {
			this.#reading = undefined;
		});
		await this.#reading;
	}

	edgeNode(id: number): EdgeNodeRow | undefined {
		return this.#edgeNodes.get(id);
	}

	/** Reads the edge nodes, when one is not known. @throws CodedError STORE_FAILED */
	async knowEdgeNodes(ids: readonly number[]): Promise<void> {
		if (ids.some((id) => !this.#edgeNodes.has(id))) await this.#readEdgeNodes();
	}

	async #readEdgeNodes(): Promise<void> {
		this.#edgeNodes = new Map((await this.#reader.readEdgeNodes()).map((row) => [row.id, row]));
	}

	async #read(): Promise<void> {
		for (;;) {
			const rows = await this.#reader.readSeries(this.#lastId, readAtOnce);
			await this.knowEdgeNodes(rows.map(({ edgeNode }) => edgeNode));
			for (const { id, edgeNode, device, tag, datatype } of rows) {
				const node = this.#edgeNodes.get(edgeNode);
				const place = `${edgeNode}\n${device}\n${tag}`;
				const point = this.#points.get(place) ?? this.#points.size;
				this.#points.set(place, point);
				const labels = { group: node?.group ?? "", edgeNode: node?.edgeNode ?? "", device, tag };
				this.#entries[id] = { device, tag, datatype: datatype as Datatype, point, key: keyOf(labels) };
				this.#lastId = id;
			}
			if (rows.length < readAtOnce) return;
		}
	}
}

function keyOf(labels: {
	group: string;
	edgeNode: string;
	device: string;
	tag: string;
}): string | LineRefused {
	const { group, edgeNode, device, tag } = labels;
	try {
		return seriesKey("sample", { group, edge_node: edgeNode, unit: device, tag });
	} catch (error) {
		if (error instanceof LineRefused) return error;
		throw error;
	}
}
