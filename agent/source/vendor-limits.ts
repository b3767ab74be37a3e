/** What is said of a make of server, where the server itself says nothing. */
export interface VendorLimits {
	/** As the documents name it. */
	readonly product: string;
	/** Items in one CreateMonitoredItems call. */
	readonly items: number;
	/** False: it refuses every filter, so it is not asked for one. */
	readonly filters?: false;
}

/**
 * From documentation, not measured here: limits that users and makers of gateways have published for these products. A row
 * counts where BuildInfo names its product; it is only where a server is begun with, and it is halved when it is wrong, too.
 */
const fromDocumentation: readonly { readonly names: RegExp; readonly limits: VendorLimits }[] = [
	{ names: /\bS7-?1200\b/i, limits: { product: "S7-1200", items: 100, filters: false } },
	{ names: /\bS7-?1500\b/i, limits: { product: "S7-1500", items: 500 } },
	{ names: /\bKEPServerEX\b|\bKepware\b/i, limits: { product: "Kepware", items: 1_000 } },
	{ names: /\bProsys\b/i, limits: { product: "Prosys", items: 800 } },
];

/** By what the server says in BuildInfo: product name, product URI, manufacturer. Pure. */
export function vendorLimitsOf(said: readonly string[]): VendorLimits | undefined {
	return fromDocumentation.find(({ names }) => said.some((text) => names.test(text)))?.limits;
}
