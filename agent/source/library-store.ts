import { type ICertificateStore, type StatusCode, StatusCodes } from "node-opcua";

/**
 * What the OPC UA library asks about certificates, answered by our own rules: it asks on its own when it connects again to a server
 * whose certificate has changed. It can neither approve nor change anything.
 */
export class LibraryStore implements ICertificateStore {
	referenceCounter = 0;
	readonly #accepts: (certificate: Buffer) => Promise<boolean>;

	constructor(accepts: (certificate: Buffer) => Promise<boolean>) {
		this.#accepts = accepts;
	}

	async checkCertificate(certificate: Buffer | Buffer[]): Promise<StatusCode> {
		const bytes = Array.isArray(certificate) ? Buffer.concat(certificate) : certificate;
		return (await this.#accepts(bytes)) ? StatusCodes.Good : StatusCodes.BadCertificateUntrusted;
	}

	async getTrustStatus(certificate: Buffer): Promise<StatusCode> {
		return await this.checkCertificate(certificate);
	}

	/** Asked of the agent's own certificate only, which is looked at elsewhere. */
	async verifyCertificate(): Promise<string> {
		return "Good";
	}

	async initialize(): Promise<void> {}
	async dispose(): Promise<void> {}
	async trustCertificate(): Promise<void> {}
	async rejectCertificate(): Promise<void> {}
	async addIssuer(): Promise<void> {}
	async addRevocationList(): Promise<void> {}
}

const openChannel = "OPN";
const headBytes = 12;

/** The certificate with which a chunk that opens or renews a channel is signed (Part 6 6.7.2.3); undefined for any other. */
export function senderCertificateOf(chunk: Buffer): Buffer | undefined {
	if (chunk.length < headBytes + 4 || chunk.toString("latin1", 0, 3) !== openChannel) return undefined;
	const policyBytes = Math.max(0, chunk.readInt32LE(headBytes));
	const at = headBytes + 4 + policyBytes;
	if (at + 4 > chunk.length) return Buffer.alloc(0);
	const length = Math.max(0, chunk.readInt32LE(at));
	return chunk.subarray(at + 4, at + 4 + length);
}
