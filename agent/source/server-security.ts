import {
	type EndpointDescription,
	MessageSecurityMode,
	type OPCUAClient,
	type OPCUAClientOptions,
	SecurityPolicy,
	type UserIdentityInfo,
	UserTokenType,
} from "node-opcua";
import type { CertificateWatch } from "../../common/runtime/certificate-watch.ts";
import { type Clock, every, pause } from "../../common/runtime/clock.ts";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import type { ServerConfig } from "../config.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import { type Certificate, certificateText, readCertificate, shown, splitChain } from "./certificate.ts";
import type { CertificateStore } from "./certificate-store.ts";
import { chooseEndpoint, isSameEndpoint, securityText } from "./endpoint-choice.ts";
import { identityKindOf, readIdentity } from "./identity.ts";
import { LibraryStore, senderCertificateOf } from "./library-store.ts";
import { createClient, unreachable } from "./opcua-session.ts";
import { type OwnCertificates, ownCertificateFiles } from "./own-certificate.ts";
import type { OwnIdentity } from "./own-identity.ts";
import { type Refusal, type RefusalReason, refusalsOf } from "./server-trust.ts";

export interface ServerSecurityOptions {
	readonly server: ServerConfig;
	/** Where the configuration lies; its paths start there. */
	readonly directory: string;
	readonly store: CertificateStore;
	readonly own: OwnIdentity;
	readonly clock: Clock;
	readonly telemetry: AgentTelemetry;
	readonly certificates: CertificateWatch;
}

/** A client that knows how to reach its server, and who it is there. */
export interface PreparedClient {
	readonly client: OPCUAClient;
	readonly identity: UserIdentityInfo;
	/** @throws CodedError OPCUA_OWN_CERTIFICATE_REFUSED, OPCUA_ENDPOINTS_DIFFER, OPCUA_CERTIFICATE_REFUSED, OPCUA_UNREACHABLE */
	connect(): Promise<void>;
	/** What an error of the session means: some servers look at the agent's certificate only there. */
	sessionError(error: unknown): CodedError;
}

/** Some servers say it, others close the connection. */
const refusedByServer =
	/Bad(?:SecurityChecksFailed|Certificate\w+|ApplicationSignatureInvalid)|disconnected by third party|ECONNRESET/;
/** Of the application's certificate; a user's is refused in other words (Part 4 §5.6.2, §5.6.3). */
const certificateRefusedBySession = /Bad(?:SecurityChecksFailed|Certificate\w+)/;

const approvalEveryMs = 60_000;
const disconnectWithinMs = 1_000;
const endsAtOnce: ReadonlySet<RefusalReason> = new Set(["not_trusted", "issuer_unknown", "revoked"]);

/**
 * The way to one server, from what it offers to a channel of which both ends are known (Part 4 5.5.4, 5.6.2, 6.1). What
 * comes before the channel is secured is nobody's word: it is asked for again behind it, before any identity is sent.
 */
export class ServerSecurity {
	readonly #options: ServerSecurityOptions;
	/** The server refused the renewed certificate; the one before is tried in turn with it. */
	#usesPrevious = false;
	#inUse: string | undefined;

	constructor(options: ServerSecurityOptions) {
		this.#options = options;
	}

	/** The way to another endpoint of the same server. */
	at(endpoint: string): ServerSecurity {
		const server = { ...this.#options.server, endpoint };
		return new ServerSecurity({ ...this.#options, server });
	}

	/** What the present channel is secured with, for the status page. */
	get inUse(): string | undefined {
		return this.#options.server.insecure === true ? "None" : this.#inUse;
	}

	/**
	 * A client that is not connected yet. `failed` is told when the certificate of a present channel is not, or no longer, the
	 * server's; `over` takes down what is still going on.
	 * @throws CodedError
	 */
	async prepare(over: AbortSignal, failed: (error: unknown) => void): Promise<PreparedClient> {
		const { server, directory } = this.#options;
		if (server.insecure === true) {
			const client = createClient();
			const connect = () => client.connect(server.endpoint);
			const sessionError = (error: unknown) => unreachable(server, error);
			return { client, identity: { type: UserTokenType.Anonymous }, connect, sessionError };
		}
		this.#inUse = undefined;
		const identity = await readIdentity(server, directory);
		const own = await this.#options.own.certificates();
		const endpoint = chooseEndpoint(await this.#offered(own, over), server, identityKindOf(server));
		const applicationUri = endpoint.server?.applicationUri ?? "";
		const certificate = await this.#accept(endpoint.serverCertificate, applicationUri);
		const store = new LibraryStore(async (bytes) => {
			try {
				await this.#accept(bytes, applicationUri);
				return true;
			} catch (error) {
				failed(error);
				return false;
			}
		});
		const used = this.#usesPrevious ? (own.previous ?? own.current) : own.current;
		const client = createClient({
			securityMode: endpoint.securityMode,
			securityPolicy: endpoint.securityPolicyUri as SecurityPolicy,
			serverCertificate: endpoint.serverCertificate,
			clientCertificateManager: store,
			certificateKeyPairProvider: keyPair(own, used),
			applicationUri: used.applicationUri ?? "",
		});
		const impostor = Promise.withResolvers<never>();
		impostor.promise.catch(failed);
		this.#watchSender(client, impostor.reject);
		this.#watchApproval(client, applicationUri, over, failed);
		const connect = async () => {
			try {
				await Promise.race([client.connect(server.endpoint), impostor.promise]);
				await this.#confirm(client, endpoint);
			} catch (error) {
				throw this.#connectError(error, own, used);
			}
			this.#connected(endpoint, certificate, own, used);
		};
		const sessionError = (error: unknown) =>
			certificateRefusedBySession.test(String((error as Error).message))
				? this.#connectError(error, own, used)
				: unreachable(server, error);
		return { client, identity, connect, sessionError };
	}

	/** What the server says it offers, over a connection without security, as every client has to ask first (Part 4 5.5.4). */
	async #offered(own: OwnCertificates, over: AbortSignal): Promise<EndpointDescription[]> {
		const { server, clock } = this.#options;
		const client = createClient({
			securityMode: MessageSecurityMode.None,
			securityPolicy: SecurityPolicy.None,
			clientCertificateManager: new LibraryStore(async () => false),
			certificateKeyPairProvider: keyPair(own, own.current),
			applicationUri: own.current.applicationUri ?? "",
		});
		const leave = () => client.disconnect().catch(() => undefined);
		over.addEventListener("abort", leave, { once: true });
		const late = Promise.withResolvers<never>();
		const withinMs = 2 * server.connect_timeout_ms;
		const cancel = clock.after(withinMs, () =>
			late.reject(new Error(`it did not say within ${withinMs} ms what it offers`)),
		);
		try {
			const ask = async () => {
				await client.connect(server.endpoint);
				return await client.getEndpoints({ endpointUrl: server.endpoint });
			};
			return await Promise.race([ask(), late.promise]);
		} catch (error) {
			throw new CodedError("OPCUA_UNREACHABLE", `${server.endpoint}: ${errorText(error)}`, { cause: error });
		} finally {
			cancel();
			over.removeEventListener("abort", leave);
			// A client that never got an answer may take its time to go.
			await Promise.race([leave(), pause(clock, disconnectWithinMs, over)]);
		}
	}

	/**
	 * With `ending`, only these reasons count.
	 * @throws CodedError OPCUA_CERTIFICATE_REFUSED, with every reason; the certificate is kept for review
	 */
	async #accept(
		bytes: Buffer,
		applicationUri: string,
		ending?: ReadonlySet<RefusalReason>,
	): Promise<Certificate> {
		const { server, store, clock, telemetry } = this.#options;
		let chain: [Certificate, ...Certificate[]];
		try {
			const [own, ...rest] = splitChain(bytes).map(readCertificate);
			if (own === undefined) throw new Error("expected a certificate, found none");
			chain = [own, ...rest];
		} catch (error) {
			const refusal: Refusal = { reason: "unreadable", message: errorText(error) };
			const unknown = { subject: "", thumbprint: "", file: "not kept" };
			telemetry.serverCertificateRefused(
				{ server: server.name, reasons: [refusal.reason], ...unknown },
				false,
			);
			throw this.#refused("the server's certificate", [refusal]);
		}
		const list = await store.trustList();
		const host =
			server.security?.server_name ?? new URL(server.endpoint.replace("opc.tcp:", "http:")).hostname;
		const refusals = await refusalsOf(chain, { applicationUri, host }, list, clock.wallMs());
		const isRefused = refusals.some(({ reason }) => ending?.has(reason) ?? true);
		if (refusals.length === 0) await store.accepted(chain[0]);
		if (!isRefused) return chain[0];
		for (const { file, problem } of list.unusable.slice(0, 1))
			refusals.push({
				reason: "unreadable",
				message: `${file} of the trust list cannot be used: ${problem}`,
			});
		const error = this.#refused(certificateText(chain[0]), refusals);
		await this.#keep(chain[0], refusals, error.message);
		throw error;
	}

	#refused(what: string, refusals: readonly Refusal[]): CodedError {
		const reasons = refusals.map(({ reason, message }) => `${reason}: ${message}`).join("; ");
		return new CodedError(
			"OPCUA_CERTIFICATE_REFUSED",
			`${this.#options.server.endpoint}: ${what} is refused: ${reasons}`,
		);
	}

	async #keep(certificate: Certificate, refusals: readonly Refusal[], message: string): Promise<void> {
		const { server, store, clock, telemetry } = this.#options;
		const reasons = refusals.map(({ reason }) => reason);
		const { subject, thumbprint } = certificate;
		let file: string;
		let isNews = true;
		try {
			const seen = { server: server.name, endpoint: server.endpoint, reasons, message };
			const kept = await store.reject(certificate, seen, clock.wallMs());
			({ file, isNews } = kept);
			if (kept.dropped > 0) telemetry.rejectedCertificatesDropped(kept.dropped);
		} catch (error) {
			file = `not kept: ${errorText(error)}`;
		}
		telemetry.serverCertificateRefused({ server: server.name, reasons, subject, thumbprint, file }, isNews);
	}

	/**
	 * The library connects again by itself to a server that it knows, so the approval is looked at for each channel, and once a
	 * minute: what was revoked or taken back ends a standing one. What has merely grown old does not, there was time to see to it.
	 */
	#watchApproval(
		client: OPCUAClient,
		applicationUri: string,
		over: AbortSignal,
		failed: (error: unknown) => void,
	) {
		if (over.aborted) return;
		const look = (ending?: ReadonlySet<RefusalReason>) => {
			const accepted = client.serverCertificate;
			if (over.aborted || !Buffer.isBuffer(accepted)) return;
			this.#accept(accepted, applicationUri, ending).catch(failed);
		};
		let channels = 0;
		client.on("secure_channel_created", () => {
			if (channels++ > 0) look();
		});
		const stop = every(this.#options.clock, approvalEveryMs, () => look(endsAtOnce));
		over.addEventListener("abort", stop, { once: true });
	}

	/** Whoever opens the channel must show the very certificate that was accepted. */
	#watchSender(client: OPCUAClient, fail: (error: CodedError) => void): void {
		client.on("secure_channel_created", (channel) => {
			channel.on("receive_chunk", (chunk: Buffer) => {
				const sender = senderCertificateOf(chunk);
				const accepted = client.serverCertificate;
				if (sender === undefined || !Buffer.isBuffer(accepted)) return;
				// A sender may leave the rest of its chain out (Part 6 6.7.2.3).
				const [first] = splitChain(accepted);
				if (first !== undefined && sender.subarray(0, first.length).equals(first)) return;
				fail(
					new CodedError(
						"OPCUA_ENDPOINTS_DIFFER",
						`${this.#options.server.endpoint}: expected the secure channel to show the certificate of the endpoint, found another; look for what stands in between`,
					),
				);
			});
		});
	}

	/** Asks again behind the channel: nobody can have taken the better endpoints out of this answer. */
	async #confirm(client: OPCUAClient, chosen: EndpointDescription): Promise<void> {
		const { server } = this.#options;
		const offered = await client.getEndpoints({ endpointUrl: server.endpoint });
		const best = chooseEndpoint(offered, server, identityKindOf(server));
		if (isSameEndpoint(best, chosen)) return;
		throw new CodedError(
			"OPCUA_ENDPOINTS_DIFFER",
			`${server.endpoint}: expected the same offer before and behind the secure channel, found ${securityText(chosen)} before and ${securityText(best)} behind it; look for what stands in between`,
		);
	}

	#connectError(error: unknown, own: OwnCertificates, used: Certificate): CodedError {
		const { server, store } = this.#options;
		if (error instanceof CodedError) return error;
		// The library says the reason on the second line.
		const text = shown(String((error as Error).message).replace(/\s+/g, " "));
		if (!refusedByServer.test(text))
			return new CodedError("OPCUA_UNREACHABLE", `${server.endpoint}: ${text}`, { cause: error });
		this.#usesPrevious = own.previous !== undefined && used === own.current;
		return new CodedError(
			"OPCUA_OWN_CERTIFICATE_REFUSED",
			`${server.endpoint}: expected the server to accept ${certificateText(used)}, found ${text}; have its administrator trust ${ownCertificateFiles(store.folder).certificate}`,
			{ cause: error },
		);
	}

	#connected(
		endpoint: EndpointDescription,
		certificate: Certificate,
		own: OwnCertificates,
		used: Certificate,
	): void {
		const { server, store, certificates, telemetry } = this.#options;
		this.#inUse = securityText(endpoint);
		// The next connection finds out whether the server knows the renewed certificate by now.
		this.#usesPrevious = false;
		const { subject, thumbprint, notAfterMs } = certificate;
		certificates.seen([{ whose: `opcua_server:${server.name}`, subject, expiresMs: notAfterMs }]);
		telemetry.serverSecured({ server: server.name, security: this.#inUse, subject, thumbprint });
		if (used === own.current) return;
		telemetry.ownCertificateOutdated({
			server: server.name,
			file: ownCertificateFiles(store.folder).certificate,
			previousExpires: new Date(used.notAfterMs).toISOString(),
		});
	}
}

function keyPair(
	own: OwnCertificates,
	used: Certificate,
): NonNullable<OPCUAClientOptions["certificateKeyPairProvider"]> {
	const key = { hidden: own.key };
	return {
		getCertificate: () => used.der,
		getCertificateChain: () => (used === own.current ? [...own.chain] : [used.der]),
		getPrivateKey: () => key,
	};
}
