import { pino } from "pino";
import { type AgentConfig, agentConfig, type ServerConfig } from "../agent/config.ts";
import { CertificateStore } from "../agent/source/certificate-store.ts";
import { applicationUriOf } from "../agent/source/own-certificate.ts";
import { OwnIdentity, pkiFolder } from "../agent/source/own-identity.ts";
import { ServerSecurity } from "../agent/source/server-security.ts";
import { AgentTelemetry } from "../agent/telemetry.ts";
import { CertificateWatch } from "../common/runtime/certificate-watch.ts";
import { systemClock } from "../common/runtime/clock.ts";
import { CodedError } from "../common/runtime/coded-error.ts";
import { loadConfigFile } from "../common/runtime/config-file.ts";
import { pathFrom } from "../common/runtime/config-values.ts";

/** A server to browse, and how it is reached; without `security` over a channel that has none. */
export interface BrowsedServer {
	readonly server: ServerConfig;
	readonly security: ServerSecurity | undefined;
}

const connectTimeoutMs = 5_000;

/**
 * The server at an endpoint: with the security, certificates and user of an agent's configuration, or with none of them when
 * that was asked for.
 * @throws CodedError USAGE; CONFIG_UNREADABLE, CONFIG_INVALID
 */
export function browsedServer(
	endpoint: string,
	{ insecure, config }: { readonly insecure: boolean; readonly config?: string },
	env: NodeJS.ProcessEnv,
): BrowsedServer {
	if (!/^opc\.tcp:\/\/[^\s/]+(?:\/\S*)?$/.test(endpoint))
		throw new CodedError("USAGE", `expected opc.tcp://host:port, found ${endpoint}`);
	if (config !== undefined) {
		if (insecure) throw new CodedError("USAGE", "expected --config or --insecure, found both");
		return configured(endpoint, config, env);
	}
	if (!insecure)
		throw new CodedError(
			"USAGE",
			"expected --config FILE, an agent's configuration with this server, or --insecure: then what is read can be seen and changed on its way",
		);
	const server: ServerConfig = {
		name: "browsed",
		endpoint,
		further_endpoints: [],
		return_after_s: 300,
		insecure: true,
		identity: "anonymous",
		publishing_interval_ms: 500,
		sampling_interval_ms: 0,
		queue_size: 1,
		discard: "oldest",
		lateness_ms: 0,
		connect_timeout_ms: connectTimeoutMs,
		verify_after_s: 300,
		backfill: "off",
	};
	return { server, security: undefined };
}

/** As the agent of this configuration connects, with its certificates. */
function configured(endpoint: string, file: string, env: NodeJS.ProcessEnv): BrowsedServer {
	const { value: config, directory } = loadConfigFile(file, agentConfig, env);
	const server = config.servers.find((one) => one.endpoint === endpoint);
	if (server === undefined) {
		const endpoints = config.servers.map((one) => one.endpoint).join(", ");
		throw new CodedError("USAGE", `expected a server of ${file} (${endpoints}), found ${endpoint}`);
	}
	return { server, security: securityOf(config, directory, server) };
}

/** As the agent of this configuration reaches a server, with its certificates; nobody hears its telemetry. */
export function securityOf(config: AgentConfig, directory: string, server: ServerConfig): ServerSecurity {
	const clock = systemClock;
	// What goes wrong is the command's error; there is no log beside it.
	const telemetry = new AgentTelemetry(pino({ level: "silent" }));
	const certificates = new CertificateWatch({ clock, telemetry });
	const store = new CertificateStore(pkiFolder(pathFrom(directory, config.data_dir)));
	const applicationUri = applicationUriOf(config.group, config.edge_node);
	const own = new OwnIdentity({ folder: store.folder, applicationUri, clock, telemetry, certificates });
	return new ServerSecurity({ server, directory, store, own, clock, telemetry, certificates });
}
