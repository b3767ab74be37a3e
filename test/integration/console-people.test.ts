import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { PeopleRig, password } from "../collector/api/people-rig.ts";
import { beganMs, knownOccurrence, minuteMs } from "../collector/store/known-store.ts";
import { describeWithPeer } from "../helpers/peers.ts";

describeWithPeer("chromium", "the console, people and what they are named", (executablePath) => {
	let browser: Browser;
	let page: Page;
	let url = "";
	let faults: string[];

	beforeAll(async () => {
		browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
	});
	afterAll(async () => await browser?.close());
	beforeEach(async () => {
		faults = [];
		page = await browser.newPage();
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

	test("markup in every name and text that it shows stays text, and runs nothing", async () => {
		const markup = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
		const rig = await new PeopleRig().start();
		try {
			rig.known.series(markup, markup, "Double", markup);
			rig.known.record(markup, [{ tag: markup, atMs: beganMs, value: 1 }]);
			rig.known.commit({
				occurrences: [
					{
						...knownOccurrence,
						id: "o",
						unit: markup,
						tag: markup,
						window: markup,
						batch: markup,
						lot: markup,
						phase: markup,
					},
				],
				lots: [{ lot: markup, openedMs: beganMs, closedMs: undefined, observedWhole: true }],
				gaps: [
					{
						...{
							id: "g",
							edgeNode: 1,
							device: markup,
							tags: [markup],
							fromMs: beganMs,
							toMs: beganMs + minuteMs,
						},
						...{ cause: "agent_down" as const, backfilled: false, noticedMs: beganMs },
					},
				],
				outbox: [{ id: "m", destination: markup, type: markup, body: markup, createdMs: beganMs }],
			});
			const other = await rig.server("writing");
			url = `http://127.0.0.1:${other.port}/`;
			await open(`#unit=${encodeURIComponent(markup)}&tag=${encodeURIComponent(markup)}`);
			for (const place of [
				"#violations li",
				"#lots tbody",
				"#gaps tbody",
				"#messages tbody",
				"#trend-summary",
				"#trend-tag",
			])
				await expect
					.poll(() => page.locator(place).first().textContent(), { message: place })
					.toContain("<img src=x");
			expect(await page.locator("img, body script").count()).toBe(0);
			expect(await page.title()).toBe("Pilotline");
		} finally {
			await rig.stop();
		}
	});

	test("where reading needs a login, somebody logs in, sees the line, and logs out", async () => {
		const rig = await new PeopleRig().start();
		try {
			rig.known.series("U500", "F500.TT01", "Double", "degC");
			rig.known.record("U500", [{ tag: "F500.TT01", atMs: beganMs, value: 1 }]);
			const other = await rig.server("required");
			url = `http://127.0.0.1:${other.port}/`;
			await page.goto(url);
			const dialog = page.locator("#login");
			await dialog.waitFor();
			expect(await page.locator("#state").textContent()).toBe("Log in to see the line.");
			await page.getByLabel("Name").fill("operator");
			await page.getByLabel("Password").fill("wrong");
			await page.keyboard.press("Enter");
			await expect
				.poll(() => page.locator("#login-fault").textContent())
				.toContain("expected the name and the password");
			await page.getByLabel("Password").fill(password);
			await page.keyboard.press("Enter");
			await page.locator("#trend-key li").first().waitFor();
			expect(await page.locator("#who").textContent()).toBe("operator (operator) Log out");
			expect(await page.evaluate<string>("document.cookie")).toBe("");
			await page.getByRole("button", { name: "Log out" }).click();
			await expect.poll(() => page.locator("#state").textContent()).toBe("Log in to see the line.");
			expect(await dialog.isVisible()).toBe(false);
			// A browser tells of every refusal; these are meant.
			faults = faults.filter((fault) => !/status of 401/.test(fault));
		} finally {
			await rig.stop();
		}
	});
});
