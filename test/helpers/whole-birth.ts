import type { NodeBirth } from "../../agent/publisher/edge-session.ts";
import type { HeldEpoch } from "../../common/contract/delivery.ts";

/** A birth of every device and tag, as with a backlog of earlier epochs. */
export function wholeBirth(bdSeq: number, held: readonly HeldEpoch[]): NodeBirth {
	return { bdSeq, held, backlog: true, isDead: () => false };
}
