import { createPrivateKey } from "node:crypto";
import { type UserIdentityInfo, UserTokenType } from "node-opcua";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import { pathFrom } from "../../common/runtime/config-values.ts";
import { readSecretFile } from "../../common/runtime/secret-file.ts";
import type { ServerConfig } from "../config.ts";
import { derParts, readCertificate } from "./certificate.ts";
import { readBounded } from "./certificate-store.ts";
import type { IdentityKind } from "./endpoint-choice.ts";

export function identityKindOf({ identity }: ServerConfig): IdentityKind {
	if (identity === undefined || identity === "anonymous") return "anonymous";
	return "username" in identity ? "username" : "certificate";
}

/**
 * Who the agent is to a server, its secrets read from their files, so that a new password counts at the next connection
 * (Part 4 7.40.3 to 7.40.5). Errors name files and never what is in them.
 * @throws CodedError CONFIG_UNREADABLE
 */
export async function readIdentity({ identity }: ServerConfig, directory: string): Promise<UserIdentityInfo> {
	if (identity === undefined || identity === "anonymous") return { type: UserTokenType.Anonymous };
	if ("username" in identity) {
		const password = await readSecretFile(pathFrom(directory, identity.password_file));
		return { type: UserTokenType.UserName, userName: identity.username, password };
	}
	const certificateFile = pathFrom(directory, identity.certificate_file);
	const keyFile = pathFrom(directory, identity.key_file);
	try {
		const [der] = derParts(await readBounded(certificateFile), "CERTIFICATE");
		if (der === undefined) throw new Error("it holds no certificate");
		const key = createPrivateKey(await readBounded(keyFile));
		if (!readCertificate(der).node.checkPrivateKey(key)) throw new Error("the key is not the certificate's");
		const privateKey = key.export({ type: "pkcs8", format: "pem" }).toString();
		return { type: UserTokenType.Certificate, certificateData: der, privateKey };
	} catch (error) {
		throw new CodedError(
			"CONFIG_UNREADABLE",
			`expected a certificate in ${certificateFile} and its key in ${keyFile}, found that ${errorText(error)}`,
			{ cause: error },
		);
	}
}
