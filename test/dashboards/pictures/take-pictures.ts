// Pictures of the Grafana dashboards for their README, drawn with Grafana's own components from a recorded run:
//
//   npm run pictures -- DATA_DIR [FOLDER] [--packages DIR]
//
// DATA_DIR is what `pilotline demo --data DATA_DIR` left behind. A follower brings it to an InfluxDB 1 of Debian's, every
// query of the dashboards is asked there, and Debian's Chromium draws the answers with @grafana/ui. That is several hundred
// packages, so it is installed into a temporary folder, or into DIR, where it stays, and is no dependency of ours. Exit code 2
// for bad usage.

import { spawnSync } from "node:child_process";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import type { Dashboard } from "../../../dashboards/grafana/dashboard-model.ts";
import { Influxd } from "../../helpers/influxd.ts";
import { type AnsweredDashboard, type AnsweredSeries, answersOf, type Period } from "./answers.ts";
import { followRecordedRun } from "./recorded-run.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const generated = here("../../../dashboards/grafana/generated");
const programs = { chromium: "/usr/bin/chromium", influxd: "/usr/bin/influxd" };
const packages = [
	...["@grafana/ui@13.2.2", "@grafana/data@13.2.2", "@grafana/schema@13.2.2"],
	...["react@19.2.0", "react-dom@19.2.0", "esbuild@0.28.2"],
];
const shownMs = 12 * 3_600_000;
const drawnWithinMs = 60_000;
/** What the README shows. */
const pictured = ["pilotline-line", "pilotline-unit-U500", "pilotline-unit-U700", "pilotline-health"];

function say(text: string): void {
	process.stderr.write(`${text}\n`);
}

/** Bundles the page with Grafana's components; resolves with the bundle's files. */
function bundle(folder: string): { script: string; style: string } {
	const run = (command: string, args: string[]) => {
		const { status, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
		if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr.slice(-2_000)}`);
	};
	if (!existsSync(join(folder, "node_modules/@grafana/ui"))) {
		say(`installing ${packages.join(" ")} into ${folder}`);
		writeFileSync(join(folder, "package.json"), '{"private":true}');
		run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact", ...packages]);
	}
	const esbuild = join(folder, "node_modules/.bin/esbuild");
	// As CommonJS, because the components' ES modules take defaults of CommonJS ones in Node's way, which leaves objects where
	// components should be.
	const own = ["page.js", "panel-frames.js", "state-rows.js"].map((name) => here(name));
	run(esbuild, [...own, "--format=cjs", `--outdir=${join(folder, "page")}`, "--log-level=error"]);
	const script = join(folder, "bundle.js");
	const options = ['--define:process.env.NODE_ENV="production"', "--format=iife", "--log-level=error"];
	const loaders = [".svg", ".ttf", ".woff", ".woff2", ".png"].map((kind) => `--loader:${kind}=dataurl`);
	run(esbuild, ["page/page.js", "--bundle", `--outfile=${script}`, ...options, ...loaders]);
	return { script, style: join(folder, "bundle.css") };
}

/** Twelve hours with the unit's first violation in the middle, else the last; the gap ledger's page shows the last two. */
function periodOf(
	{ uid }: Dashboard,
	violations: readonly { unit: string; atMs: number }[],
	endMs: number,
): Period {
	if (uid === "pilotline-health") return { fromMs: endMs - 2 * 3_600_000, toMs: endMs };
	const first = violations.find(({ unit }) => uid === `pilotline-unit-${unit}`);
	const toMs = Math.min(endMs, (first?.atMs ?? endMs) + shownMs / 2);
	return { fromMs: toMs - shownMs, toMs };
}

async function answered(data: string): Promise<AnsweredDashboard[]> {
	const influxd = await Influxd.start(programs.influxd);
	try {
		await influxd.query("CREATE DATABASE plant");
		say("bringing the run to InfluxDB");
		const lines = await followRecordedRun(data, influxd.url, "plant");
		say(`${lines} points`);
		const ask = async (q: string): Promise<AnsweredSeries[]> => {
			const body = new URLSearchParams({ q, db: "plant", epoch: "ms" });
			const answer = (await (await fetch(`${influxd.url}/query`, { method: "POST", body })).json()) as {
				error?: string;
				results?: { error?: string; series?: AnsweredSeries[] }[];
			};
			const error = answer.error ?? answer.results?.[0]?.error;
			if (error !== undefined) throw new Error(`${q}: ${error}`);
			return answer.results?.[0]?.series ?? [];
		};
		const [newest] = await ask('SELECT last("status") FROM "sample"');
		const endMs = Number(newest?.values[0]?.[0]);
		const told = await ask('SELECT "id" FROM "violation" GROUP BY "unit"');
		const violations = told.flatMap(({ tags, values }) => ({
			unit: String(tags?.unit),
			atMs: Number(values[0]?.[0]),
		}));
		const found: AnsweredDashboard[] = [];
		for (const name of readdirSync(generated).sort()) {
			const dashboard = JSON.parse(readFileSync(join(generated, name), "utf8")) as Dashboard;
			if (!pictured.includes(dashboard.uid)) continue;
			found.push(await answersOf(dashboard, periodOf(dashboard, violations, endMs), ask));
		}
		return found;
	} finally {
		await influxd.remove();
	}
}

async function draw(
	dashboards: readonly AnsweredDashboard[],
	folder: string,
	temporary: string,
): Promise<void> {
	const { script, style } = bundle(temporary);
	const browser = await chromium.launch({ executablePath: programs.chromium, args: ["--no-sandbox"] });
	try {
		const page = await browser.newPage({ viewport: { width: 1_440, height: 900 }, timezoneId: "UTC" });
		const wrong: string[] = [];
		page.on("pageerror", ({ message }) => wrong.push(message));
		// A page of no origin may not use the browser's storage, which the components look into.
		await page.route("http://pictures.invalid/", (route) =>
			route.fulfill({ contentType: "text/html", body: "<!doctype html><body></body>" }),
		);
		await page.goto("http://pictures.invalid/");
		if (existsSync(style)) await page.addStyleTag({ path: style });
		await page.evaluate("globalThis.process = { env: {} }");
		await page.addScriptTag({ path: script });
		for (const answer of dashboards) {
			const { uid } = answer.dashboard;
			await page.evaluate((told) => {
				(globalThis as unknown as { show(told: unknown): void }).show(told);
			}, answer);
			await page.locator(`#${uid}[data-drawn]`).waitFor({ timeout: drawnWithinMs });
			if (wrong.length > 0) throw new Error(`${uid}: ${wrong.join("; ")}`);
			await page.locator(`#${uid}`).screenshot({ path: join(folder, `${uid.toLowerCase()}.png`) });
			say(`${uid.toLowerCase()}.png`);
		}
	} finally {
		await browser.close();
	}
}

async function main(): Promise<number> {
	const { positionals, values } = parseArgs({
		allowPositionals: true,
		options: { packages: { type: "string" } },
	});
	const [data, folder = join(generated, "../pictures"), ...rest] = positionals;
	if (data === undefined || rest.length > 0 || !existsSync(join(data, "store.db"))) {
		say(
			"usage: npm run pictures -- DATA_DIR [FOLDER] [--packages DIR]; expected DATA_DIR/store.db, as `pilotline demo --data DIR` leaves it",
		);
		return 2;
	}
	for (const program of Object.values(programs))
		if (!existsSync(program)) {
			say(`no program ${program}: apt-get update && apt-get install -y chromium influxdb`);
			return 1;
		}
	mkdirSync(folder, { recursive: true });
	const temporary = mkdtempSync(join(tmpdir(), "pilotline-pictures-"));
	if (values.packages !== undefined) mkdirSync(values.packages, { recursive: true });
	try {
		await draw(await answered(data), folder, values.packages ?? temporary);
	} finally {
		rmSync(temporary, { recursive: true, force: true });
	}
	return 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = await main();
