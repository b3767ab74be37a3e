import { EndpointDescription, MessageSecurityMode, SecurityPolicy, UserTokenType } from "node-opcua";
import { describe, expect, test } from "vitest";
import type { ServerConfig } from "../../../agent/config.ts";
import { chooseEndpoint, securityText } from "../../../agent/source/endpoint-choice.ts";

const server = { name: "kiln", endpoint: "opc.tcp://kiln:4840" } as ServerConfig;
const { Sign, SignAndEncrypt, None } = MessageSecurityMode;
const { Aes256_Sha256_RsaPss, Basic256Sha256, Basic128Rsa15 } = SecurityPolicy;

function endpoint(
	policy: SecurityPolicy,
	mode: MessageSecurityMode,
	tokens: { tokenType: UserTokenType; securityPolicyUri?: string }[] = [
		{ tokenType: UserTokenType.Anonymous },
	],
) {
	return new EndpointDescription({
		endpointUrl: server.endpoint,
		securityPolicyUri: policy,
		securityMode: mode,
		serverCertificate: Buffer.from("certificate"),
		userIdentityTokens: tokens,
		transportProfileUri: "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary",
	});
}

const named = (securityPolicyUri?: string) => ({
	tokenType: UserTokenType.UserName,
	...(securityPolicyUri === undefined ? {} : { securityPolicyUri }),
});

test("what can be read on the way comes after everything that cannot", () => {
	const offered = [endpoint(Aes256_Sha256_RsaPss, Sign), endpoint(Basic256Sha256, SignAndEncrypt)];
	expect(securityText(chooseEndpoint(offered, server, "anonymous"))).toBe("Basic256Sha256, SignAndEncrypt");
});

describe("refused, with what is offered:", () => {
	test.each([
		["nothing at all", [], /found no endpoints at all/],
		["only None", [endpoint(SecurityPolicy.None, None)], /found None, None/],
		[
			"only what is withdrawn",
			[endpoint(Basic128Rsa15, SignAndEncrypt)],
			/found Basic128Rsa15, SignAndEncrypt/,
		],
		[
			"more than anybody wants to read",
			Array.from({ length: 500 }, (_, index) => endpoint(`urn:x#P${index}` as SecurityPolicy, Sign)),
			/P11, Sign and more; /,
		],
	])("%s", (_, offered, message) => {
		expect(() => chooseEndpoint(offered, server, "anonymous")).toThrow(message);
	});

	test.each([
		["a server that takes no user names", endpoint(Basic256Sha256, Sign), /found only Anonymous/],
		[
			"a password in the clear where the channel does not encrypt",
			endpoint(Basic256Sha256, Sign, [named(), named(SecurityPolicy.None)]),
			/expected the password to be encrypted on its way, found Basic256Sha256, Sign with user names in the clear/,
		],
	])("%s", (_, offer, message) => {
		expect(() => chooseEndpoint([offer], server, "username")).toThrow(message);
	});
});

test("an endpoint that takes the identity goes before a better one that does not", () => {
	const offered = [
		endpoint(Aes256_Sha256_RsaPss, SignAndEncrypt),
		endpoint(Basic256Sha256, SignAndEncrypt, [named(SecurityPolicy.None)]),
	];
	expect(securityText(chooseEndpoint(offered, server, "username"))).toBe("Basic256Sha256, SignAndEncrypt");
});
