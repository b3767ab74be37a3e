import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import { pathFrom } from "../../common/runtime/config-values.ts";
import { readSecretFile } from "../../common/runtime/secret-file.ts";
import type { FollowerConfig } from "../config.ts";
import { InfluxDb1Transport } from "./influxdb1-transport.ts";
import { InfluxDb2Transport } from "./influxdb2-transport.ts";
import type { Transport, TransportTarget } from "./transport.ts";

/** A configured follower with its secrets. */
export interface FollowerTarget {
	readonly config: FollowerConfig;
	readonly target: TransportTarget;
	/**
	 * Its name and a hash of where it writes to: the place it has reached is kept under it, because a follower that is
	 * pointed at another database begins anew.
	 */
	readonly id: string;
}

/** Reads the files that the followers' configurations name. @throws CodedError CONFIG_UNREADABLE */
export async function followerTargets(
	configs: readonly FollowerConfig[],
	directory: string,
): Promise<FollowerTarget[]> {
	return await Promise.all(configs.map((config) => followerTarget(config, directory)));
}

async function followerTarget(config: FollowerConfig, directory: string): Promise<FollowerTarget> {
	const secret = async (file: string | undefined) =>
		file === undefined ? undefined : await readSecretFile(pathFrom(directory, file));
	const url = new URL(config.url);
	const database = config.database ?? config.bucket ?? "";
	const place = [config.kind, url.href, database, config.retention_policy ?? "", config.org ?? ""];
	const hash = createHash("sha256").update(JSON.stringify(place)).digest("hex").slice(0, 12);
	return {
		config,
		id: `${config.name}@${hash}`,
		target: {
			url,
			database,
			retentionPolicy: config.retention_policy,
			org: config.org,
			username: config.username,
			password: await secret(config.password_file),
			token: await secret(config.token_file),
			ca:
				config.ca_file === undefined ? undefined : await readAuthorities(pathFrom(directory, config.ca_file)),
			timeoutMs: config.timeout_ms,
		},
	};
}

/** The way to a follower's database. */
export function transportOf({ config, target }: FollowerTarget): Transport {
	if (config.kind === "influxdb1") return new InfluxDb1Transport(target);
	return new InfluxDb2Transport(config.kind === "influxdb2" ? 2 : 3, target);
}

async function readAuthorities(path: string): Promise<string> {
	try {
		return await readFile(path, "utf8");
	} catch (error) {
		throw new CodedError("CONFIG_UNREADABLE", `expected certificates in ${path}: ${errorText(error)}`, {
			cause: error,
		});
	}
}
