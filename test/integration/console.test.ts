import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { ApiServer } from "../../collector/api/api-server.ts";
import { StoreReader } from "../../collector/store/reader.ts";
import { statusCodes } from "../../common/contract/status.ts";
import { takePicture } from "../../dashboards/take-picture.ts";
import { knownLive, knownStatus, startServer } from "../collector/api/known-live.ts";
import { beganMs, hourMs, KnownStore, knownOccurrence, minuteMs } from "../collector/store/known-store.ts";
import { describeWithPeer } from "../helpers/peers.ts";

/** A furnace that ramps up, soaks with one excursion, loses its server for ten minutes, and goes on. */
function fillStore(store: KnownStore): void {
	store.series("U500", "F500.TT01", "Double", "degC");
	store.series("U500", "Phase", "String");
	store.series("U700", "K700.AT01", "Double", "degC");
	const samples = Array.from({ length: 1080 }, (_, index) => {
		const minute = index / 6;
		const value = minute < 60 ? 20 + minute * 8 : minute > 90 && minute < 110 ? 512.5 : 500;
		const lost = minute >= 130 && minute < 140;
		return {
			tag: "F500.TT01",
			atMs: beganMs + minute * minuteMs,
			value: lost ? null : value,
			status: lost ? statusCodes.BadNoCommunication : 0,
		};
	});
	store.record("U500", [{ tag: "Phase", atMs: beganMs, value: "RAMP" }]);
	store.record("U500", [{ tag: "Phase", atMs: beganMs + hourMs, value: "SOAK" }]);
	store.records("U500", samples);
	store.record("U700", [{ tag: "K700.AT01", atMs: beganMs, value: -62 }]);
	store.commit({
		occurrences: [{ ...knownOccurrence, startedMs: beganMs + 90 * minuteMs, lot: "<b>L1</b>" }],
		alerts: [
			// The violated window's own alert adds nothing; one of another window does.
			{ ...knownOccurrence, id: "alert-1", lot: "<b>L1</b>", limit: 503, level: "alert" },
			{ ...knownOccurrence, id: "alert-2", window: "F500.TT02-soak", limit: 503, level: "action" },
			{
				...{ ...knownOccurrence, id: "alert-3", window: "F500.TT03-soak", limit: 503, level: "alert" },
				...{ clearedMs: knownOccurrence.raisedMs + minuteMs, clearedBy: "returned" },
			},
		],
		lots: [{ lot: "L1", openedMs: beganMs, closedMs: undefined, observedWhole: true }],
		gaps: [
			{
				id: "gap-1",
				edgeNode: 1,
				device: "U500",
				tags: [],
				fromMs: beganMs + 150 * minuteMs,
				toMs: beganMs + 160 * minuteMs,
				cause: "agent_down",
				backfilled: false,
				noticedMs: beganMs,
			},
		],
		outbox: [
			{
				id: "m1",
				destination: "hall",
				type: "violation.raised",
				body: "{}",
				createdMs: beganMs + 91 * minuteMs,
			},
		],
	});
}

describeWithPeer("chromium", "the console in a browser", (executablePath) => {
	let store: KnownStore;
	let reader: StoreReader;
	let server: ApiServer;
	let browser: Browser;
	let page: Page;
	let faults: string[];
	let url: string;
	let live: Parameters<typeof knownLive>[0];

	beforeAll(async () => {
		store = new KnownStore();
		fillStore(store);
		reader = new StoreReader();
		await reader.open(store.path);
		server = await startServer(reader, { ...knownLive(), status: () => knownLive(live).status() });
		url = `http://127.0.0.1:${server.port}/`;
		browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
	});
	afterAll(async () => {
		await browser?.close();
		await server?.stop();
		await reader?.close();
		store?.remove();
	});

	beforeEach(async () => {
		live = {};
		faults = [];
		page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
		page.on("console", (message) => {
			if (message.type() === "error") faults.push(message.text());
		});
		page.on("pageerror", (error) => faults.push(String(error)));
		page.on("request", (request) => {
			if (!request.url().startsWith(url)) faults.push(`request to ${request.url()}`);
		});
	});
	afterEach(async () => {
		await page.close();
		expect(faults).toEqual([]);
	});

	const open = async (hash = "") => {
		await page.goto(url + hash);
		await page.locator("#trend-key li").first().waitFor();
	};

	test("shows units, figures, a violation, a lot, a gap and a webhook", async () => {
		await open();
		await expect.poll(() => page.locator("#units li").count()).toBe(2);
		const furnace = await page.locator("#units li").first().textContent();
		for (const text of ["U500", "SOAK", "batch B1", "lot L1", "0 s old", "▲ 1 open"]) {
			expect(furnace).toContain(text);
		}
		expect(await page.locator("#state").textContent()).toBe("Connected and live.");
		expect(await page.locator("#age").textContent()).toBe("Newest data 0 s old.");
		expect(await page.locator("#badges").textContent()).toMatch(/simulated line\s*not encrypted: broker/);
		expect(await page.locator("#figure-total").textContent()).toBe("1,083");
		expect(await page.locator("#figure-gaps").textContent()).toBe("▲ 1");
		const violation = await page.locator("#violations li").first().textContent();
		for (const text of [
			"F500.TT01-soak",
			"▲ open",
			"highest 512.5 degC, limit 505 degC",
			"technical",
			"controller",
		]) {
			expect(violation).toContain(text);
		}
		expect(await page.locator("#violations li").count()).toBe(2);
		expect(await page.locator("#violations li").nth(1).textContent()).toContain(
			"△ beyond the action limithighest 512.5, limit 503",
		);
		expect(await page.locator("#violations li").nth(1).locator(".attention").count()).toBe(1);
		// What comes from outside is text, never markup.
		expect(violation).toContain("lot <b>L1</b>");
		expect(await page.locator("#lots tbody").textContent()).toContain("L1");
		expect(await page.locator("#gaps tbody").textContent()).toContain("agent down");
		expect(await page.locator("#messages tbody").textContent()).toContain("waiting");
		expect(await page.locator("footer").textContent()).toContain("it is not a safety system");
	});

	/** How many dark pixels the chart has at a minute of the known data: the line is all that is dark and opaque. */
	const inked = (minute: number, hours: number) =>
		page.evaluate<number>(`(() => {
			const over = document.querySelector("#chart .u-over");
			const context = document.querySelector("#chart canvas").getContext("2d");
			const [left, top, height] = [over.offsetLeft + over.offsetWidth * ${(hours - 3 + minute / 60) / hours},
				over.offsetTop, over.offsetHeight].map((length) => Math.round(length * devicePixelRatio));
			const { data } = context.getImageData(left, top, 1, height);
			let dark = 0;
			for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200 && data[at] < 80) dark++;
			return dark;
		})()`);

	test("draws the trend, and no line through a Bad stretch or a gap", async () => {
		await open("#unit=U500&tag=F500.TT01&hours=6");
		await expect.poll(() => inked(80, 6)).toBeGreaterThan(0);
		expect(await inked(120, 6)).toBeGreaterThan(0);
		expect(await inked(135, 6)).toBe(0);
		expect(await inked(175, 6)).toBeGreaterThan(0);
		const keys = await page.locator("#trend-key").textContent();
		for (const text of [
			"window F500.TT01-soak: 495 to 505 degC",
			"1 violation",
			"no good value",
			"gap in the data",
		]) {
			expect(keys).toContain(text);
		}
		expect(await page.locator("#trend-summary").textContent()).toContain("without good value 10 min (bad)");
	});

	test("the address keeps unit, tag and period, and the controls change it", async () => {
		await open("#unit=U700&tag=K700.AT01&hours=24");
		expect(await page.locator("#trend-unit").inputValue()).toBe("U700");
		expect(await page.locator("#trend-tag").inputValue()).toBe("K700.AT01");
		expect(await page.locator("input[name=hours]:checked").inputValue()).toBe("24");
		await page.locator("#trend-unit").selectOption("U500");
		await expect.poll(() => page.locator("#trend-summary").textContent()).toContain("U500 F500.TT01");
		await page.locator("#trend-tag").selectOption("Phase");
		await expect.poll(() => page.locator("#chart table").textContent()).toMatch(/SOAK[\s\S]*RAMP/);
		await page.getByLabel("72 h").check();
		await expect.poll(() => page.url()).toContain("#unit=U500&tag=Phase&hours=72");
		await page.goBack();
		await expect.poll(() => page.locator("input[name=hours]:checked").inputValue()).toBe("24");
	});

	test("a violation leads to its trend, over a period that shows it", async () => {
		await open("#unit=U700&tag=K700.AT01&hours=24");
		await page.locator("#violations a").first().click();
		await expect.poll(() => page.locator("#trend-summary").textContent()).toContain("U500 F500.TT01");
		expect(page.url()).toContain("#unit=U500&tag=F500.TT01&hours=24");
	});

	test("everything can be reached with the keyboard", async () => {
		await open();
		const reached = new Set<string>();
		for (let step = 0; step < 30; step++) {
			await page.keyboard.press("Tab");
			reached.add(
				await page.evaluate<string>("document.activeElement?.id || document.activeElement?.tagName"),
			);
		}
		for (const target of ["A", "trend-unit", "trend-tag", "INPUT"]) expect(reached).toContain(target);
		await page.locator("#units a").nth(1).focus();
		await page.keyboard.press("Enter");
		await expect.poll(() => page.locator("#trend-summary").textContent()).toContain("U700");
		await expect.poll(() => page.locator("#units a[aria-current]").textContent()).toContain("U700");
	});

	test.each([320, 768, 3840])("at %i px nothing scrolls sideways", async (width) => {
		await page.setViewportSize({ width, height: 900 });
		await open();
		await expect.poll(() => page.locator("#chart canvas").count()).toBe(1);
		const { clientWidth, scrollWidth } = await page.evaluate<{ clientWidth: number; scrollWidth: number }>(
			"(({ clientWidth, scrollWidth }) => ({ clientWidth, scrollWidth }))(document.documentElement)",
		);
		expect(scrollWidth).toBeLessThanOrEqual(clientWidth);
	});

	test("a round without news changes nothing and moves nothing", async () => {
		await open();
		await page.waitForTimeout(2_500);
		await page.evaluate(`window.changed = [];
			new MutationObserver((list) => changed.push(...list.map(({ target }) => target.nodeName)))
				.observe(document.body, { childList: true, characterData: true, subtree: true })`);
		const before = await page.locator("#violations").boundingBox();
		await page.waitForTimeout(4_500);
		expect(await page.evaluate("window.changed")).toEqual([]);
		expect(await page.locator("#violations").boundingBox()).toEqual(before);
	});

	test.each([
		[
			{ broker: { url: "mqtt://plant:1883", connected: false } },
			"⚠ Not connected to the broker mqtt://plant:1883.",
		],
		[{ plantTimeMs: beganMs }, "Connected, catching up."],
		[{ plantTimeMs: beganMs, storedPerSecond: 0 }, "⚠ Connected, but nothing arrives."],
		[
			{ edgeNodes: knownStatus.edgeNodes.map((node) => ({ ...node, online: false })) },
			"⚠ Agent offline: site/agent-1.",
		],
		[
			{ edgeNodes: knownStatus.edgeNodes.map((node) => ({ ...node, rivals: [7, 8] })) },
			"⚠ Two agents publish as site/agent-1.",
		],
		[{ lastCommitError: "disk is full" }, "⚠ The store cannot write: disk is full."],
	])("%j is said in words", async (change, words) => {
		live = change;
		await open();
		expect(await page.locator("#state").textContent()).toContain(words);
	});

	test("its picture can be taken by the script", async () => {
		const file = join(store.directory, "picture.png");
		await takePicture({ url, file, chromium: executablePath });
		const picture = await readFile(file);
		expect(picture.subarray(1, 4).toString()).toBe("PNG");
		expect([picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([1440, 1000]);
	});

	test("says so when the collector is gone", async () => {
		const other = await startServer(reader);
		await page.goto(`http://127.0.0.1:${other.port}/`);
		await page.locator("#trend-key li").first().waitFor();
		await other.stop();
		await expect
			.poll(() => page.locator("#state").textContent(), { timeout: 15_000 })
			.toContain("does not answer since");
		// This page was another server's, and its failing requests are what is tested.
		faults = [];
	});
});
