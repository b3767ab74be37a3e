import type { BrokerConnection } from "../../common/runtime/mqtt-link.ts";

/** A connection to brokers of a test, as a configuration without any optional key asks for it. */
export function plainBroker(
	urls: string | readonly string[],
	rest: Partial<BrokerConnection> & { clientId: string },
): BrokerConnection {
	return {
		urls: typeof urls === "string" ? [urls] : urls,
		protocol: "3.1.1",
		tls: { caFile: undefined, certificateFile: undefined, keyFile: undefined, serverName: undefined },
		username: undefined,
		password: undefined,
		keepaliveS: 15,
		connectTimeoutMs: 5_000,
		...rest,
	};
}
