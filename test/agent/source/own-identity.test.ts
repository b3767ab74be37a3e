import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { OwnIdentity } from "../../../agent/source/own-identity.ts";
import { AgentTelemetry } from "../../../agent/telemetry.ts";
import { CertificateWatch } from "../../../common/runtime/certificate-watch.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const dayMs = 86_400_000;

function ownIn(folder: string, clock: SteppedClock) {
	const lines: string[] = [];
	const telemetry = new AgentTelemetry(
		pino({ level: "info" }, { write: (line: string) => lines.push(line) }),
	);
	const certificates = new CertificateWatch({ clock, telemetry });
	const own = new OwnIdentity({ folder, applicationUri: "urn:test:agent", clock, telemetry, certificates });
	onTestFinished(() => own.stop());
	return { own, lines, telemetry };
}

test("an agent that runs for years renews its certificate without a connection and without a restart", async () => {
	const clock = new SteppedClock();
	const folder = temporaryFolder();
	const { own, lines, telemetry } = ownIn(folder, clock);
	own.start();
	const first = await own.certificates();
	for (let day = 0; day < 5 * 365 - 31; day++) clock.step(dayMs);
	expect((await own.certificates()).current.thumbprint).toBe(first.current.thumbprint);
	for (let day = 0; day < 3; day++) {
		clock.step(dayMs);
		await own.certificates();
	}
	const second = await own.certificates();
	expect(second.current.thumbprint).not.toBe(first.current.thumbprint);
	expect(second).toMatchObject({
		current: { applicationUri: "urn:test:agent" },
		previous: { thumbprint: first.current.thumbprint },
	});
	expect(second.key.equals(first.key)).toBe(true);
	expect(lines.filter((line) => line.includes("was renewed")).length).toBe(1);
	expect(await telemetry.registry.metrics()).toContain(
		`certificate_expires_seconds{whose="opcua_own"} ${second.current.notAfterMs / 1_000}`,
	);
	clock.step(31 * dayMs);
	// What was being looked at when the clock was set answers first.
	await own.certificates();
	expect((await own.certificates()).previous).toBeUndefined();
});

test("several servers that ask at the same time get one certificate, which is there at the next start", async () => {
	const folder = temporaryFolder();
	const { own } = ownIn(folder, new SteppedClock());
	const all = await Promise.all(Array.from({ length: 5 }, () => own.certificates()));
	const again = await ownIn(folder, new SteppedClock()).own.certificates();
	expect(new Set([...all, again].map(({ current }) => current.thumbprint)).size).toBe(1);
});
