import { globSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { agentConfig } from "../../agent/config.ts";
import { usersOf } from "../../cli/prepare/mosquitto-users.ts";
import { prepare } from "../../cli/prepare/prepare.ts";
import { collectorConfig } from "../../collector/config.ts";
import { specificationConfig } from "../../collector/specification.ts";
import { type ConfigKind, loadConfigFile } from "../../common/runtime/config-file.ts";
import { simulatorConfigKind } from "../../simulators/plant/config.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { composeFile, fileAt, mountAt, mountsOf, root, type Service } from "./compose-file.ts";
import { documentedVariables } from "./image-variables.ts";

const text = (file: string) => readFileSync(join(root, file), "utf8");
const compose = composeFile();
const service = (name: string) => compose.services[name] as Service;

/** The configuration that a service is started with, read as the service reads it. */
function configured<K extends ConfigKind<never>>(of: Service, kind: K, path?: string) {
	const file = path ?? of.command?.[(of.command ?? []).indexOf("--config") + 1] ?? "";
	return loadConfigFile(join(root, fileAt(of, file)), kind as never, of.environment ?? {}).value as never;
}

type Agent = ReturnType<typeof agentConfig.schema.parse>;
type Collector = ReturnType<typeof collectorConfig.schema.parse>;
type Simulator = ReturnType<typeof simulatorConfigKind.schema.parse>;

const inDemo = {
	agent: configured(service("agent"), agentConfig as never) as Agent,
	collector: configured(service("collector"), collectorConfig as never) as Collector,
	simulator: configured(service("simulator"), simulatorConfigKind as never) as Simulator,
};
const plant = composeFile({
	PILOTLINE_CONFIG: "./deploy/plant",
	PILOTLINE_SPECIFICATION: "./examples/pilot-line/specification.yaml",
});
const inPlant = {
	agent: configured(plant.services.agent as Service, agentConfig as never) as Agent,
	collector: configured(plant.services.collector as Service, collectorConfig as never) as Collector,
};

/** Lines of mosquitto.conf as key and value. */
const mosquitto = new Map(
	text(fileAt(service("mosquitto"), "/mosquitto/config/mosquitto.conf"))
		.split("\n")
		.filter((line) => /^[a-z]/.test(line))
		.map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]),
);
const users = usersOf(text("examples/mosquitto/acl"));
const published = (name: string) => (service(name).ports ?? []).map((port) => port.split(":").at(-1));

describe.each([
	["demo", inDemo],
	["plant", inPlant],
] as const)("the %s's configurations", (_, { agent, collector }) => {
	test("agent and collector keep their data in volumes of their own", () => {
		for (const [name, { data_dir }] of Object.entries({ agent, collector }))
			expect(mountAt(service(name), data_dir)).toMatchObject({
				from: `${name}-data`,
				to: data_dir,
				isReadOnly: false,
			});
	});

	test("both reach the broker at its name and port, encrypted, as users of its access control", () => {
		for (const { broker } of [agent, collector]) {
			expect(broker.url).toBe(`mqtts://mosquitto:${mosquitto.get("listener")}`);
			expect(users).toContain(broker.username);
			expect(broker.password_file).toBe(`/run/secrets/${broker.username}.password`);
			expect(broker.tls.ca_file).toBe("/run/secrets/authority.crt");
		}
		expect(published("mosquitto")).toEqual([mosquitto.get("listener")]);
		expect(agent.broker.username).toBe(`agent-${agent.edge_node}`);
		expect(collector.broker.username).toBe(`collector-${collector.host}`);
		expect(collector.groups).toContain(agent.group);
		expect(agent.hosts.map(({ id }) => id)).toEqual([collector.host]);
	});

	test("health checks ask where agent and collector answer, and the page's port is the one that is open", () => {
		expect(service("agent").healthcheck?.test.at(-1)).toBe(
			`http://${agent.status.host}:${agent.status.port}`,
		);
		expect(service("collector").healthcheck?.test.at(-1)).toBe(`http://127.0.0.1:${collector.api.port}`);
		expect(published("collector")).toEqual([String(collector.api.port)]);
	});

	test("the collector writes where InfluxDB was set up, and judges by a sound specification that is mounted", () => {
		const { environment = {}, healthcheck } = service("influxdb");
		const [follower] = collector.followers;
		expect(follower).toMatchObject({
			kind: "influxdb2",
			url: `https://influxdb:${new URL(healthcheck?.test.at(-1) ?? "").port}`,
			org: environment.DOCKER_INFLUXDB_INIT_ORG,
			bucket: environment.DOCKER_INFLUXDB_INIT_BUCKET,
			ca_file: "/run/secrets/authority.crt",
		});
		for (const path of collector.specification) {
			const specification = join(root, fileAt(service("collector"), path));
			const { value } = loadConfigFile(specification, specificationConfig, {});
			expect(value.windows.length).toBeGreaterThan(20);
		}
		expect(collector.specification.length).toBeGreaterThan(0);
	});
});

test("the demo's agent reads the tags of the example from the simulator, whose health check names the same ports", () => {
	const example = loadConfigFile(join(root, "examples/pilot-line/agent.yaml"), agentConfig, {}).value;
	expect(inDemo.agent.devices).toEqual(example.devices);
	const { servers, host, host_name } = inDemo.simulator;
	expect([host, host_name]).toEqual(["0.0.0.0", "simulator"]);
	const ports = Object.entries(servers).map(([name, { port }]) => [name.replaceAll("_", "-"), port]);
	const agentPorts = inDemo.agent.servers.map(({ name, endpoint }) => {
		const { hostname, port } = new URL(endpoint);
		expect(hostname).toBe("simulator");
		return [name, Number(port)];
	});
	expect(agentPorts).toEqual(ports);
	const asked = (service("simulator").healthcheck?.test ?? []).filter((part) => part.startsWith("opc.tcp:"));
	expect(asked.map((url) => Number(new URL(url).port))).toEqual(ports.map(([, port]) => port));
	expect(mountAt(service("simulator"), inDemo.simulator.data_dir)?.from).toBe("simulator-data");
	expect(inDemo.collector).toMatchObject({ simulated: true, route: expect.arrayContaining(["U500"]) });
});

test("every variable of our services is named in a configuration that they are given", () => {
	for (const name of ["simulator", "agent", "collector"]) {
		const folder = mountAt(service(name), "/etc/pilotline")?.from ?? "";
		const given = globSync("*.yaml", { cwd: join(root, folder) }).map((file) => text(join(folder, file)));
		for (const variable of Object.keys(service(name).environment ?? {}))
			expect(
				given.some((one) => one.includes(`\${${variable}:-`)),
				variable,
			).toBe(true);
	}
});

test("every variable of the other images is one that they document or that what they are given names", () => {
	for (const name of ["mosquitto", "influxdb", "grafana"]) {
		const provisioned = mountsOf(service(name))
			.filter(({ isVolume, from }) => !isVolume && from.startsWith("dashboards/grafana/provisioning"))
			.flatMap(({ from }) => readdirSync(join(root, from)).map((file) => text(join(from, file))));
		for (const variable of Object.keys(service(name).environment ?? {})) {
			const isNamed = provisioned.some((one) => one.includes(`\${${variable}}`));
			expect(isNamed || documentedVariables[name]?.includes(variable), `${name}: ${variable}`).toBe(true);
		}
	}
});

test("every secret that a service names is made by prepare for that service, and every one that is made has a reader", async () => {
	const made = temporaryFolder();
	await prepare(made, { acl: join(root, "examples/mosquitto/acl"), brokerName: [], json: true });
	const written = mountsOf(service("prepare")).filter(({ isReadOnly }) => !isReadOnly);
	const folderOf = new Map(written.map(({ from, to }) => [from, basename(to)]));
	const sources: Record<string, string[]> = {
		mosquitto: [JSON.stringify([...mosquitto]), text("examples/mosquitto/mosquitto.conf")],
		agent: [JSON.stringify(inDemo.agent), JSON.stringify(inPlant.agent)],
		collector: [JSON.stringify(inDemo.collector), JSON.stringify(inPlant.collector)],
		influxdb: [JSON.stringify(service("influxdb").environment)],
		grafana: [
			JSON.stringify(service("grafana").environment),
			text(fileAt(service("grafana"), "/etc/grafana/provisioning/datasources/datasource.yaml")),
		],
	};
	const read = new Set<string>();
	for (const [name, texts] of Object.entries(sources)) {
		const secrets = mountsOf(service(name)).find(({ from }) => from.endsWith("-secrets"));
		const folder = folderOf.get(secrets?.from ?? "") ?? "";
		const path = new RegExp(`${secrets?.to}/([\\w.-]+)`, "g");
		for (const [, file = ""] of texts.join("\n").matchAll(path)) {
			// Client certificates are a comment of mosquitto.conf.
			if (file === "clients-ca.crt") continue;
			expect(readdirSync(join(made, folder)), `${name} reads ${file}`).toContain(file);
			read.add(`${folder}/${file}`);
		}
	}
	// The health check's options, by their place, and what they name.
	expect(join(service("mosquitto").environment?.XDG_CONFIG_HOME ?? "", "mosquitto_sub")).toBe(
		"/etc/mosquitto/pilotline/mosquitto_sub",
	);
	read.add("broker/mosquitto_sub").add("broker/authority.crt");
	const all = globSync("*/*", { cwd: made }).filter((file) => !file.startsWith("authority/"));
	expect(new Set(all)).toEqual(read);
	expect(fileAt(service("prepare"), service("prepare").command?.[3] ?? "")).toBe("examples/mosquitto/acl");
});

test("Grafana's data source is the one that is provisioned elsewhere, with its secrets from files", () => {
	type Source = { secureJsonData: Record<string, string>; jsonData: Record<string, unknown> };
	const [shipped] = parse(text("dashboards/grafana/provisioning/datasources/pilotline.yaml"))
		.datasources as Source[];
	const [here] = parse(text("deploy/grafana/datasource.yaml")).datasources as Source[];
	const { environment = {} } = service("influxdb");
	expect(here).toEqual({
		...shipped,
		url: inDemo.collector.followers[0]?.url,
		user: "pilotline",
		jsonData: {
			...shipped?.jsonData,
			dbName: environment.DOCKER_INFLUXDB_INIT_BUCKET,
			tlsAuthWithCACert: true,
		},
		secureJsonData: {
			password: "$__file{/run/secrets/influxdb.token}",
			tlsCACert: "$__file{/run/secrets/authority.crt}",
		},
	});
	const { environment: grafana = {} } = service("grafana");
	expect(fileAt(service("grafana"), grafana.PILOTLINE_DASHBOARDS ?? "")).toBe("dashboards/grafana/generated");
	const home = fileAt(service("grafana"), grafana.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH ?? "");
	expect(JSON.parse(text(home)).title).toContain("Line");
});
