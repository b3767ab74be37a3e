import type { ClientSession, OPCUAClient } from "node-opcua";
import type { Clock } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { PlantSubscription } from "./plant-subscription.ts";

const disconnectWithinMs = 2_000;

/** What an attempt leaves to the next one: the server may have kept it all. */
export interface LeftSession {
	readonly client: OPCUAClient;
	readonly session: ClientSession;
	/** Undefined when it was of no use any more. */
	readonly subscription: PlantSubscription | undefined;
	/** Attempts to take the session over that broke. */
	resumes: number;
	/** Whether its connection has broken by now, before or after the session itself. */
	readonly isCut: () => boolean;
	/** Whether anything was published in it. */
	readonly hasPublished: () => boolean;
	/** The server has ended the session, and perhaps not the subscription. */
	isSessionGone: boolean;
}

/** Whether an error is the connection's, not the server's word. */
export function isBroken(error: unknown): boolean {
	return /BadConnection|BadSecureChannel|BadTimeout|BadCommunication|timed? ?out|connection|disconnect/i.test(
		errorText(error),
	);
}

/** Whether an error only says that an answer took too long. */
export function isLate(error: unknown): boolean {
	return /BadTimeout|timed? ?out/i.test(errorText(error));
}

/** Closes a client within a bound, and with it whatever is not another client's by now. */
export async function disconnect(client: OPCUAClient, clock: Clock): Promise<void> {
	let cancel = () => {};
	const bound = new Promise<void>((resolve) => {
		cancel = clock.after(disconnectWithinMs, resolve);
	});
	// What a broken client says while it is taken down is of no use to anyone.
	await Promise.race([client.disconnect().catch(() => undefined), bound]);
	cancel();
}

/** @throws Error of its own when `work` takes longer than `ms` */
export async function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
	let cancel = () => {};
	const bound = new Promise<never>((_, reject) => {
		cancel = clock.after(ms, () => reject(new Error(`BadTimeout: no answer within ${ms} ms`)));
	});
	try {
		return await Promise.race([work, bound]);
	} finally {
		cancel();
	}
}
