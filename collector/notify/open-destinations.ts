import { pathFrom } from "../../common/runtime/config-values.ts";
import { readSecretFile } from "../../common/runtime/secret-file.ts";
import type { CollectorConfig } from "../config.ts";
import type { NotifierOptions } from "./notifier.ts";
import { parseSecret } from "./signature.ts";

/** Destinations with their signing keys; `directory` is where the configuration file lies. @throws CodedError for a secret that cannot be used */
export async function openDestinations(
	destinations: CollectorConfig["destinations"],
	directory: string,
): Promise<NotifierOptions["destinations"]> {
	return await Promise.all(
		destinations.map(async (destination) => {
			const path = pathFrom(directory, destination.secret_file);
			return { ...destination, key: parseSecret(await readSecretFile(path), path) };
		}),
	);
}
