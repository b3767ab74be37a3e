import { errorText } from "../common/runtime/coded-error.ts";
import { ApiClient } from "./api-client.ts";
import { table, timeText } from "./table.ts";

/** What an agent says of itself, as far as it is shown. */
interface AgentStatus {
	readonly group: string;
	readonly edgeNode: string;
	readonly insecure: { readonly broker: boolean; readonly servers: readonly string[] };
	readonly broker: {
		readonly url: string;
		readonly connected: boolean;
		readonly hostsOnline: readonly string[];
	};
	readonly servers: readonly {
		readonly server: string;
		readonly security?: string;
		readonly endpoint?: string;
		readonly serviceLevel?: number;
		readonly connected: boolean;
		readonly tags: number;
		readonly tagsSubscribed: number;
		readonly tagsUnresolved?: number;
		readonly lastNotificationAgeMs?: number;
		readonly clockAheadMs?: number;
		readonly tagsTimeWrong?: { readonly future: number; readonly frozen: number };
		readonly lastError?: string;
	}[];
	readonly recorder: { readonly refusedSamples: number };
	readonly configuration?: {
		readonly lastReload?: {
			readonly at: string;
			readonly result: string;
			readonly changed: readonly string[];
			readonly problems: readonly string[];
		};
	};
	readonly journal: {
		readonly bytes: number;
		readonly hoursLeft?: number;
		readonly droppedRecords: number;
		readonly lastError?: string;
	};
	readonly delivery: { readonly mode: string; readonly unconfirmedRecords: number };
}

interface FollowerStatus {
	readonly name: string;
	readonly kind: string;
	readonly state: string;
	readonly waitingSamples: number;
	readonly lagMs: number;
	readonly overBound: boolean;
	readonly writtenLines: number;
	readonly refusedLines: number;
	readonly missingSamples: number;
	readonly deadLetterFile: string;
	readonly lastError?: string;
}

/** The same of a collector. */
interface CollectorStatus {
	readonly host: string;
	readonly broker: { readonly url: string; readonly connected: boolean };
	readonly insecure: readonly string[];
	readonly plantTimeMs?: number;
	readonly storedPerSecond: number;
	readonly waitingSamples: number;
	readonly lastCommitError?: string;
	readonly followers?: readonly FollowerStatus[];
	readonly edgeNodes: readonly {
		readonly group: string;
		readonly edgeNode: string;
		readonly online: boolean;
		readonly lastMessageMs?: number;
		readonly rivals: readonly number[];
	}[];
	readonly totals: {
		readonly samples: number;
		readonly gaps: number;
		readonly openOccurrences: number;
		readonly messages: { readonly waiting: number; readonly failed: number };
	} | null;
}

/** Below that, a server says that it is degraded, has no data or is in maintenance; OPC UA Part 4 §6.6.2.4.2. */
const healthyFrom = 200;
/** So soon somebody has to do something about a backlog. */
const hoursFew = 24;

interface Told {
	readonly address: string;
	readonly answer: unknown;
	readonly text: string;
	readonly troubles: readonly string[];
}

/**
 * Shows how agents and a collector do. Resolves with the exit code: 1 when one of them does not answer or has a trouble,
 * which stands under `troubles`.
 */
export async function status(options: {
	agent: readonly string[];
	api: string | undefined;
	json: boolean;
}): Promise<number> {
	const told = await Promise.all([
		...options.agent.map((url) => ask<AgentStatus>(url, "/status", agentText, agentTroubles)),
		...(options.api === undefined
			? []
			: [ask<CollectorStatus>(options.api, "/api/v1/status", collectorText, collectorTroubles)]),
	]);
	const troubles = told.flatMap((one) => one.troubles);
	if (options.json) {
		const answers = told.map(({ address, answer }) => ({ address, status: answer }));
		process.stdout.write(`${JSON.stringify({ well: troubles.length === 0, troubles, answers })}\n`);
	} else {
		const end = troubles.length === 0 ? "All is well." : `Troubles:\n  ${troubles.join("\n  ")}`;
		process.stdout.write(`${[...told.map(({ text }) => text), end].join("\n\n")}\n`);
	}
	return troubles.length === 0 ? 0 : 1;
}

async function ask<T>(
	url: string,
	path: string,
	textOf: (status: T) => string,
	troublesOf: (status: T) => string[],
): Promise<Told> {
	const address = url.replace(/\/$/, "");
	try {
		const answer = await new ApiClient(address).get<T>(path);
		const troubles = troublesOf(answer).map((trouble) => `${address}: ${trouble}`);
		return { address, answer, text: `${address}\n${textOf(answer)}`, troubles };
	} catch (error) {
		return { address, answer: null, text: `${address}\nno answer`, troubles: [errorText(error)] };
	}
}

function reloadText(reload: NonNullable<AgentStatus["configuration"]>["lastReload"]): string[] {
	if (reload === undefined) return [];
	const { at, result, changed } = reload;
	const what =
		result === "applied" ? `: ${changed.slice(0, 3).join(", ")}${changed.length > 3 ? " …" : ""}` : "";
	return [`configuration read again ${timeText(Date.parse(at))}, ${result}${what}`];
}

function agentText(status: AgentStatus): string {
	const { group, edgeNode, broker, servers, journal, delivery, configuration } = status;
	const rows = servers.map((server) => [
		server.server,
		server.connected ? "connected" : "lost",
		server.security ?? "",
		`${server.tagsSubscribed}/${server.tags}`,
		server.lastNotificationAgeMs === undefined
			? ""
			: `${(server.lastNotificationAgeMs / 1_000).toFixed(1)} s ago`,
		server.clockAheadMs === undefined ? "" : signedSeconds(server.clockAheadMs),
		server.endpoint ?? "",
	]);
	const left = journal.hoursLeft === undefined ? "" : `, room for ${Math.floor(journal.hoursLeft)} hours`;
	return [
		`agent ${group}/${edgeNode}, broker ${broker.url} ${broker.connected ? "connected" : "lost"}, hosts online: ${broker.hostsOnline.join(", ") || "none"}`,
		`delivery ${delivery.mode}, ${delivery.unconfirmedRecords} records unconfirmed; journal ${Math.ceil(journal.bytes / 1024)} KiB${left}`,
		...reloadText(configuration?.lastReload),
		table(["plant server", "state", "security", "tags", "heard", "clock", "endpoint"], rows),
	].join("\n");
}

function agentTroubles(status: AgentStatus): string[] {
	const { broker, servers, journal, recorder, configuration } = status;
	const { result, problems = [] } = configuration?.lastReload ?? {};
	return [
		...(result === "refused" || result === "failed"
			? [`the configuration was read again and ${result}: ${problems[0] ?? ""}`]
			: []),
		...(broker.connected ? [] : [`the broker ${broker.url} is not connected`]),
		...(broker.connected && broker.hostsOnline.length === 0 ? ["no host application is online"] : []),
		...servers
			.filter(({ connected }) => !connected)
			.map(({ server, lastError }) => `plant server ${server} is lost: ${lastError ?? "not reached yet"}`),
		...servers
			.filter(({ connected, tags, tagsSubscribed }) => connected && tagsSubscribed < tags)
			.map(
				({ server, tags, tagsSubscribed }) =>
					`plant server ${server} does not watch ${tags - tagsSubscribed} tags`,
			),
		...servers.flatMap(timeTroubles),
		...servers
			.filter(({ serviceLevel = healthyFrom }) => serviceLevel < healthyFrom)
			.map(
				({ server, serviceLevel }) =>
					`plant server ${server} says that it cannot serve as it should (ServiceLevel ${serviceLevel})`,
			),
		...servers
			.filter(({ tagsUnresolved = 0 }) => tagsUnresolved > 0)
			.map(
				({ server, tagsUnresolved }) => `plant server ${server} has not said what ${tagsUnresolved} tags are`,
			),
		...(journal.droppedRecords > 0
			? [`the journal was full and dropped ${journal.droppedRecords} records, which are gaps`]
			: []),
		...(journal.hoursLeft !== undefined &&
		journal.hoursLeft < hoursFew &&
		!(broker.connected && broker.hostsOnline.length > 0)
			? [`the journal is full in ${journal.hoursLeft.toFixed(1)} hours`]
			: []),
		...(journal.lastError === undefined ? [] : [`the journal: ${journal.lastError}`]),
		...(recorder.refusedSamples > 0 ? [`${recorder.refusedSamples} samples found no room and are gaps`] : []),
	];
}

/** A clock beside ours by more than this concerns the plant's time service. */
const skewMostMs = 2_000;

function timeTroubles({ server, clockAheadMs = 0, tagsTimeWrong }: AgentStatus["servers"][number]): string[] {
	const { future = 0, frozen = 0 } = tagsTimeWrong ?? {};
	return [
		...(Math.abs(clockAheadMs) > skewMostMs
			? [`the clock of plant server ${server} is ${signedSeconds(clockAheadMs)} beside ours`]
			: []),
		...(future > 0 ? [`${future} tags of ${server} have source times ahead of its clock`] : []),
		...(frozen > 0 ? [`${frozen} tags of ${server} have source times that stand still`] : []),
	];
}

function signedSeconds(ms: number): string {
	return `${ms < 0 ? "-" : "+"}${(Math.abs(ms) / 1_000).toFixed(1)} s`;
}

function collectorText(status: CollectorStatus): string {
	const { host, broker, plantTimeMs, storedPerSecond, waitingSamples, edgeNodes, totals } = status;
	const followers = (status.followers ?? []).map((follower) => [
		follower.name,
		follower.kind,
		follower.state.replace("_", " "),
		follower.waitingSamples === 0 ? "0" : `about ${follower.waitingSamples}`,
		`${(follower.lagMs / 1_000).toFixed(0)} s`,
		String(follower.writtenLines),
		String(follower.refusedLines),
	]);
	const rows = edgeNodes.map((node) => [
		`${node.group}/${node.edgeNode}`,
		node.online ? "online" : "offline",
		timeText(node.lastMessageMs),
	]);
	const known =
		totals === null
			? "the store does not answer"
			: `${totals.samples} samples, ${totals.gaps} gaps, ${totals.openOccurrences} open violations, ${totals.messages.waiting} messages waiting`;
	return [
		`collector ${host}, broker ${broker.url} ${broker.connected ? "connected" : "lost"}, ${storedPerSecond} values/s, ${waitingSamples} waiting${plantTimeMs === undefined ? "" : `, plant time ${timeText(plantTimeMs)}`}`,
		known,
		table(["edge node", "state", "last message (UTC)"], rows),
		...(followers.length === 0
			? []
			: [
					table(
						["follower", "kind", "state", "samples waiting", "behind", "lines written", "refused"],
						followers,
					),
				]),
	].join("\n");
}

function followerTroubles(follower: FollowerStatus): string[] {
	const { name, state, lastError, overBound, waitingSamples, refusedLines, missingSamples } = follower;
	return [
		...(lastError === undefined ? [] : [`follower ${name} is ${state}: ${lastError}`]),
		...(overBound
			? [`follower ${name} is further behind than its backlog allows, by about ${waitingSamples} samples`]
			: []),
		...(refusedLines > 0
			? [`follower ${name} refused ${refusedLines} lines, see ${follower.deadLetterFile}`]
			: []),
		...(missingSamples > 0 ? [`follower ${name} came too late for ${missingSamples} samples`] : []),
	];
}

function collectorTroubles(status: CollectorStatus): string[] {
	const { broker, edgeNodes, totals, lastCommitError, followers = [] } = status;
	const failed = totals?.messages.failed ?? 0;
	return [
		...(broker.connected ? [] : [`the broker ${broker.url} is not connected`]),
		...edgeNodes
			.filter(({ online }) => !online)
			.map(({ group, edgeNode }) => `edge node ${group}/${edgeNode} is offline`),
		...edgeNodes
			.filter(({ rivals }) => rivals.length > 0)
			.map(({ group, edgeNode }) => `two agents publish as ${group}/${edgeNode}; nothing of it is stored`),
		...(totals === null ? ["the store does not answer"] : []),
		...(lastCommitError === undefined ? [] : [`the store: ${lastCommitError}`]),
		...(failed > 0 ? [`${failed} messages could not be delivered`] : []),
		...followers.flatMap(followerTroubles),
	];
}
