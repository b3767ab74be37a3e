import { type Clock, every } from "./clock.ts";
import type { Part } from "./lifecycle.ts";

/** A certificate that a present connection relies on. */
export interface CertificateInUse {
	readonly whose: "broker" | "own" | "opcua_own" | `opcua_server:${string}`;
	readonly subject: string;
	/** Milliseconds since 1970 UTC. */
	readonly expiresMs: number;
}

interface CertificateTelemetry {
	/** A certificate was seen for the first time, or is another one than before. */
	certificateSeen(certificate: CertificateInUse): void;
	/** It expires within 30 days, or has expired; told when first seen and once a day. */
	certificateExpiring(certificate: CertificateInUse, daysLeft: number): void;
}

interface CertificateWatchOptions {
	readonly clock: Clock;
	readonly telemetry: CertificateTelemetry;
}

const dayMs = 86_400_000;
const warnWithinDays = 30;

/** Says in time that a certificate will expire: a connection may outlive the day on which it was last checked. */
export class CertificateWatch implements Part {
	readonly name = "certificates";
	readonly #options: CertificateWatchOptions;
	readonly #inUse = new Map<CertificateInUse["whose"], CertificateInUse>();
	#stop = () => {};

	constructor(options: CertificateWatchOptions) {
		this.#options = options;
	}

	start(): void {
		this.#stop();
		this.#stop = every(this.#options.clock, dayMs, () => {
			for (const certificate of this.#inUse.values()) this.#check(certificate);
		});
	}

	stop(): void {
		this.#stop();
	}

	/** What a new connection uses. */
	seen(certificates: readonly CertificateInUse[]): void {
		for (const certificate of certificates) {
			const before = this.#inUse.get(certificate.whose);
			if (before?.expiresMs === certificate.expiresMs && before.subject === certificate.subject) continue;
			this.#inUse.set(certificate.whose, certificate);
			this.#options.telemetry.certificateSeen(certificate);
			this.#check(certificate);
		}
	}

	/** Nothing relies on it any more. */
	forget(whose: CertificateInUse["whose"]): void {
		this.#inUse.delete(whose);
	}

	#check(certificate: CertificateInUse): void {
		const daysLeft = Math.floor((certificate.expiresMs - this.#options.clock.wallMs()) / dayMs);
		if (daysLeft < warnWithinDays) this.#options.telemetry.certificateExpiring(certificate, daysLeft);
	}
}
