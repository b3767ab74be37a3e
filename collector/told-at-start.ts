import { isPlain } from "../common/runtime/broker-config.ts";
import type { CollectorConfig } from "./config.ts";
import { isInsecure } from "./follower-config.ts";
import type { Specification } from "./specification.ts";
import type { CollectorTelemetry } from "./telemetry.ts";

/** Says what runs here, by which version it judges at first, and which connections anybody on the way can read. */
export function tellStart({
	config,
	targets,
	instance,
	specification,
	versions,
	telemetry,
}: {
	config: CollectorConfig;
	targets: readonly {
		readonly config: { readonly name: string };
		readonly target: { readonly url: URL };
	}[];
	instance: string;
	/** The one in force now. */
	specification: Specification | undefined;
	versions: number;
	telemetry: CollectorTelemetry;
}): void {
	telemetry.plainConnectionsAllowed({
		broker: isPlain(config.broker),
		api: config.api.insecure === true,
		destinations: config.destinations.filter(({ insecure }) => insecure).map(({ name }) => name),
		followers: targets.filter(({ target }) => isInsecure(target.url)).map(({ config: { name } }) => name),
	});
	telemetry.started({
		...{ host: config.host, instance },
		specification: specification?.product.code ?? "",
		version: specification?.version ?? 0,
		windows: specification?.windows.length ?? 0,
	});
	if (specification === undefined) telemetry.noSpecificationInForce({ versions });
}
