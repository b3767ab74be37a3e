import type { Command } from "commander";
import { collect, type Run } from "./option-values.ts";

/** `pilotline prepare`. */
export function addPrepare(pilotline: Command, run: Run): void {
	pilotline
		.command("prepare")
		.description("make the certificates, passwords and tokens that a first start of the containers needs")
		.argument("<dir>", "where they go, a folder for each of those who may see them")
		.requiredOption("--acl <file>", "Mosquitto's access control; each user of it gets a password")
		.option(
			"--broker-name <name>",
			"a further name or address of the broker; may be given more than once",
			collect,
		)
		.option("--json", "print one JSON document")
		.addHelpText(
			"after",
			`
Example:
  pilotline prepare secrets --acl examples/mosquitto/acl --broker-name broker.plant

What is there is kept; a certificate is renewed with its key 30 days before its end, or when its names change. Secrets are
never printed. Folders of <dir>:
  authority    the authority's key; nobody needs it but this command
  broker       server.crt, server.key, passwords, acl: as mosquitto.conf names them; mosquitto_sub, for its health check
  database     server.crt, server.key, admin-password, admin-token
  dashboards   admin-password, influxdb.token
  agent        USER.password of each user agent-…
  collector    USER.password of each user collector-…, influxdb.token
All have authority.crt, too.`,
		)
		.action((folder: string, options: { acl: string; brokerName?: string[]; json?: boolean }) =>
			run(async () =>
				(await import("./prepare/prepare.ts")).prepare(folder, { json: false, brokerName: [], ...options }),
			),
		);
}
