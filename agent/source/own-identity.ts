import { join } from "node:path";
import type { CertificateWatch } from "../../common/runtime/certificate-watch.ts";
import { type Clock, every } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import { ensureOwnCertificates, type OwnCertificates, ownCertificateFiles } from "./own-certificate.ts";

export interface OwnIdentityOptions {
	/** The `pki` folder of the agent's data directory. */
	readonly folder: string;
	readonly applicationUri: string;
	readonly clock: Clock;
	readonly telemetry: AgentTelemetry;
	readonly certificates: CertificateWatch;
}

const dayMs = 86_400_000;

/** The agent's own certificate while it runs: made once, looked at before each connection and once a day, renewed in time. */
export class OwnIdentity implements Part {
	readonly name = "own OPC UA certificate";
	readonly #options: OwnIdentityOptions;
	#looking: Promise<OwnCertificates> | undefined;
	#stop = () => {};

	constructor(options: OwnIdentityOptions) {
		this.#options = options;
	}

	/** What is wrong with the certificate is told here and stops no other work; each connection that needs it says so, too. */
	start(): void {
		this.#stop();
		const look = () => {
			this.certificates().catch((error) =>
				this.#options.telemetry.ownCertificateFailed({ reason: errorText(error) }),
			);
		};
		look();
		this.#stop = every(this.#options.clock, dayMs, look);
	}

	stop(): void {
		this.#stop();
	}

	/** @throws CodedError OPCUA_OWN_CERTIFICATE_UNUSABLE */
	async certificates(): Promise<OwnCertificates> {
		// Several servers ask at the same time; one makes it.
		this.#looking ??= this.#look().finally(() => {
			this.#looking = undefined;
		});
		return await this.#looking;
	}

	async #look(): Promise<OwnCertificates> {
		const { folder, applicationUri, clock, telemetry, certificates } = this.#options;
		const { own, made } = await ensureOwnCertificates({ folder, applicationUri, nowMs: clock.wallMs() });
		const { subject, notAfterMs, thumbprint } = own.current;
		if (made !== "kept")
			telemetry.ownCertificateMade({ how: made, file: ownCertificateFiles(folder).certificate, thumbprint });
		certificates.seen([{ whose: "opcua_own", subject, expiresMs: notAfterMs }]);
		return own;
	}
}

/** Where an agent keeps its OPC UA certificates. */
export function pkiFolder(dataDirectory: string): string {
	return join(dataDirectory, "pki");
}
