import { type EndpointDescription, MessageSecurityMode, SecurityPolicy, UserTokenType } from "node-opcua";
import { CodedError } from "../../common/runtime/coded-error.ts";
import type { ServerConfig } from "../config.ts";
import { shown } from "./certificate.ts";

/** The policies that are not withdrawn, the best first (Part 7 6.6). */
const policies = ["Aes256_Sha256_RsaPss", "Aes128_Sha256_RsaOaep", "Basic256Sha256"] as const;
/** What can be read on the way is worse than any of the policies. */
const modes = ["SignAndEncrypt", "Sign"] as const;

export type IdentityKind = "anonymous" | "username" | "certificate";

const tokenTypes = {
	anonymous: UserTokenType.Anonymous,
	username: UserTokenType.UserName,
	certificate: UserTokenType.Certificate,
} as const;

/** Offers are the server's word before anything is secured, so only so many of them are read or repeated. */
const offersMax = 100;
const offersTold = 12;
const uaTcp = "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary";

/**
 * The best of the endpoints that a server offers: encrypted before signed, then by policy; never None (Part 4 5.5.4).
 * @throws CodedError OPCUA_SECURITY_NOT_OFFERED, OPCUA_IDENTITY_REFUSED
 */
export function chooseEndpoint(
	offered: readonly EndpointDescription[],
	server: ServerConfig,
	identity: IdentityKind,
): EndpointDescription {
	const { policy, mode } = server.security ?? {};
	const secure = offered
		.slice(0, offersMax)
		.filter(
			({ transportProfileUri, serverCertificate }) =>
				(transportProfileUri ?? uaTcp) === uaTcp && (serverCertificate?.length ?? 0) > 0,
		);
	const wanted = modes
		.filter((one) => mode === undefined || mode === one)
		.flatMap((oneMode) =>
			policies
				.filter((one) => policy === undefined || policy === one)
				.flatMap((onePolicy) => secure.filter((endpoint) => isOf(endpoint, onePolicy, oneMode))),
		);
	if (wanted.length === 0) {
		const asked = [policy ?? policies.join(" or "), mode ?? "SignAndEncrypt or Sign"].join(", ");
		throw new CodedError(
			"OPCUA_SECURITY_NOT_OFFERED",
			`${server.endpoint}: expected an endpoint with ${asked}, found ${offersText(offered)}; switch one on in the server, or change servers[].security`,
		);
	}
	const usable = wanted.filter((endpoint) => tokenProblem(endpoint, identity) === undefined);
	const [best] = usable;
	if (best === undefined) {
		const problem = tokenProblem(wanted[0] as EndpointDescription, identity);
		throw new CodedError("OPCUA_IDENTITY_REFUSED", `${server.endpoint}: ${problem}`);
	}
	return (
		usable.find((endpoint) => isSame(endpoint, best) && endpoint.endpointUrl === server.endpoint) ?? best
	);
}

/** Whether two descriptions name the same security and the same certificate. */
export function isSameEndpoint(a: EndpointDescription, b: EndpointDescription): boolean {
	return (
		isSame(a, b) &&
		a.serverCertificate.equals(b.serverCertificate) &&
		a.server?.applicationUri === b.server?.applicationUri
	);
}

/** `Aes256_Sha256_RsaPss, SignAndEncrypt`. */
export function securityText({ securityPolicyUri, securityMode }: EndpointDescription): string {
	return `${policyName(securityPolicyUri)}, ${MessageSecurityMode[securityMode] ?? "Invalid"}`;
}

function isSame(a: EndpointDescription, b: EndpointDescription): boolean {
	return a.securityPolicyUri === b.securityPolicyUri && a.securityMode === b.securityMode;
}

function isOf(
	{ securityPolicyUri, securityMode }: EndpointDescription,
	policy: (typeof policies)[number],
	mode: (typeof modes)[number],
): boolean {
	return securityPolicyUri === SecurityPolicy[policy] && securityMode === MessageSecurityMode[mode];
}

/**
 * A password may be read by nobody on its way: where the channel does not encrypt, every policy for user names must
 * (Part 4 7.40.2.1); which of several is used is the library's choice.
 */
function tokenProblem(endpoint: EndpointDescription, identity: IdentityKind): string | undefined {
	const tokens = endpoint.userIdentityTokens ?? [];
	const mine = tokens.filter(({ tokenType }) => tokenType === tokenTypes[identity]);
	if (mine.length === 0) {
		const found = tokens.map(({ tokenType }) => UserTokenType[tokenType]).join(", ") || "none";
		return `expected the server to take the identity ${identity} with ${securityText(endpoint)}, found only ${found}; correct servers[].identity, or allow it in the server`;
	}
	if (identity !== "username" || endpoint.securityMode === MessageSecurityMode.SignAndEncrypt)
		return undefined;
	return mine.some(({ securityPolicyUri }) => securityPolicyUri === SecurityPolicy.None)
		? `expected the password to be encrypted on its way, found ${securityText(endpoint)} with user names in the clear; switch SignAndEncrypt on in the server`
		: undefined;
}

function policyName(uri: string | null): string {
	return shown((uri ?? "").split("#")[1]?.slice(0, 40) || "no policy");
}

function offersText(offered: readonly EndpointDescription[]): string {
	if (offered.length === 0) return "no endpoints at all";
	const texts = [...new Set(offered.slice(0, offersMax).map(securityText))];
	return texts.length > offersTold ? `${texts.slice(0, offersTold).join("; ")} and more` : texts.join("; ");
}
