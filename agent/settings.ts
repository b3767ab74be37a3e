import { dirname, resolve } from "node:path";
import { pathFrom } from "../common/runtime/config-values.ts";
import type { AgentConfig } from "./config.ts";

/** The journal's bounds, in the units of its own. */
export function journalBounds({ journal }: AgentConfig) {
	return {
		segmentBytes: journal.segment_bytes,
		maxBytes: journal.max_bytes,
		memoryBytes: journal.memory_bytes,
		commitIntervalMs: journal.commit_interval_ms,
		whenFull: journal.when_full,
		maxAgeMs: journal.max_age_s === undefined ? undefined : journal.max_age_s * 1_000,
	};
}

/** Who listens; `rollingHost` takes the place of hosts that confirm nothing. */
export function hostSettings({ hosts, delivery }: AgentConfig, rollingHost: string) {
	const isRolling = delivery.mode === "rolling";
	const ids = hosts.map(({ id }) => id);
	return {
		hosts: ids,
		primaryHost: hosts.find(({ primary }) => primary)?.id,
		delivery: {
			hosts: isRolling ? [rollingHost] : ids,
			windowBytes: isRolling ? Number.POSITIVE_INFINITY : delivery.window_bytes,
			resendAfterMs: delivery.resend_after_ms,
		},
	};
}

/** The broker's client id where the configuration names none. */
export function defaultClientId({ group, edge_node }: AgentConfig): string {
	return `pilotline-${group}-${edge_node}`;
}

/** Every file that a change of is a change of the configuration: itself, its tag lists, and the broker's password. */
export function configurationFiles(file: string, { devices, broker }: AgentConfig): string[] {
	const directory = dirname(resolve(file));
	const named = [broker.password_file, ...devices.map(({ tags_file }) => tags_file)];
	return [
		...new Set([file, ...named.flatMap((path) => (path === undefined ? [] : pathFrom(directory, path)))]),
	];
}
