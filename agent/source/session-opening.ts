import type { ClientSession, OPCUAClient } from "node-opcua";
import { type Clock, pause } from "../../common/runtime/clock.ts";
import { isBroken, type LeftSession } from "./left-session.ts";
import { openSession } from "./opcua-session.ts";
import type { ServerBudget } from "./server-budget.ts";
import type { PreparedClient } from "./server-security.ts";

/** So often a session of an earlier attempt is tried to be taken over, before a new one is asked for as soon as that may be. */
const resumesMax = 3;

/**
 * The session of an earlier attempt over a new connection: OPC UA Part 4 §5.6.3, §6.7. Undefined when a new one is to be asked
 * for now. To take a session over costs the server next to nothing, so that it is tried with every connection until the server
 * has said that there is no such session.
 * @throws Error when the connection breaks, or the session is gone and a new one may not be asked for yet
 */
export async function resumeSession(
	client: OPCUAClient,
	left: LeftSession,
	budget: ServerBudget,
	clock: Clock,
): Promise<ClientSession | undefined> {
	if (left.isSessionGone) return undefined;
	if (left.resumes >= resumesMax && budget.sessionWaitMs(clock.monotonicMs()) === 0) {
		// Should that break as well, the server may still have the old one.
		left.resumes = 0;
		return undefined;
	}
	try {
		await client.reactivateSession(left.session);
		return left.session;
	} catch (error) {
		// Without an answer nothing is known of the session.
		if (isBroken(error)) {
			left.resumes++;
			throw error;
		}
		left.isSessionGone = true;
		if (left.isCut()) budget.excuse(left.hasPublished());
		if (!budget.isSessionNear(clock.monotonicMs())) throw error;
		return undefined;
	}
}

/**
 * A new session, as soon as the budget allows it; the connection was made ready a little before that.
 * @throws CodedError OPCUA_UNREACHABLE, OPCUA_IDENTITY_REFUSED, OPCUA_OWN_CERTIFICATE_REFUSED; Error when the connection breaks
 */
export async function newSession(
	{ client, identity, sessionError }: PreparedClient,
	budget: ServerBudget,
	clock: Clock,
	ended: Promise<string>,
	over: AbortSignal,
): Promise<ClientSession> {
	const waitMs = budget.sessionWaitMs(clock.monotonicMs());
	const waited = waitMs > 0 ? pause(clock, waitMs, over).then(() => undefined) : undefined;
	const broken = await Promise.race([waited, ended]);
	if (over.aborted || broken !== undefined) throw new Error(broken ?? "stopped");
	const asked = budget.askForSession(clock.monotonicMs());
	// The library takes the session into use as well, before it tells us of it.
	const answered = ({ schema }: { schema: { name: string } }) => {
		if (schema.name === "CreateSessionResponse") asked.answered(clock.monotonicMs());
	};
	client.on("receive_response", answered);
	try {
		return await openSession(client, identity, sessionError);
	} finally {
		asked.answered(clock.monotonicMs());
		client.off("receive_response", answered);
	}
}
