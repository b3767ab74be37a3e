const secretKey = /^(?:password|passphrase|secret|token)$/;

/**
 * A configuration as it may be shown: secrets do not belong into one, and where one stands there after all, in a key of that
 * name or in an address, it is left out. Names of files that hold secrets stay. What is undefined is gone.
 */
export function redacted(config: unknown): unknown {
	return JSON.parse(
		JSON.stringify(config, (key, value: unknown) => {
			if (secretKey.test(key)) return "…";
			return typeof value === "string" ? withoutUser(value) : value;
		}),
	);
}

/** An address without who stands in it. */
export function withoutUser(text: string): string {
	return text.replace(/(\w:\/\/)[^\s/@"]+@/g, "$1…@");
}
