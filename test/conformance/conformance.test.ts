import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { describe, expect, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { eventually } from "../simulators/plant/eventually.ts";
import { type Capture, type Check, type Looked, metricsOf, said } from "./capture.ts";
import { clauses, elsewhere } from "./clauses.ts";
import { commonViolations } from "./common-violations.ts";
import { edgeConnectionChecks } from "./edge-connection-checks.ts";
import { edgeMessageChecks } from "./edge-message-checks.ts";
import { edgeOrderChecks } from "./edge-order-checks.ts";
import { edgePayloadChecks } from "./edge-payload-checks.ts";
import { edgeRun } from "./edge-run.ts";
import { hostChecks } from "./host-checks.ts";
import { hostCommandChecks } from "./host-command-checks.ts";
import { hostRun } from "./host-run.ts";
import { setups } from "./servers.ts";
import { markdown, type Row, withTable } from "./table.ts";
import { edgeUnpublishedChecks, hostUnpublishedChecks, unpublishedChecks } from "./unpublished-checks.ts";

const checks = {
	edge: [
		...edgeConnectionChecks,
		...edgeMessageChecks,
		...edgeOrderChecks,
		...edgePayloadChecks,
		...edgeUnpublishedChecks,
		...unpublishedChecks,
	],
	host: [...hostChecks, ...hostCommandChecks, ...hostUnpublishedChecks, ...unpublishedChecks],
} satisfies Record<string, readonly Check[]>;
const roles = ["edge", "host"] as const;
const setupNames = Object.keys(setups);
const document = join(import.meta.dirname, "README.md");

interface Found {
	readonly captures: Readonly<Record<(typeof roles)[number], Capture>>;
	readonly noted: ReadonlyMap<string, Looked>;
}

const found = new Map<string, Found>();

function looked(setup: string, role: (typeof roles)[number], id: string): Looked | undefined {
	const run = found.get(setup);
	if (run === undefined) throw new Error("expected the scenarios to have run");
	if (role === "host" && run.noted.has(id)) return run.noted.get(id);
	const all = checks[role].filter((check) => check.ids.includes(id));
	if (all.length === 0) return undefined;
	const looks = all.map((check) => check.look(run.captures[role]));
	return {
		seen: Math.min(...looks.map(({ seen }) => seen)),
		wrong: looks.flatMap(({ wrong }) => wrong),
	};
}

const none = (role: (typeof roles)[number], id: string) =>
	checks[role].find(({ ids, none: reason }) => reason !== undefined && ids.includes(id))?.none;
const protocolOf = (role: (typeof roles)[number], id: string) =>
	checks[role].find(({ ids }) => ids.includes(id))?.protocol;
const applies = (setup: string, role: (typeof roles)[number], id: string) =>
	(protocolOf(role, id) ?? setup.slice(-3)) === setup.slice(-3) || setup.endsWith(protocolOf(role, id) ?? "");
const concerns = clauses.flatMap((clause) =>
	roles
		.filter((role) => clause.role === role || clause.role === "both")
		.map((role) => ({ clause, role, id: clause.id })),
);

describe("the clauses", () => {
	test("are all there, each of them is looked at, and nothing else is", () => {
		expect(clauses).toHaveLength(299);
		const noted = [
			"host-action-ndeath-node-offline",
			"host-action-ndeath-node-tags-stale",
			"host-action-ndeath-devices-offline",
			"host-action-ndeath-devices-tags-stale",
			"host-action-ddeath-devices-offline",
			"host-action-ddeath-devices-tags-stale",
		].map((id) => `operational-behavior-edge-node-termination-${id}`);
		const reordering = ["param", "start", "rebirth", "success"].map(
			(id) => `operational-behavior-host-reordering-${id}`,
		);
		const known = (role: "edge" | "host") =>
			new Set([
				...checks[role].flatMap(({ ids }) => ids),
				...Object.keys(elsewhere),
				...(role === "host" ? [...noted, ...reordering] : []),
			]);
		const unseen = concerns.filter(({ role, id }) => !known(role).has(id));
		expect(unseen.map(({ role, id }) => `${role}: ${id}`)).toEqual([]);
		for (const role of roles) {
			const ids = new Set(clauses.map(({ id }) => id));
			expect([...known(role)].filter((id) => !ids.has(id))).toEqual([]);
		}
	});

	test.each(Object.entries(elsewhere))("tck-id-%s is shown by %s", (id, file) => {
		expect(existsSync(file)).toBe(true);
		expect(readFileSync(file, "utf8")).toContain(`tck-id-${id}`);
	});
});

describeWithPeer("mosquitto", "Sparkplug 3.0, clause by clause", (mosquitto) => {
	test("an edge node and a host live through everything, on every kind of server", async () => {
		await Promise.all(
			Object.entries(setups).map(async ([name, start]) => {
				const [edge, host] = await Promise.all([
					start(mosquitto).then(edgeRun),
					start(mosquitto).then(hostRun),
				]);
				found.set(name, { captures: { edge, host: host.capture }, noted: host.noted });
			}),
		);
	}, 120_000);

	describe.each(setupNames)("%s", (setup) => {
		test.each(concerns.filter(({ role, id }) => elsewhere[id] === undefined && applies(setup, role, id)))(
			"$role: tck-id-$id",
			({ role, id, clause }) => {
				const result = looked(setup, role, id);
				expect(result?.wrong, clause.text).toEqual([]);
				if (none(role, id) === undefined) expect(result?.seen, "occasions").toBeGreaterThan(0);
			},
		);

		test.each(
			roles.flatMap((role) =>
				checks[role]
					.filter(({ protocol }) => protocol === undefined || setup.endsWith(protocol))
					.map((check) => ({ role, check, name: check.ids[0] })),
			),
		)("$role: a party that breaks $name is found out", ({ role, check }) => {
			const spoiled = structuredClone(found.get(setup)?.captures[role]);
			if (spoiled === undefined) throw new Error("expected the scenarios to have run");
			check.spoil(spoiled);
			expect(check.look(spoiled).wrong).not.toEqual([]);
		});
	});

	describe("what others were seen to get wrong would be found in us", () => {
		const capture = (role: (typeof roles)[number], setup = "Mosquitto, 5.0"): Capture => {
			const found_ = found.get(setup)?.captures[role];
			if (found_ === undefined) throw new Error("expected the scenarios to have run");
			return structuredClone(found_);
		};

		test.each(commonViolations)("$title", ({ role, id, spoil }) => {
			const wrong = (of: Capture) =>
				checks[role].filter(({ ids }) => ids.includes(id)).flatMap((check) => check.look(of).wrong);
			const spoiled = capture(role);
			expect(wrong(spoiled)).toEqual([]);
			spoil(spoiled);
			expect(wrong(spoiled)).not.toEqual([]);
		});

		test("6. each party speaks the version of MQTT that it was given", () => {
			for (const setup of setupNames)
				for (const role of roles)
					for (const { protocol } of capture(role, setup).connections)
						expect(setup.endsWith(protocol)).toBe(true);
		});

		test("7. signed integers are sign-extended to 32 or 64 bits, and UInt32 stands in int_value", () => {
			const [birth] = said(capture("edge"), "DBIRTH").filter(({ device }) => device === "F500");
			const aliases = new Map(metricsOf(birth).map(({ name = "", alias }) => [alias, name]));
			const whole = said(capture("edge"), "DDATA").find(
				(message) => message.device === "F500" && metricsOf(message).length > 10,
			);
			const values = Object.fromEntries(
				metricsOf(whole).map(({ alias, int_value, long_value }) => [
					aliases.get(alias),
					int_value ?? long_value,
				]),
			);
			expect(values).toMatchObject({
				...{ Int81: 2 ** 32 - 128, Int161: 2 ** 32 - 32_768, Int321: 2 ** 31 },
				...{ UInt81: 255, UInt161: 65_535, UInt321: 2 ** 32 - 1 },
				...{ Int641: (2n ** 63n).toString(), UInt641: (2n ** 64n - 1n).toString() },
			});
		});
	});

	test.each(setupNames)("12. %s: a server gives out the will of whoever is pushed out", async (setup) => {
		const servers = await (setups[setup] as (typeof setups)[string])(mosquitto);
		const url = `mqtt://127.0.0.1:${servers.ports[0]}`;
		const options = { protocolVersion: servers.protocol === "5.0" ? 5 : 4, reconnectPeriod: 0 } as const;
		const listener = await connectAsync(url, options);
		const heard: string[] = [];
		listener.on("message", (topic) => heard.push(topic));
		await listener.subscribeAsync("spBv1.0/#");
		const will = {
			topic: "spBv1.0/site/NDEATH/agent",
			payload: Buffer.from("x"),
			qos: 1,
			retain: false,
		} as const;
		const one = await connectAsync(url, { ...options, clientId: "twice", will });
		const other = await connectAsync(url, { ...options, clientId: "twice" });
		await eventually(() => heard.includes(will.topic));
		for (const client of [one, other, listener]) await client.endAsync(true);
	});

	test("the table in README.md says what was found", () => {
		const rows: Row[] = clauses.flatMap((clause): Row[] => {
			const { id } = clause;
			if (clause.role === "broker") {
				const shown = "a demand on the MQTT server";
				return [{ clause, role: "broker", shown, results: setupNames.map(() => "–") }];
			}
			return roles
				.filter((role) => clause.role === role || clause.role === "both")
				.map((role) => {
					const file = elsewhere[id];
					const shown = file ?? none(role, id) ?? "the wire";
					const results = setupNames.map((setup) => {
						if (file !== undefined || !applies(setup, role, id)) return "–";
						const result = looked(setup, role, id);
						return result === undefined || result.wrong.length > 0 ? "fail" : "pass";
					});
					return { clause, role, shown, results };
				});
		});
		const written = readFileSync(document, "utf8");
		const wanted = withTable(written, markdown(rows, setupNames));
		if (process.env.PILOTLINE_WRITE_TABLE === "1") writeFileSync(document, wanted);
		else expect(written, "run it with PILOTLINE_WRITE_TABLE=1 and look at what changed").toBe(wanted);
	});
});
