import type { EdgeNodeRow, Series } from "./pipeline.ts";

/** Told of every series the store does not know yet, before its first sample. */
export interface DirectoryListener {
	addEdgeNode(row: EdgeNodeRow): void;
	addSeries(series: Series, isNew: boolean): void;
}

/** Series of one collector; whoever can publish births could otherwise fill its memory and its store. */
const seriesMax = 500_000;

/** Gives edge nodes and series their ids, which are for ever; the store keeps them with the first batch that uses them. */
export class Directory {
	readonly #edgeNodes = new Map<string, EdgeNodeRow>();
	readonly #series = new Map<string, Series>();
	readonly #listener: DirectoryListener;
	#nextEdgeNode = 1;
	#nextSeries = 1;

	constructor(
		known: { edgeNodes: readonly EdgeNodeRow[]; series: readonly Series[] },
		listener: DirectoryListener,
	) {
		this.#listener = listener;
		for (const row of known.edgeNodes) {
			this.#edgeNodes.set(`${row.group}/${row.edgeNode}`, row);
			this.#nextEdgeNode = Math.max(this.#nextEdgeNode, row.id + 1);
		}
		for (const series of known.series) {
			this.#series.set(seriesKey(series.edgeNode, series.device, series.tag, series.datatype), series);
			this.#nextSeries = Math.max(this.#nextSeries, series.id + 1);
			listener.addSeries(series, false);
		}
	}

	/** Devices in the order in which births first declared them. */
	get devices(): readonly string[] {
		return [...new Set([...this.#series.values()].map(({ device }) => device))].filter(
			(device) => device !== "",
		);
	}

	edgeNode(group: string, edgeNode: string): EdgeNodeRow {
		const key = `${group}/${edgeNode}`;
		let row = this.#edgeNodes.get(key);
		if (row === undefined) {
			row = { id: this.#nextEdgeNode++, group, edgeNode };
			this.#edgeNodes.set(key, row);
			this.#listener.addEdgeNode(row);
		}
		return row;
	}

	/** What people call an edge node. */
	nameOf(id: number): { group: string; edgeNode: string } {
		const row = [...this.#edgeNodes.values()].find((candidate) => candidate.id === id);
		return { group: row?.group ?? "", edgeNode: row?.edgeNode ?? `edge node ${id}` };
	}

	/** The series of a tag, a new one if need be; undefined when there are too many already. */
	series(
		edgeNode: number,
		device: string,
		tag: string,
		datatype: number,
		eu: string | undefined,
	): Series | undefined {
		const key = seriesKey(edgeNode, device, tag, datatype);
		let series = this.#series.get(key);
		if (series === undefined) {
			if (this.#series.size >= seriesMax) return undefined;
			series = { id: this.#nextSeries++, edgeNode, device, tag, datatype, eu };
			this.#series.set(key, series);
			this.#listener.addSeries(series, true);
		}
		return series;
	}
}

function seriesKey(edgeNode: number, device: string, tag: string, datatype: number): string {
	return `${edgeNode}\n${device}\n${tag}\n${datatype}`;
}
