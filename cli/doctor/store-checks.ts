import { errorText } from "../../common/runtime/coded-error.ts";
import { ApiClient } from "../api-client.ts";
import { timeText } from "../table.ts";
import type { Patient } from "./doctor.ts";
import type { Subject } from "./finding.ts";

interface CollectorStatus {
	readonly nowMs: number;
	readonly host: string;
	readonly lastCommitError?: string;
	readonly edgeNodes: readonly {
		readonly group: string;
		readonly edgeNode: string;
		readonly online: boolean;
		readonly rivals: readonly number[];
	}[];
}

interface StoredTag {
	readonly group: string;
	readonly edgeNode: string;
	readonly unit: string;
	readonly tag: string;
	readonly samples: number;
	readonly lastSourceMs: number;
	readonly lastStatus: number;
}

const clockWarnMs = 2_000;

/** Whether the collector has the agent's edge node online; undefined when there is no collector to ask, or no answer. */
export async function collectorStatus({
	config,
	collectorUrl,
}: Patient): Promise<{ isNodeOnline: boolean | undefined }> {
	if (collectorUrl === undefined) return { isNodeOnline: undefined };
	try {
		const { edgeNodes } = await new ApiClient(collectorUrl).get<CollectorStatus>("/api/v1/status");
		const mine = edgeNodes.find(
			({ group, edgeNode }) => group === config.group && edgeNode === config.edge_node,
		);
		return { isNodeOnline: mine?.online ?? false };
	} catch {
		return { isNodeOnline: undefined };
	}
}

/** The far end: whether a value of this agent is in the collector's store. */
export function storeSubject({ config, collectorUrl, isRunning }: Patient): Subject {
	return {
		about: "store",
		look: async (report) => {
			if (collectorUrl === undefined) {
				report("collector", "unknown", "not asked", "say --collector URL, or --collector collector.yaml");
				return;
			}
			const api = new ApiClient(collectorUrl);
			let status: CollectorStatus;
			const beforeMs = Date.now();
			try {
				status = await api.get<CollectorStatus>("/api/v1/status");
			} catch (error) {
				report(
					"collector",
					"fail",
					errorText(error),
					"see that it runs; its API listens on its own host only, so run doctor there, or through a tunnel",
				);
				return;
			}
			const tookMs = Date.now() - beforeMs;
			if (status.lastCommitError === undefined)
				report("collector", "ok", `${status.host} answers in ${tookMs} ms`);
			else report("collector", "fail", `it cannot store: ${status.lastCommitError}`);
			if (!config.hosts.some(({ id }) => id === status.host))
				report(
					"host id",
					"fail",
					`${status.host} is none of hosts[].id (${config.hosts.map(({ id }) => id).join(", ") || "none"})`,
					"the agent keeps its journal for the hosts that it knows: correct hosts",
				);
			const aheadMs = Math.round(status.nowMs - beforeMs - tookMs / 2);
			const clock = `${Math.abs(aheadMs)} ms ${aheadMs < 0 ? "behind" : "ahead of"} this host`;
			if (Math.abs(aheadMs) <= clockWarnMs + tookMs) report("clock", "ok", clock);
			else report("clock", "warn", clock, "set both clocks by the same NTP server");
			const mine = status.edgeNodes.find(
				({ group, edgeNode }) => group === config.group && edgeNode === config.edge_node,
			);
			if (mine === undefined) {
				const level = isRunning ? "fail" : "unknown";
				report(
					"edge node",
					level,
					"the collector has never heard of it",
					isRunning
						? "see broker, its rights, and the collector's groups"
						: "start the agent, and look again",
				);
				return;
			}
			if (mine.rivals.length > 0)
				report(
					"edge node",
					"fail",
					"two agents publish under its name; nothing of it is stored",
					"give one of them another edge_node",
				);
			else if (mine.online)
				report(
					"edge node",
					"ok",
					isRunning ? "online" : "online, and not from this data directory",
					isRunning ? "" : "is another agent of the same name running?",
				);
			else report("edge node", isRunning ? "fail" : "ok", "offline", isRunning ? "see broker" : "");
			const { tags } = await api.get<{ tags: StoredTag[] }>("/api/v1/tags");
			const newest = tags
				.filter(({ group, edgeNode }) => group === config.group && edgeNode === config.edge_node)
				.sort((a, b) => b.lastSourceMs - a.lastSourceMs)[0];
			if (newest === undefined)
				report("value", isRunning ? "fail" : "unknown", "none of this agent is stored");
			else
				report(
					"value",
					"ok",
					`${newest.unit}/${newest.tag}, source time ${timeText(newest.lastSourceMs)} UTC, the newest of ${tags.length} tags`,
				);
		},
	};
}
