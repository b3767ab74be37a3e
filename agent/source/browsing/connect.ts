import type { ClientSession } from "node-opcua";
import type { Clock } from "../../../common/runtime/clock.ts";
import { CodedError, errorText } from "../../../common/runtime/coded-error.ts";
import type { ServerConfig } from "../../config.ts";
import { createClient } from "../opcua-session.ts";

const disconnectWithinMs = 2_000;

/**
 * Runs `work` in a session of its own, without a subscription, and takes the session down again.
 * @throws CodedError OPCUA_UNREACHABLE when there is no session within the server's connect timeout; what `work` throws
 */
export async function inSession<T>(
	server: ServerConfig,
	clock: Clock,
	work: (session: ClientSession) => Promise<T>,
): Promise<T> {
	const client = createClient(server);
	let cancel = () => {};
	const late = new Promise<never>((_, reject) => {
		cancel = clock.after(server.connect_timeout_ms, () =>
			reject(new Error(`expected an answer within ${server.connect_timeout_ms} ms, found none`)),
		);
	});
	try {
		let session: ClientSession;
		try {
			const connecting = client.connect(server.endpoint).then(() => client.createSession());
			// When it is late nobody waits for it any more.
			connecting.catch(() => undefined);
			session = await Promise.race([connecting, late]);
		} catch (error) {
			throw new CodedError("OPCUA_UNREACHABLE", `${server.endpoint}: ${errorText(error)}`, { cause: error });
		}
		cancel();
		return await work(session);
	} finally {
		cancel();
		const bound = new Promise<void>((resolve) => {
			cancel = clock.after(disconnectWithinMs, resolve);
		});
		await Promise.race([client.disconnect().catch(() => undefined), bound]);
		cancel();
	}
}
