import { AttributeIds, type CallRequest, type OPCUAServer, type UAVariable } from "node-opcua";
import { expect, onTestFinished, test } from "vitest";
import type { ServerConfig } from "../../agent/config.ts";
import { inSession } from "../../agent/source/browsing/connect.ts";
import { systemClock } from "../../common/runtime/clock.ts";
import { runCommand } from "../helpers/run-command.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { wireTo } from "../helpers/wire.ts";
import { sourceConfig } from "./source-rig.ts";
import { buildKiln, SpaceServer } from "./space-server.ts";
import { tagLine } from "./tags-rig.ts";

const root = new URL("../../", import.meta.url).pathname;
const soon = { timeout: 20_000 };

/** Every service that changes nothing in the plant. */
const reading: ReadonlySet<string> = new Set([
	...["OpenSecureChannelRequest", "CloseSecureChannelRequest", "GetEndpointsRequest", "FindServersRequest"],
	...["CreateSessionRequest", "ActivateSessionRequest", "CloseSessionRequest", "CancelRequest"],
	...["BrowseRequest", "BrowseNextRequest", "TranslateBrowsePathsToNodeIdsRequest"],
	...["RegisterNodesRequest", "UnregisterNodesRequest", "ReadRequest", "HistoryReadRequest"],
	...["CreateSubscriptionRequest", "ModifySubscriptionRequest", "DeleteSubscriptionsRequest"],
	...["SetPublishingModeRequest", "PublishRequest", "RepublishRequest", "TransferSubscriptionsRequest"],
	...["CreateMonitoredItemsRequest", "ModifyMonitoredItemsRequest", "DeleteMonitoredItemsRequest"],
	...["SetMonitoringModeRequest", "SetTriggeringRequest"],
]);

/** ResendData and GetMonitoredItems of the Server object, ConditionRefresh of ConditionType: Part 5 §9.1, §9.2, Part 9 §5.5.7. */
const methods: ReadonlySet<string> = new Set([
	"ns=0;i=2253 ns=0;i=12873",
	"ns=0;i=2253 ns=0;i=11492",
	"ns=0;i=2253 ns=0;i=3875",
	"ns=0;i=2782 ns=0;i=3875",
]);

/** Services by the number of their requests; a call is named by its object and method. */
function record(server: OPCUAServer, seen: Map<string, number>): void {
	server.on("request", (request) => {
		const { name } = request.schema;
		const calls = name === "CallRequest" ? ((request as unknown as CallRequest).methodsToCall ?? []) : [];
		const names = calls.map(({ objectId, methodId }) => `${objectId.toString()} ${methodId.toString()}`);
		for (const one of name === "CallRequest" ? names : [name]) seen.set(one, (seen.get(one) ?? 0) + 1);
	});
}

test("nothing is written and no other method is called, from browsing over lost connections and servers to the end", async () => {
	const server = await new SpaceServer({ folder: temporaryFolder(), build: buildKiln }).start();
	onTestFinished(() => server.stop());
	const seen = new Map<string, number>();
	record(server.server, seen);
	const wire = await wireTo(server.port);
	const { host, agent, logged } = await tagLine({
		server,
		port: wire.port,
		folder: temporaryFolder(),
		device: {
			tags: [
				{ name: "byPath", path: "Kiln/Zone1/TT01" },
				{ name: "polled", path: "Kiln/Zone1/TT01", polling: { interval_ms: 100 } },
			],
			browse: { from: "Kiln", again_s: 10 },
		},
	});
	await expect.poll(() => host.values("Kiln", "byPath"), soon).toEqual([800]);

	const browsed = await runCommand(
		process.execPath,
		[
			"--disable-warning=ExperimentalWarning",
			"cli/main.ts",
			"browse",
			server.endpoint,
			"--insecure",
			"--json",
		],
		{ cwd: root, env: process.env, withinMs: 20_000 },
	);
	expect(browsed.code).toBe(0);

	const zone = server.namespace.findNode(`ns=${server.namespace.index};s=Zone1`) as UAVariable;
	const added = server.namespace.addVariable({
		...{ componentOf: zone, browseName: "TT03", nodeId: "s=Zone1.TT03", dataType: "Double" },
		value: { dataType: "Double", value: 3 },
	});
	await expect.poll(() => host.values("Kiln", "Zone1.TT03"), soon).toEqual([3]);
	server.namespace.deleteNode(added.nodeId);
	await expect.poll(() => host.values("Kiln", "Zone1.TT03").at(-1), soon).toBeNull();

	await expect.poll(() => seen.get("DeleteMonitoredItemsRequest") ?? 0, soon).toBeGreaterThan(0);

	const lost = () => logged.filter(({ msg }) => String(msg).startsWith("plant server lost")).length;
	const connected = () => logged.filter(({ msg }) => String(msg).startsWith("plant server connected")).length;
	wire.down = true;
	wire.cut();
	await expect.poll(lost, soon).toBe(1);
	wire.down = false;
	await expect.poll(connected, soon).toBe(2);

	await server.stop();
	await expect.poll(lost, soon).toBe(2);
	await server.start();
	record(server.server, seen);
	await expect.poll(connected, soon).toBe(3);
	await agent.stop();

	const forbidden = [...seen.keys()].filter((name) => !reading.has(name) && !methods.has(name));
	expect(forbidden).toEqual([]);
	// The scenario went where requests that write could have been.
	for (const name of [
		...["BrowseRequest", "TranslateBrowsePathsToNodeIdsRequest", "ReadRequest", "PublishRequest"],
		...["CreateMonitoredItemsRequest", "DeleteMonitoredItemsRequest", "CloseSessionRequest"],
		"RegisterNodesRequest",
	])
		expect(seen.get(name), name).toBeGreaterThan(0);
});

test("a write and a call of another method would be noticed", async () => {
	const server = await new SpaceServer({ folder: temporaryFolder(), build: buildKiln }).start();
	onTestFinished(() => server.stop());
	const seen = new Map<string, number>();
	record(server.server, seen);
	const [config] = sourceConfig(server.port).servers;
	await inSession(config as ServerConfig, systemClock, async (session) => {
		const nodeId = `ns=${server.namespace.index};s=Zone1.TT01`;
		await session.write({
			nodeId,
			attributeId: AttributeIds.Value,
			value: { value: { dataType: "Double", value: 1 } },
		});
		await session.call({
			objectId: "i=2253",
			methodId: "i=11492",
			inputArguments: [{ dataType: "UInt32", value: 1 }],
		});
		await session.call({ objectId: "i=2253", methodId: "i=12749", inputArguments: [] });
	});
	const forbidden = [...seen.keys()].filter((name) => !reading.has(name) && !methods.has(name));
	expect(forbidden).toEqual(["WriteRequest", "ns=0;i=2253 ns=0;i=12749"]);
});
