import { NotificationMessage } from "node-opcua";
import { pino } from "pino";
import { expect, test } from "vitest";
import { OpcuaSource } from "../../../agent/source/opcua-source.ts";
import { TagBook } from "../../../agent/tag-book.ts";
import { AgentTelemetry } from "../../../agent/telemetry.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { securityOf } from "../../integration/security-rig.ts";
import { sourceConfig } from "../../integration/source-rig.ts";

const readable = { name: "TT01", node: "s=TT01", type: "Double" } as const;

test("a device that is added says nothing of being complete before the server was asked for its tags; others go on", async () => {
	const config = sourceConfig(1);
	const [device] = config.devices as [(typeof config.devices)[number]];
	const [server] = config.servers as [(typeof config.servers)[number]];
	const further = { ...device, name: "F600", tags: [readable] };
	const tags = await TagBook.open(temporaryFolder(), { devices: [device, further] });
	const clock = new SteppedClock();
	const telemetry = new AgentTelemetry(pino({ level: "silent" }));
	const complete: string[] = [];
	const source = new OpcuaSource({
		...{ server, tags, clock, telemetry, devices: [device] },
		security: securityOf(server, telemetry, { clock }),
		recovered: { throughMs: new Map(), samples: new Map() },
		sink: {
			cycle: ({ device: name, throughMs }) => void (throughMs !== undefined && complete.push(name)),
			gap: () => undefined,
		},
	});
	const published = () => {
		complete.length = 0;
		clock.step(500);
		source.message(new NotificationMessage({}), true, clock.wallMs());
		return [...complete];
	};
	expect(published()).toEqual(["F500"]);
	source.addDevice(further, [readable], undefined);
	expect(published()).toEqual(["F500"]);
	// The answer is about tags that were asked for before this device came.
	source.watchedFurther([]);
	expect(published()).toEqual(["F500"]);
	const left = source.removeDevice("F600");
	expect(left).toMatchObject({ cause: "reconfigured", throughMs: undefined });
	expect(source.state().tags).toBe(4);
});
