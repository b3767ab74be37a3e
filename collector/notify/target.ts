import { lookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";
import { Agent } from "undici";
import { CodedError } from "../../common/runtime/coded-error.ts";

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * Where a destination may lie: public addresses, and networks its configuration names. Checked on the literal address
 * as well as on every address a name resolves to, because a literal never reaches the resolver.
 */
export class TargetRules {
	readonly #networks: readonly Network[];

	/** @throws CodedError CONFIG_INVALID when an entry is not a CIDR. */
	constructor(networks: readonly string[]) {
		this.#networks = networks.map((text) => {
			if (!ipaddr.isValidCIDR(text)) {
				throw new CodedError(
					"CONFIG_INVALID",
					`allow_networks: expected a network such as 10.20.0.0/16, found "${text}"`,
				);
			}
			return ipaddr.parseCIDR(text);
		});
	}

	/** Whether an address may be connected to. IPv4 addresses wrapped in IPv6 count as what they are. */
	allows(address: string): boolean {
		if (!ipaddr.isValid(address)) return false;
		const parsed = ipaddr.process(address);
		if (parsed.range() === "unicast" && !isIpv4Compatible(parsed)) return true;
		return this.#networks.some(
			([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits),
		);
	}

	/** @throws CodedError WEBHOOK_TARGET_REFUSED when the URL names an address that is not allowed. */
	checkUrl(url: URL): void {
		const host = url.hostname.replace(/^\[|\]$/g, "");
		if (ipaddr.isValid(host) && !this.allows(host)) throw refused(host);
	}
}

/** A connection pool that pins every connection to addresses the rules allow, which also defeats DNS rebinding. */
export function guardedAgent(rules: TargetRules, timeoutMs: number): Agent {
	return new Agent({
		connections: 2,
		headersTimeout: timeoutMs,
		bodyTimeout: timeoutMs,
		maxResponseSize: 64 * 1024,
		connect: {
			timeout: timeoutMs,
			lookup: (hostname, options, callback) => {
				lookup(hostname, { all: true, family: 0 })
					.then((found) => {
						const allowed = found.filter(({ address }) => rules.allows(address));
						const first = allowed[0];
						if (first === undefined || allowed.length < found.length)
							return callback(refused(hostname), "", 0);
						if (options.all === true) return callback(null, allowed);
						return callback(null, first.address, first.family);
					})
					.catch((error: NodeJS.ErrnoException) => callback(error, "", 0));
			},
		},
	});
}

/** `::127.0.0.1`, the retired form of an IPv4 address in IPv6, which counts as unicast. */
function isIpv4Compatible(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
	return address.kind() === "ipv6" && address.match(ipaddr.parseCIDR("::/96"));
}

function refused(host: string): CodedError {
	return new CodedError(
		"WEBHOOK_TARGET_REFUSED",
		`${host} is not a public address; name its network in the destination's allow_networks if it is meant`,
	);
}
