import { expect, test } from "vitest";
import { type CertificateInUse, CertificateWatch } from "../../../common/runtime/certificate-watch.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";

const dayMs = 86_400_000;

function watch() {
	const clock = new SteppedClock();
	const seen: string[] = [];
	const expiring: string[] = [];
	const certificates = new CertificateWatch({
		clock,
		telemetry: {
			certificateSeen: ({ subject }) => seen.push(subject),
			certificateExpiring: ({ subject }, daysLeft) => expiring.push(`${subject} ${daysLeft}`),
		},
	});
	const certificate = (subject: string, days: number, whose: CertificateInUse["whose"] = "broker") => ({
		...{ whose, subject, expiresMs: clock.wallMs() + days * dayMs },
	});
	return { clock, certificates, certificate, seen, expiring };
}

test("a connection outlives the day its certificate was checked: 30 days before the end it is told, and each day after", () => {
	const { clock, certificates, certificate, seen, expiring } = watch();
	certificates.start();
	certificates.seen([certificate("broker", 31.5)]);
	expect(seen).toEqual(["broker"]);
	expect(expiring).toEqual([]);
	clock.step(dayMs);
	expect(expiring).toEqual([]);
	clock.step(2 * dayMs);
	expect(expiring).toEqual(["broker 29", "broker 28"]);
	clock.step(29 * dayMs);
	expect(expiring.at(-1)).toBe("broker -1");
	certificates.stop();
	const told = expiring.length;
	clock.step(5 * dayMs);
	expect(expiring).toHaveLength(told);
});

test("a reconnect with the same certificate says nothing new; a renewed one replaces it", () => {
	const { clock, certificates, certificate, seen, expiring } = watch();
	const old = certificate("broker", 10);
	certificates.start();
	certificates.seen([old, certificate("agent", 400, "own")]);
	certificates.seen([old]);
	expect(seen).toEqual(["broker", "agent"]);
	expect(expiring).toEqual(["broker 10"]);
	certificates.seen([certificate("broker", 300)]);
	clock.step(dayMs);
	expect(seen).toEqual(["broker", "agent", "broker"]);
	expect(expiring).toEqual(["broker 10"]);
});
