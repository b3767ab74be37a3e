// Takes the picture of the console for README.md from a running collector, in Debian's Chromium:
//
//   node dashboards/take-picture.ts http://127.0.0.1:8080/ [FILE.png]
//
// Waits until units, values and a trend are there. Exit code 0 when the picture is written, 1 when not, 2 for bad usage.

import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const size = { width: 1440, height: 1000 };
const withinMs = 60_000;

export interface PictureOptions {
	readonly url: string;
	readonly file: string;
	readonly colorScheme?: "light" | "dark";
	/** The browser's program. */
	readonly chromium?: string;
}

/** @throws Error when the page shows no data in time */
export async function takePicture(options: PictureOptions): Promise<void> {
	const { url, file, colorScheme = "light" } = options;
	const executablePath = options.chromium ?? chromiumPath;
	const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
	try {
		const page = await browser.newPage({ viewport: size, colorScheme, reducedMotion: "reduce" });
		await page.goto(url, { timeout: withinMs });
		await page.locator("#units li").first().waitFor({ timeout: withinMs });
		await page.locator("#trend-key li").first().waitFor({ timeout: withinMs });
		await page.screenshot({ path: file });
	} finally {
		await browser.close();
	}
}

async function main(): Promise<number> {
	const { positionals, values } = parseArgs({
		allowPositionals: true,
		options: { dark: { type: "boolean" } },
	});
	const [url, file = fileURLToPath(new URL("console/picture.png", import.meta.url)), ...rest] = positionals;
	if (url === undefined || !URL.canParse(url) || rest.length > 0) {
		process.stderr.write("usage: node dashboards/take-picture.ts URL [FILE.png] [--dark]\n");
		return 2;
	}
	if (!existsSync(chromiumPath)) {
		process.stderr.write(
			`no program ${chromiumPath}: apt-get update && apt-get install -y chromium, or set CHROMIUM\n`,
		);
		return 1;
	}
	try {
		await takePicture({ url, file, ...(values.dark ? { colorScheme: "dark" } : {}) });
	} catch (error) {
		process.stderr.write(
			`no picture of ${url}: ${error instanceof Error ? error.message.split("\n", 1)[0] : error}\n`,
		);
		return 1;
	}
	process.stderr.write(`${file}\n`);
	return 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = await main();
