import { describeWithMaven, mavenClassPath } from "./maven-build.ts";
import { javaArguments, Program, type ProgramEvent } from "./program.ts";

/** A metric as both programs take and give it; integers of 64 bits and times are decimal text. */
export interface TahuMetric {
	name: string | null;
	type: string;
	value: unknown;
	alias?: string;
	/** Milliseconds since 1970; now, when it is left out. */
	timestamp?: string | null;
	isNull?: boolean;
	historical?: boolean;
	transient?: boolean;
	/** The property Quality, an Int32. */
	quality?: number | null;
	properties?: Record<string, { type: string; value: unknown }>;
	metadata?: Record<string, unknown>;
}

export type TahuEvent = ProgramEvent;

/** A suite that needs Tahu's programs. */
export const describeWithTahu = describeWithMaven;

async function javaProgram(name: string): Promise<string[]> {
	return javaArguments(await mavenClassPath("tahu"), `pilotline.interop.${name}`);
}

interface Login {
	clientId?: string;
	username?: string;
	password?: string;
}

export interface TahuEdgeOptions extends Login {
	url: string;
	group: string;
	edge: string;
	device: string;
	/** Gives metrics aliases in births and sends only those in data. */
	aliases?: boolean;
	/** Waits for this host's STATE before it publishes births. */
	primaryHost?: string;
	/** Of the first connection. */
	bdSeq?: number;
	/** Where the type of a command's metric comes from when the command has none; `none` is Tahu's own example. */
	commandTypes?: "birth" | "none";
	rebirthDebounceMs?: number;
}

/** Tahu's EdgeClient: an edge node with one device. Nothing is connected before the command `birth`. */
export class TahuEdge extends Program {
	static async start({ url, group, edge, device, ...options }: TahuEdgeOptions): Promise<TahuEdge> {
		const args = [url, group, edge, device, JSON.stringify(options)];
		return new TahuEdge("TahuEdge", "java", [...(await javaProgram("TahuEdge")), ...args]);
	}
}

export interface TahuHostOptions extends Login {
	url: string;
	hostId: string;
	group: string;
	/** False: it begins with a STATE that says offline. */
	online?: boolean;
	/** How long it waits for a missing sequence number before it asks for a rebirth. */
	reorderTimeoutMs?: number;
}

/** Tahu's HostApplication; connects at once, and says `ready` when it is subscribed. */
export class TahuHost extends Program {
	static async start({ url, hostId, group, ...options }: TahuHostOptions): Promise<TahuHost> {
		const args = [url, hostId, group, JSON.stringify(options)];
		return new TahuHost("TahuHost", "java", [...(await javaProgram("TahuHost")), ...args]);
	}
}
