import type { ServerConfig } from "../../agent/config.ts";
import { CertificateStore } from "../../agent/source/certificate-store.ts";
import { OwnIdentity } from "../../agent/source/own-identity.ts";
import { ServerSecurity } from "../../agent/source/server-security.ts";
import type { AgentTelemetry } from "../../agent/telemetry.ts";
import { CertificateWatch } from "../../common/runtime/certificate-watch.ts";
import { type Clock, systemClock } from "../../common/runtime/clock.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

/** How a source reaches its server, with certificates in a folder of the test's own. */
export function securityOf(
	server: ServerConfig,
	telemetry: AgentTelemetry,
	{ folder = temporaryFolder(), clock = systemClock }: { folder?: string; clock?: Clock } = {},
): ServerSecurity {
	const certificates = new CertificateWatch({ clock, telemetry });
	const own = new OwnIdentity({ folder, applicationUri: "urn:test:agent", clock, telemetry, certificates });
	const store = new CertificateStore(folder);
	return new ServerSecurity({ server, directory: folder, store, own, clock, telemetry, certificates });
}
