import type { Clock } from "../../common/runtime/clock.ts";
import type { GenealogyReader } from "../genealogy-port.ts";
import type { Assembled, AssemblePort } from "../laboratory-port.ts";
import type { CommandPort, CommitPort, HashPort, Judgement, JudgePort, OutboxRow } from "../pipeline.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import type { EdgeNodeWatches } from "./edge-node-watches.ts";

export interface IntakeOptions {
	readonly clock: Clock;
	readonly store: CommitPort & HashPort;
	readonly judge: JudgePort;
	/** Puts laboratory results together; without it none come by OPC UA. */
	readonly laboratory?: AssemblePort;
	/** Reads what went into what; without it nobody asks. */
	readonly genealogy?: GenealogyReader | undefined;
	readonly commands: CommandPort;
	readonly telemetry: CollectorTelemetry;
	/** Messages for what a batch raised and cleared; they are committed with it. */
	readonly messages: (judgement: Judgement) => OutboxRow[];
	/** Called after a commit, with what judging it gave, and the laboratory results in it. */
	readonly onCommitted: (judgement: Judgement, messages: number, laboratory?: Assembled) => void;
	readonly waitingSamplesMax: number;
	readonly commitSamplesMax: number;
	/** The least time from one transaction to the next, unless a transaction is full before. */
	readonly commitIntervalMs: number;
	readonly nextSeq: number;
	/** What people call an edge node. */
	readonly nameOf: (edgeNode: number) => { readonly group: string; readonly edgeNode: string };
	readonly watches: EdgeNodeWatches;
}
