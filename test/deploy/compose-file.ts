import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { parse } from "yaml";

export const root = join(import.meta.dirname, "../..");

export interface Service {
	readonly image: string;
	readonly profiles: readonly string[];
	readonly user: string;
	readonly group_add?: readonly string[];
	readonly read_only: boolean;
	readonly cap_drop: readonly string[];
	readonly security_opt: readonly string[];
	readonly command?: readonly string[];
	readonly environment?: Readonly<Record<string, string>>;
	readonly ports?: readonly string[];
	readonly volumes?: readonly string[];
	readonly tmpfs?: readonly string[];
	readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
	readonly healthcheck?: { readonly test: readonly string[] };
	readonly restart?: string;
	readonly mem_limit?: string;
	readonly hostname?: string;
}

export interface ComposeFile {
	readonly services: Readonly<Record<string, Service>>;
	readonly volumes: Readonly<Record<string, null>>;
}

export const composeText = readFileSync(join(root, "docker-compose.yml"), "utf8");

/** docker-compose.yml with variables of `.env` set as given, the others to their defaults. */
export function composeFile(variables: Readonly<Record<string, string>> = {}): ComposeFile {
	const filled = composeText.replace(
		/\$\{(\w+)(?::-([^}]*))?\}/g,
		(_, name: string, fallback = "") => variables[name] ?? fallback,
	);
	return parse(filled, { merge: true }) as ComposeFile;
}

export interface Mount {
	/** A path from the top of the tree, or the name of a volume. */
	readonly from: string;
	readonly isVolume: boolean;
	readonly to: string;
	readonly isReadOnly: boolean;
}

export function mountsOf({ volumes = [] }: Service): Mount[] {
	return volumes.map((text) => {
		const [from = "", to = "", mode] = text.split(":");
		const isVolume = !from.startsWith(".");
		return { from: isVolume ? from : posix.normalize(from), isVolume, to, isReadOnly: mode === "ro" };
	});
}

/** The mount that a path in the container lies in; the deepest one. */
export function mountAt(service: Service, path: string): Mount | undefined {
	return mountsOf(service)
		.filter(({ to }) => path === to || path.startsWith(`${to}/`))
		.toSorted((a, b) => b.to.length - a.to.length)[0];
}

/** The file of the tree that a path in the container is. */
export function fileAt(service: Service, path: string): string {
	const mount = mountAt(service, path);
	if (mount === undefined || mount.isVolume)
		throw new Error(`expected a file of the tree at ${path}, found ${mount?.from ?? "nothing mounted"}`);
	return posix.join(mount.from, path.slice(mount.to.length));
}

/** What of ours a service runs. */
export const ours = ["prepare", "simulator", "agent", "collector"] as const;
