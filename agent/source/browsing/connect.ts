import { type ClientSession, UserTokenType } from "node-opcua";
import type { Clock } from "../../../common/runtime/clock.ts";
import { CodedError, errorText } from "../../../common/runtime/coded-error.ts";
import type { ServerConfig } from "../../config.ts";
import { disconnect, within } from "../left-session.ts";
import { createClient, openSession, unreachable } from "../opcua-session.ts";
import type { PreparedClient, ServerSecurity } from "../server-security.ts";

/**
 * Runs `work` in a session of its own, without a subscription, and takes the session down again. Without `security` the
 * channel has none, which the caller was asked for.
 * @throws CodedError OPCUA_UNREACHABLE when there is no session within the server's connect timeout; what `security` and
 * `work` throw
 */
export async function inSession<T>(
	server: ServerConfig,
	clock: Clock,
	work: (session: ClientSession) => Promise<T>,
	security?: Pick<ServerSecurity, "prepare">,
): Promise<T> {
	const over = new AbortController();
	const failed = Promise.withResolvers<never>();
	// When nobody waits for it any more.
	failed.promise.catch(() => undefined);
	let prepared: PreparedClient | undefined;
	try {
		const open = async () => {
			try {
				prepared = (await security?.prepare(over.signal, failed.reject)) ?? plain(server);
				const { client, identity, connect, sessionError } = prepared;
				// Behind a secured channel the server is asked once more what it offers.
				const withinMs = (security === undefined ? 1 : 3) * server.connect_timeout_ms;
				const session = connect().then(() => openSession(client, identity, sessionError));
				return await within(clock, withinMs, session);
			} catch (error) {
				if (error instanceof CodedError) throw error;
				throw new CodedError("OPCUA_UNREACHABLE", `${server.endpoint}: ${errorText(error)}`, {
					cause: error,
				});
			}
		};
		return await Promise.race([open().then(work), failed.promise]);
	} finally {
		over.abort();
		if (prepared !== undefined) await disconnect(prepared.client, clock);
	}
}

function plain(server: ServerConfig): PreparedClient {
	const client = createClient();
	const identity = { type: UserTokenType.Anonymous } as const;
	const sessionError = (error: unknown) => unreachable(server, error);
	return { client, identity, connect: () => client.connect(server.endpoint), sessionError };
}
