import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import type { Subject } from "./finding.ts";

/** A clock that was never set starts at 1970, or at the day on which the machine was built. */
const earliestYear = 2026;
const latestYear = 2100;
const watchedMs = 2_000;
const steadyWithinMs = 100;
/** systemd-timesyncd leaves it when it has set the clock. */
const timesyncFile = "/run/systemd/timesync/synchronized";

/** This host's clock: whether it can be right, runs evenly, and is kept by NTP. */
export function clockSubject(): Subject {
	return {
		about: "clock",
		look: async (report) => {
			const year = new Date().getUTCFullYear();
			const now = `${new Date().toISOString().slice(0, 19)} UTC`;
			if (year >= earliestYear && year < latestYear) report("time", "ok", now);
			else report("time", "fail", now, "set the clock: certificates are judged by it, and so is every age");
			await evenness(report);
			await synchronised(report);
		},
	};
}

/** The wall clock against the monotonic one, which nobody sets. */
async function evenness(report: Parameters<Subject["look"]>[0]): Promise<void> {
	const before = Date.now() - performance.now();
	await new Promise((resolve) => setTimeout(resolve, watchedMs));
	const offMs = Math.round(Date.now() - performance.now() - before);
	const text = `the wall clock moved ${offMs} ms against the monotonic one in ${watchedMs / 1_000} s`;
	if (Math.abs(offMs) <= steadyWithinMs) report("steadiness", "ok", text);
	else
		report(
			"steadiness",
			"warn",
			text,
			"something sets the clock in steps: let NTP slew it, and look at the host's virtual machine tools",
		);
}

async function synchronised(report: Parameters<Subject["look"]>[0]): Promise<void> {
	const run = promisify(execFile);
	const answer = await run("timedatectl", ["show", "--property=NTPSynchronized", "--value"], {
		timeout: 2_000,
	}).then(
		({ stdout }) => stdout.trim(),
		() => undefined,
	);
	if (answer === "yes" || existsSync(timesyncFile)) report("NTP", "ok", "synchronised");
	else if (answer === "no")
		report(
			"NTP",
			"warn",
			"not synchronised, says timedatectl",
			"switch on an NTP client, with a server inside the plant",
		);
	else
		report(
			"NTP",
			"unknown",
			"this host does not say whether its clock is kept (no timedatectl)",
			"see that chrony, ntpd or the host of the container keeps the clock",
		);
}
