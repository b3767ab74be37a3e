import {
	AttributeIds,
	type ClientSession,
	MessageSecurityMode,
	OPCUAClient,
	type OPCUAClientOptions,
	SecurityPolicy,
	type UserIdentityInfo,
} from "node-opcua";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import type { ServerConfig } from "../config.ts";
import { keepDataChangeBodies } from "./data-change-body.ts";
import { readAttributes } from "./service.ts";
import type { TagList } from "./watched-tags.ts";

/** The library takes a buffer of this size for every request; its default of 640 KiB keeps the garbage collector busy. */
const chunkBytes = 64 * 1024;
const sessionTimeoutMs = 60_000;
/** The library ends a connection on which nothing comes for this long; that a server is silent is noticed much earlier. */
const idleConnectionMs = 60_000;
const namespaceArrayNode = "i=2255";
/** A large request may take a slow server this long; whether it lives is asked separately. */
const answerWithinMs = 20_000;

/**
 * A client that repairs nothing by itself; without `secured` one without security, which the configuration has asked for
 * by name.
 */
export function createClient(secured: OPCUAClientOptions = {}): OPCUAClient {
	keepDataChangeBodies();
	return OPCUAClient.create({
		applicationName: "Pilotline agent",
		securityMode: MessageSecurityMode.None,
		securityPolicy: SecurityPolicy.None,
		endpointMustExist: false,
		keepSessionAlive: false,
		requestedSessionTimeout: sessionTimeoutMs,
		transportTimeout: idleConnectionMs,
		defaultTransactionTimeout: answerWithinMs,
		transportSettings: { sendBufferSize: chunkBytes, receiveBufferSize: chunkBytes },
		connectionStrategy: { initialDelay: 200, maxDelay: 1_000, maxRetry: 0 },
		...secured,
	});
}

/** `sessionError` tells what a failure means. @throws CodedError OPCUA_UNREACHABLE, OPCUA_IDENTITY_REFUSED, OPCUA_OWN_CERTIFICATE_REFUSED */
export async function openSession(
	client: OPCUAClient,
	identity: UserIdentityInfo,
	sessionError: (error: unknown) => CodedError,
): Promise<ClientSession> {
	try {
		return await client.createSession(identity);
	} catch (error) {
		throw sessionError(error);
	}
}

/**
 * The prefix of node ids for each namespace that tags name; its index may change when the server restarts.
 * @throws CodedError OPCUA_NAMESPACE_UNKNOWN
 */
export async function namespacePrefixes(
	session: ClientSession,
	server: ServerConfig,
	tags: TagList,
): Promise<Map<string, string>> {
	const [array] = await readAttributes(session, [namespaceArrayNode], AttributeIds.Value);
	const value: unknown = array?.value?.value;
	const namespaces: readonly string[] = Array.isArray(value) ? value.map(String) : [];
	const prefixes = new Map<string, string>();
	for (const named of tags) {
		const namespace = named?.namespace;
		if (namespace === undefined || prefixes.has(namespace)) continue;
		const index = namespaces.indexOf(namespace);
		if (index < 0) {
			throw new CodedError(
				"OPCUA_NAMESPACE_UNKNOWN",
				`${server.endpoint}: expected namespace ${namespace}, found ${namespaces.join(", ")}; correct the device's namespace`,
			);
		}
		prefixes.set(namespace, `ns=${index};`);
	}
	return prefixes;
}

export function unreachable(server: ServerConfig, error: unknown): CodedError {
	if (error instanceof CodedError) return error;
	const text = errorText(error);
	if (/BadUserAccessDenied|BadIdentityToken|BadUserSignatureInvalid/.test(text)) {
		return new CodedError(
			"OPCUA_IDENTITY_REFUSED",
			`${server.endpoint}: expected the server to accept the identity, found ${text.trim()}; correct servers[].identity and its files`,
			{ cause: error },
		);
	}
	return new CodedError("OPCUA_UNREACHABLE", `${server.endpoint}: ${errorText(error)}`, { cause: error });
}
