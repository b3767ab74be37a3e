import type { MessageSecurityMode, SecurityPolicy, UserManagerOptions } from "node-opcua";

/** What a server offers that is not plain. */
export interface SecuredServer {
	/** Of the server, and what it says its application URI is. */
	readonly certificateFile: string;
	readonly keyFile: string;
	readonly applicationUri: string;
	readonly policies: SecurityPolicy[];
	readonly modes: MessageSecurityMode[];
	/** Whether it trusts every client; otherwise those that are in the folder `trusted/certs` of `pki`. */
	readonly trustsEveryone?: boolean;
	/** Who may open a session beside everybody. */
	readonly users?: UserManagerOptions;
	readonly anonymous?: boolean;
}

export function securedOptions({ keyFile, applicationUri, users }: SecuredServer) {
	return {
		privateKeyFile: keyFile,
		serverInfo: { applicationUri },
		...(users === undefined ? {} : { userManager: users }),
	};
}
