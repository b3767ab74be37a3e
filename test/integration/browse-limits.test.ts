import type { Namespace } from "node-opcua";
import { expect, onTestFinished, test } from "vitest";
import { inSession } from "../../agent/source/browsing/connect.ts";
import { SpaceReader } from "../../agent/source/browsing/space-reader.ts";
import { type Survey, survey } from "../../agent/source/browsing/survey.ts";
import { systemClock } from "../../common/runtime/clock.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { sourceConfig } from "./source-rig.ts";
import { SpaceServer } from "./space-server.ts";

const folders = 4;
const perFolder = 1_200;

function build(namespace: Namespace): void {
	for (let folder = 0; folder < folders; folder++) {
		const parent = namespace.addFolder("ObjectsFolder", { browseName: `Unit${folder}` });
		for (let index = 0; index < perFolder; index++)
			namespace.addVariable({ organizedBy: parent, browseName: `T${index}`, dataType: "Int32" });
	}
}

test("a server with one continuation point, and longer lists than an answer holds, is browsed whole", async () => {
	const server = await new SpaceServer({
		folder: temporaryFolder(),
		build,
		limits: { maxBrowseContinuationPoints: 1, maxNodesPerBrowse: 100, maxNodesPerRead: 77 },
	}).start();
	onTestFinished(() => server.stop());
	let refused = 0;
	server.server.on("response", (response: object) => {
		const { results } = response as { results?: { statusCode?: { name: string } }[] };
		for (const { statusCode } of results ?? []) if (statusCode?.name === "BadNoContinuationPoints") refused++;
	});
	const [config] = sourceConfig(server.port).servers;
	if (config === undefined) throw new Error("expected a server");
	const found = await inSession(config, systemClock, async (session) =>
		survey(await SpaceReader.open(session, new AbortController().signal), {
			from: undefined,
			include: [],
			exclude: ["T1"],
			withProperties: false,
			withValues: false,
			bounds: { nodesMax: 10_000, depthMax: 10 },
		}),
	);
	expect(refused).toBeGreaterThan(0);
	expect(found).not.toHaveProperty("error");
	const { variables, walk, facts } = found as Survey;
	expect(walk).toMatchObject({ nodes: 1 + folders * (1 + perFolder), failed: 0, stoppedBy: undefined });
	expect(variables).toHaveLength(folders * (perFolder - 1));
	expect(new Set([...facts.values()].map(({ tagType }) => tagType))).toEqual(new Set(["Int32"]));
});
