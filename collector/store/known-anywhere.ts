import type { SampleColumns } from "../../common/contract/samples.ts";
import type { StoreReader } from "./reader.ts";
import type { Store } from "./store.ts";

/**
 * For each sample whether an equal one is stored: asked of the hot samples first, behind every commit before, and of the
 * sealed ones for what is not among them. What is sealed in between is seen by the second question.
 */
export async function knownAnywhere(
	{ store, reader }: { store: Pick<Store, "samplesKnown">; reader: Pick<StoreReader, "sealedKnown"> },
	edgeNode: number,
	device: string,
	samples: SampleColumns,
): Promise<readonly boolean[]> {
	const hot = await store.samplesKnown(edgeNode, device, samples);
	if (hot.every((known) => known)) return hot;
	const sealed = await reader.sealedKnown(samples);
	return hot.map((known, index) => known || sealed[index] === true);
}

/** The hash of the record at a place: among the newest records first, then in record files. */
export async function hashAnywhere(
	{ store, reader }: { store: Pick<Store, "recordHash">; reader: Pick<StoreReader, "hashInFiles"> },
	...[edgeNode, epoch, offset]: [edgeNode: number, epoch: number, offset: number]
): Promise<Uint8Array | undefined> {
	const newest = await store.recordHash(edgeNode, epoch, offset);
	return newest ?? (await reader.hashInFiles({ edgeNode, epoch, offset }));
}
