import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { DatatypeName } from "../../common/contract/datatype.ts";
import type { Dashboard } from "../../dashboards/grafana/dashboard-model.ts";
import { dashboardFiles } from "../../dashboards/grafana/generate.ts";
import { readPlant } from "../../dashboards/grafana/plant-files.ts";
import { FollowerRig, ownStore, type RigSample } from "../collector/followers/follower-rig.ts";
import { beganMs } from "../collector/store/known-store.ts";
import { verdictCommit } from "../collector/store/verdict-commit.ts";
import { Influxd } from "../helpers/influxd.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { asked } from "./pictures/answers.ts";

const place = (path: string) => fileURLToPath(new URL(`../../examples/pilot-line/${path}`, import.meta.url));
const [agentFile, specificationFile] = [place("agent.yaml"), place("specification.yaml")] as const;
const minutes = 30;
const endMs = beganMs + minutes * 60_000;
const period = { fromMs: beganMs, toMs: endMs };

describeWithPeer(
	"influxdb",
	"every query of every dashboard, on a real InfluxDB 1 with a run that has a violation and a gap",
	(program) => {
		test("answers with its columns, and is not empty", async () => {
			const influxd = await Influxd.start(program);
			try {
				await influxd.query("CREATE DATABASE plant");
				const { units, windows } = readPlant(agentFile, specificationFile);
				const line = await ownStore();
				for (const { name, tags } of units) {
					const samples: RigSample[] = [];
					for (const { name: tag, type } of tags) {
						await line.series(name, tag, type as DatatypeName);
						for (let minute = 0; minute < minutes; minute += 3) {
							const value = type === "String" ? `${tag} ${minute}` : type === "Boolean" ? 1 : minute;
							const exact = type === "Int64" || type === "UInt64" ? BigInt(minute) : value;
							samples.push({
								tag,
								atMs: beganMs + minute * 60_000,
								value: exact,
								status: minute === 27 ? 0x80310000 : 0,
							});
						}
					}
					await line.samples(name, samples);
					await line.commit({
						gaps: [
							{
								...{
									id: `gap ${name}`,
									edgeNode: 1,
									device: name,
									tags: [],
									fromMs: beganMs,
									toMs: beganMs + 60_000,
								},
								...{ cause: "server_unreachable", backfilled: false, noticedMs: beganMs },
							},
						],
						occurrences: windows
							.filter(({ unit }) => unit === name)
							.map(({ id: window, tag }) => ({
								...{ id: `violation of ${window}`, window, specVersion: 1, unit: name, tag },
								...{ batch: "B1", lot: "L1", phase: "P", side: "high" as const, limit: 1, extreme: 2 },
								...{ startedMs: beganMs, raisedMs: beganMs, clearedMs: undefined, clearedBy: undefined },
							})),
						visits: [
							{
								unit: name,
								batch: "B1",
								lot: "L1",
								recipe: "R1",
								fromMs: beganMs,
								toMs: endMs,
								startObserved: true,
							},
						],
						lots: [{ lot: "L1", openedMs: beganMs, closedMs: endMs, observedWhole: true }],
						limits: windows
							.filter(({ unit }) => unit === name)
							.map(({ id, unit, tag, low, high }) => ({
								...{ id: `run of ${id}`, window: id, unit, tag, low, high, specVersion: 1 },
								...{ batch: "B1", lot: "L1", fromMs: beganMs, toMs: undefined, atMs: beganMs },
							})),
					});
				}
				await line.store.commitFinalVerdict(
					verdictCommit({
						...{ id: "v", lot: "L1", specVersion: 1, verdict: "out", violations: 1, windows: 1 },
						...{ reasons: ["one"], observedWhole: true, judgedMs: endMs - 1_000 },
					}),
				);
				const rig = new FollowerRig(line);
				await rig.follow({ name: "one", kind: "influxdb1", url: influxd.url, database: "plant" });
				await rig.until(({ writtenLines }) => writtenLines >= units.length * 2 + 2 + 2 * windows.length);
				await rig.caughtUp();
				expect(rig.status().refusedLines).toBe(0);

				let queries = 0;
				for (const text of dashboardFiles(agentFile, specificationFile).values()) {
					const { uid, panels, templating, annotations } = JSON.parse(text) as Dashboard;
					for (const { title, targets } of panels)
						for (const { query } of targets) {
							queries++;
							const rows = await influxd.query(asked(query, period, "1m"), "plant");
							const wanted = [...query.split(" FROM ")[0]!.matchAll(/(?:AS )?"([^"]+)"(?=,|$)/g)].map(
								([, name]) => name as string,
							);
							expect(wanted.length, `${uid}/${title}: ${query}`).toBeGreaterThan(0);
							const window = windows.find(({ unit, tag }) =>
								query.includes(`FROM "spec_limit" WHERE "unit" = '${unit}' AND "tag" = '${tag}'`),
							);
							for (const column of wanted)
								expect(
									rows.some((row) => row[column] !== null && row[column] !== undefined),
									`${uid}/${title}: ${column} of ${query}`,
								).toBe(
									// Nothing has ended a violation, and a limit that a window does not have is in no column.
									column !== "cleared_by" &&
										!(window !== undefined && window.low === undefined && /^(?:low|bottom)$/.test(column)) &&
										!(window !== undefined && window.high === undefined && /^(?:high|top)$/.test(column)),
								);
						}
					for (const { type, query } of templating.list)
						if (type === "query")
							expect(await influxd.query(query, "plant")).toEqual([{ key: "group", value: "site" }]);
					for (const { name, target } of annotations.list) {
						queries++;
						const [row] = await influxd.query(asked(target.query, period, "1m"), "plant");
						expect(row, `${uid}/${name}`).toMatchObject({
							text: expect.any(String),
							[target.tagsColumn]: expect.any(String),
						});
						if (target.timeEndColumn === "to_ms") expect(Number(row?.to_ms)).toBeGreaterThan(beganMs);
					}
				}
				expect(queries).toBeGreaterThan(80);
			} finally {
				await influxd.remove();
			}
		});
	},
);
