import { CodedError } from "../../common/runtime/coded-error.ts";
import type { StatusShare } from "./generator.ts";
import { knownStatus } from "./load-server.ts";

/**
 * Reads a share of values as the command line writes it, in percent: `2.5:BadSensorFailure`.
 * @throws CodedError USAGE
 */
export function parseStatusShare(text: string): StatusShare {
	const match = /^(\d{1,3}(?:\.\d+)?):(\w+)$/.exec(text);
	const share = Number(match?.[1]) / 100;
	const status = match?.[2] ?? "";
	if (!(share > 0 && share <= 1) || knownStatus(status) === undefined) {
		throw new CodedError(
			"USAGE",
			`--status ${text}: expected PERCENT:STATUS with a percentage up to 100 and the name of an OPC UA status, for instance 2:BadSensorFailure`,
		);
	}
	return { status, share };
}

/** @throws CodedError USAGE when shares together are more than everything. */
export function checkShares(shares: readonly StatusShare[]): void {
	const sum = shares.reduce((all, { share }) => all + share, 0);
	if (sum > 1 + 1e-9)
		throw new CodedError("USAGE", `--status: expected at most 100 percent together, found ${sum * 100}`);
}
