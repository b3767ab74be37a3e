import { lookup } from "node:dns/promises";
import { connect } from "node:net";
import {
	AttributeIds,
	type ClientSession,
	type DataValue,
	ReadRequest,
	type ReadResponse,
	resolveNodeId,
} from "node-opcua";
import type { DeviceConfig, ServerConfig } from "../../agent/config.ts";
import type { ReadableTag } from "../../agent/pipeline.ts";
import { inSession } from "../../agent/source/browsing/connect.ts";
import { SpaceReader } from "../../agent/source/browsing/space-reader.ts";
import { securityText } from "../../agent/source/endpoint-choice.ts";
import { disconnect, within } from "../../agent/source/left-session.ts";
import { createClient } from "../../agent/source/opcua-session.ts";
import { askServer } from "../../agent/source/resolution/ask-server.ts";
import { knownTags, nothingResolved } from "../../agent/source/resolution/known-tags.ts";
import { ask, readAttributes } from "../../agent/source/service.ts";
import { severity } from "../../common/contract/status.ts";
import { systemClock } from "../../common/runtime/clock.ts";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import { parseNodeText } from "../../common/runtime/opcua-names.ts";
import { securityOf } from "../browse-server.ts";
import type { Patient } from "./doctor.ts";
import type { Report, Subject } from "./finding.ts";

const serverStateNode = "i=2259";
/** Part 5 §6.3.11 and §6.3.2: what a server says that it can do. */
const limits = [
	["items in a call", "i=11714"],
	["nodes in a read", "i=11705"],
	["nodes in a browse", "i=11710"],
	["shortest sampling, ms", "i=2272"],
] as const;
const clockWarnMs = 1_000;
const namedMax = 5;

/** One plant server, from its name to the first values of its tags. Nothing is written. */
export function serverSubject(patient: Patient, server: ServerConfig): Subject {
	return {
		about: `server ${server.name}`,
		look: async (report, signal) => {
			if (!(await isReached(server, report))) return;
			if (!(await offers(server, report))) return;
			const security =
				server.insecure === true ? undefined : securityOf(patient.config, patient.directory, server);
			let hasSession = false;
			try {
				await inSession(
					server,
					systemClock,
					async (session) => {
						hasSession = true;
						const inUse = security?.inUse ?? "None";
						if (server.insecure === true)
							report(
								"security",
								"warn",
								"None: what is read can be seen and changed on its way",
								"leave out insecure: true where the server offers more",
							);
						else report("security", "ok", `${inUse}; both certificates are trusted`);
						const { identity } = server;
						const who =
							typeof identity === "object" && "username" in identity
								? `user ${identity.username}`
								: typeof identity === "object"
									? "a certificate"
									: "anonymous";
						report("session", "ok", `as ${who}`);
						await clockDifference(session, report);
						await statedLimits(session, server, report);
						await tagsOf(session, patient, server, report, signal);
					},
					security,
				);
			} catch (error) {
				if (hasSession) throw error;
				refused(error, report);
			}
		},
	};
}

async function isReached({ endpoint, connect_timeout_ms }: ServerConfig, report: Report): Promise<boolean> {
	const { hostname, port } = new URL(endpoint.replace("opc.tcp:", "http:"));
	const host = hostname.replace(/^\[(.*)\]$/, "$1");
	return await reached(host, Number(port === "" ? 4840 : port), connect_timeout_ms, report);
}

/** The name and the port, before anybody speaks a protocol. */
export async function reached(
	host: string,
	port: number,
	withinMs: number,
	report: Report,
): Promise<boolean> {
	let addresses: string;
	try {
		addresses = (await lookup(host, { all: true })).map(({ address }) => address).join(", ");
	} catch (error) {
		report(
			"name",
			"fail",
			`${host} is not known: ${errorText(error)}`,
			"correct the host, or the DNS server of this machine",
		);
		return false;
	}
	if (addresses !== host) report("name", "ok", `${host} is ${addresses}`);
	const startedMs = performance.now();
	const socket = connect({ host, port, timeout: withinMs });
	const problem = await new Promise<string | undefined>((resolve) => {
		socket.once("connect", () => resolve(undefined));
		socket.once("timeout", () => resolve(`no answer within ${withinMs} ms`));
		socket.once("error", (error) => resolve(errorText(error)));
	});
	socket.destroy();
	const tookMs = Math.round(performance.now() - startedMs);
	if (problem === undefined) report("port", "ok", `${host}:${port} answers in ${tookMs} ms`);
	else
		report(
			"port",
			"fail",
			`${host}:${port}: ${problem}`,
			"see that it runs and listens there, and that no firewall is in between",
		);
	return problem === undefined;
}

/** OPC UA's hello, and what the server says it offers. */
async function offers(server: ServerConfig, report: Report): Promise<boolean> {
	const client = createClient();
	try {
		const ask = async () => {
			await client.connect(server.endpoint);
			return await client.getEndpoints({ endpointUrl: server.endpoint });
		};
		const endpoints = await within(systemClock, 2 * server.connect_timeout_ms, ask());
		const texts = [...new Set(endpoints.slice(0, 100).map(securityText))].slice(0, 12);
		report("endpoints", "ok", texts.join("; "));
		return true;
	} catch (error) {
		report("endpoints", "fail", errorText(error), "see that an OPC UA server (opc.tcp) listens there");
		return false;
	} finally {
		await disconnect(client, systemClock);
	}
}

/** Why there is no session; the codes say in which of the steps. */
function refused(error: unknown, report: Report): void {
	const code = error instanceof CodedError ? error.code : "";
	const text = errorText(error);
	if (code === "OPCUA_CERTIFICATE_REFUSED") {
		const trust = /cert trust [0-9a-f]{40}/.exec(text)?.[0];
		const todo =
			trust === undefined
				? "see agent/README.md, Certificates"
				: `compare the thumbprint with the server's own, then pilotline ${trust} --config FILE`;
		report("trust", "fail", text, todo);
	} else if (code === "OPCUA_OWN_CERTIFICATE_REFUSED")
		report(
			"trust",
			"fail",
			text,
			"pilotline cert show --config FILE names the file for the server's administrator",
		);
	else if (code === "OPCUA_SECURITY_NOT_OFFERED") report("security", "fail", text);
	else if (code === "OPCUA_IDENTITY_REFUSED" || code === "CONFIG_UNREADABLE") report("session", "fail", text);
	else report("session", "fail", text, "the server's own log says more");
}

async function clockDifference(session: ClientSession, report: Report): Promise<void> {
	const request = new ReadRequest({
		nodesToRead: [{ nodeId: serverStateNode, attributeId: AttributeIds.Value }],
	});
	const beforeMs = Date.now();
	const { responseHeader } = await ask<ReadResponse>(session, request);
	const tookMs = Date.now() - beforeMs;
	// The time of the answer itself: many servers write their CurrentTime only once a second.
	const serverMs = responseHeader.timestamp?.getTime() ?? 0;
	if (serverMs <= 0) {
		report("clock", "unknown", "the server does not tell its time");
		return;
	}
	const aheadMs = Math.round(serverMs - beforeMs - tookMs / 2);
	const text = `${Math.abs(aheadMs)} ms ${aheadMs < 0 ? "behind" : "ahead of"} this host, ± ${Math.ceil(tookMs / 2)} ms`;
	if (Math.abs(aheadMs) <= clockWarnMs + tookMs) report("clock", "ok", text);
	else
		report(
			"clock",
			"warn",
			text,
			"set both clocks by the same NTP server; plant time judges, so values keep the server's",
		);
}

async function statedLimits(session: ClientSession, server: ServerConfig, report: Report): Promise<void> {
	const found: string[] = [];
	let samplingMs = 0;
	for (const [name, nodeId] of limits) {
		const [limit] = await readAttributes(session, [nodeId], AttributeIds.Value);
		const value: unknown = limit?.value?.value;
		if (typeof value !== "number" || (value === 0 && nodeId !== "i=2272")) continue;
		if (nodeId === "i=2272") samplingMs = value;
		found.push(`${name} ${value}`);
	}
	const text = found.length === 0 ? "none stated" : found.join(", ");
	const wantedMs =
		server.sampling_interval_ms < 0 ? server.publishing_interval_ms : server.sampling_interval_ms;
	if (samplingMs > wantedMs && wantedMs > 0)
		report("limits", "warn", text, `sampling_interval_ms ${wantedMs} is shorter than the server samples`);
	else report("limits", "ok", text);
}

async function tagsOf(
	session: ClientSession,
	{ config, sample }: Patient,
	server: ServerConfig,
	report: Report,
	signal: AbortSignal,
): Promise<void> {
	const devices = config.devices.filter((device) => device.server === server.name);
	const space = await SpaceReader.open(session, signal);
	const namespaces = await space.namespaces();
	const found: { device: DeviceConfig; tag: ReadableTag }[] = [];
	const troubles: string[] = [];
	for (const device of devices) {
		if (!namespaces.includes(device.namespace)) {
			report(
				"tags",
				"fail",
				`device ${device.name}: no namespace ${device.namespace} among ${namespaces.join(", ")}`,
				"correct devices[].namespace",
			);
			continue;
		}
		const answer = await askServer(space, namespaces, device, nothingResolved);
		for (const { tag, reason } of answer.troubles) troubles.push(`${device.name}/${tag}: ${reason}`);
		found.push(...knownTags(device, answer.resolved).map((tag) => ({ device, tag })));
	}
	const nodeIds = found.map(({ device, tag }) => nodeIdOf(tag, device, namespaces));
	const named = troubles.slice(0, namedMax).join("; ");
	if (troubles.length > 0)
		report(
			"tags",
			"fail",
			`${found.length} known, ${troubles.length} not: ${named}${troubles.length > namedMax ? "; …" : ""}`,
			"correct their node, path or type",
		);
	else if (found.length === 0) report("tags", "fail", "none", "pilotline browse shows what the server has");
	else report("tags", "ok", `${found.length} known`);
	// Spread over all of them, so that every device is among them.
	const step = Math.max(1, found.length / sample);
	const some = Array.from({ length: Math.min(sample, found.length) }, (_, index) => Math.floor(index * step));
	const startedMs = performance.now();
	const values: (DataValue | undefined)[] = [];
	for (const place of some) {
		const nodeId = nodeIds[place];
		values.push(
			nodeId === undefined ? undefined : (await readAttributes(session, [nodeId], AttributeIds.Value))[0],
		);
	}
	const tookMs = Math.round(performance.now() - startedMs);
	const bad = some.flatMap((place, index) => {
		const status = values[index]?.statusCode;
		const { device, tag } = found[place] as (typeof found)[number];
		if (status !== undefined && severity(status.value) !== "bad") return [];
		return [`${device.name}/${tag.name} ${status?.name ?? "no such namespace"}`];
	});
	if (some.length === 0) return;
	const text = `${some.length - bad.length} of ${some.length} tags read have one, in ${tookMs} ms`;
	if (bad.length === 0) report("first values", "ok", text);
	else {
		const all = `${text}; ${bad.slice(0, namedMax).join(", ")}${bad.length > namedMax ? ", …" : ""}`;
		report(
			"first values",
			bad.length === some.length ? "fail" : "warn",
			all,
			"a Bad value is the server's word: look at the node there",
		);
	}
}

/** As the server has it now; undefined when it does not have the namespace. */
function nodeIdOf(tag: ReadableTag, device: DeviceConfig, namespaces: readonly string[]): string | undefined {
	const parsed = parseNodeText(tag.node);
	const index = namespaces.indexOf(parsed?.namespace ?? device.namespace);
	if (parsed === undefined || index < 0) return undefined;
	return resolveNodeId(`ns=${index};${parsed.id}`).toString();
}
