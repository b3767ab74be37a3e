import type { Command } from "commander";
import type { Run } from "./option-values.ts";

/** What an option is that was not given; as a default of the option itself it would clutter the help. */
const unset = { json: false, issuer: false };

interface CertificateFlags {
	readonly config: string;
	readonly json?: boolean;
	readonly issuer?: boolean;
}

/** `pilotline cert`. */
export function addCertificates(pilotline: Command, run: Run): void {
	const certificates = pilotline
		.command("cert")
		.description("the agent's own OPC UA certificate, and the servers' certificates that it trusts");
	const load = async () => await import("./cert.ts");
	const full = (flags: CertificateFlags) => ({ ...unset, ...flags, env: process.env });
	const add = (name: string, what: string, example: string) =>
		certificates
			.command(name)
			.description(what)
			.requiredOption("--config <file>", "the agent's configuration")
			.option("--json", "print one JSON document")
			.addHelpText(
				"after",
				`\nExample:\n  pilotline cert ${example}\n\nRun it as the user that the agent runs as.`,
			);
	const config = "--config /etc/pilotline/agent.yaml";
	add("init", "make the agent's own certificate ahead of its first start", `init ${config}`).action((flags) =>
		run(async () => (await load()).initCertificate(full(flags))),
	);
	add(
		"show",
		"the agent's own certificate, and the file for a server's administrator",
		`show ${config}`,
	).action((flags) => run(async () => (await load()).showCertificate(full(flags))));
	add(
		"list",
		"what is trusted, known as an issuer, and was rejected, where and why",
		`list ${config}`,
	).action((flags) => run(async () => (await load()).listCertificates(full(flags))));
	add(
		"trust",
		"approve a certificate; a running agent takes it at its next attempt",
		`trust 3cdebaf2babf32c1ce518bcd2c3ab3f89d3969e5 ${config}\n  pilotline cert trust plant-authority.pem ${config}\n  pilotline cert trust plant-authority.crl ${config}`,
	)
		.argument(
			"<what>",
			"the thumbprint of a rejected one, or a file: certificates and revocation lists, PEM or DER",
		)
		.option("--issuer", "an authority that chains may name; what it issues is not trusted by that")
		.action((what: string, flags) => run(async () => (await load()).trust(what, full(flags))));
	add(
		"reject",
		"take an approval back; a running agent ends the session within a minute",
		`reject 3cdebaf2babf32c1ce518bcd2c3ab3f89d3969e5 ${config}`,
	)
		.argument("<thumbprint>", "of a trusted certificate or an issuer")
		.action((thumbprint: string, flags) =>
			run(async () => (await load()).rejectCertificate(thumbprint, full(flags))),
		);
}
