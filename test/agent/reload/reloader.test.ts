import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { type AgentConfig, agentConfig } from "../../../agent/config.ts";
import { Reloader } from "../../../agent/reload/reloader.ts";
import { AgentTelemetry } from "../../../agent/telemetry.ts";
import type { ConfigResult } from "../../../common/runtime/config-file.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";

const running: AgentConfig = agentConfig.schema.parse({
	...{ kind: "agent", schema: 1, group: "site", edge_node: "agent", data_dir: "data", status: { port: 0 } },
	broker: { url: "mqtt://127.0.0.1:1883", insecure: true },
	hosts: [{ id: "collector" }],
	servers: [{ name: "one", endpoint: "opc.tcp://one:4840", insecure: true }],
	devices: [
		{
			...{ name: "U1", server: "one", namespace: "urn:plant", time_base: "publish" },
			tags: [{ name: "A", node: "s=A", type: "Double" }],
		},
	],
});
const found = (value: AgentConfig): ConfigResult<AgentConfig> => ({
	...{ ok: true, value, file: "agent.yaml", directory: "/", text: "" },
});
const other = (level: AgentConfig["log_level"]) => found({ ...running, log_level: level });

async function reloader(parts: {
	read?: () => Promise<ConfigResult<AgentConfig>>;
	prepare?: () => Promise<() => Promise<void>>;
}) {
	const reloader = new Reloader({
		...{ running, clock: new SteppedClock(), files: () => [], alone: (work) => work() },
		telemetry: new AgentTelemetry(pino({ level: "silent" })),
		read: parts.read ?? (async () => other("debug")),
		prepare: parts.prepare ?? (async () => async () => undefined),
	});
	await reloader.start();
	onTestFinished(() => reloader.stop());
	return reloader;
}

test("what cannot be prepared is refused and may be tried again; what breaks off in the middle may not", async () => {
	let fails: "prepare" | "make" | undefined = "prepare";
	const subject = await reloader({
		prepare: async () => {
			if (fails === "prepare") throw new Error("the disk is full");
			return async () => {
				if (fails === "make") throw new Error("a defect");
			};
		},
	});
	expect(await subject.reload("signal")).toMatchObject({ result: "refused", problems: ["the disk is full"] });
	expect(subject.running.log_level).toBe("info");
	fails = undefined;
	expect(await subject.reload("signal")).toMatchObject({ result: "applied", changed: ["changed log_level"] });
	expect(subject.running.log_level).toBe("debug");
	fails = "make";
	expect(await subject.reload("signal")).toMatchObject({ result: "failed", problems: ["a defect"] });
	fails = undefined;
	const after = await subject.reload("signal");
	expect(after).toMatchObject({
		result: "refused",
		problems: [expect.stringContaining("restart the agent")],
	});
});

test("a wish during a reload is one more after it, which finds what is there then", async () => {
	const reading = Promise.withResolvers<ConfigResult<AgentConfig>>();
	const reads = [reading.promise, Promise.resolve(other("warn")), Promise.resolve(other("error"))];
	const subject = await reloader({ read: () => reads.shift() as Promise<ConfigResult<AgentConfig>> });
	const first = subject.reload("signal");
	const [second, third] = [subject.reload("signal"), subject.reload("file changed")];
	reading.resolve(other("debug"));
	expect((await first)?.result).toBe("applied");
	expect(await third).toBe(await second);
	expect([subject.running.log_level, reads.length]).toEqual(["warn", 1]);
	expect(subject.last).toBe(await second);
});

test("a stop waits for the reload on its way, which changes nothing any more, and none follows it", async () => {
	const reading = Promise.withResolvers<ConfigResult<AgentConfig>>();
	let made = 0;
	const subject = await reloader({
		read: () => reading.promise,
		prepare: async () => async () => void made++,
	});
	const first = subject.reload("signal");
	const second = subject.reload("signal");
	const stopped = subject.stop();
	reading.resolve(other("debug"));
	await stopped;
	expect(made).toBe(0);
	expect(await second).toBeUndefined();
	expect(await first).toMatchObject({ result: "refused", problems: ["the agent is stopping"] });
	expect(await subject.reload("signal")).toBeUndefined();
});

test("a report names twenty lines at most and says how many more there are", async () => {
	const tags = Array.from({ length: 30 }, (_, index) => ({
		...{ name: `T${index}`, node: `s=T${index}`, type: "Double" as const },
	}));
	const [device] = running.devices as [AgentConfig["devices"][number]];
	const subject = await reloader({
		read: async () => found({ ...running, devices: [{ ...device, tags: [...device.tags, ...tags] }] }),
	});
	const report = await subject.reload("signal");
	expect([report?.changed.length, report?.changed.at(-1)]).toEqual([21, "10 more"]);
});
