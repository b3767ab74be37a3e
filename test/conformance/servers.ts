import { onTestFinished } from "vitest";
import { EmbeddedBroker } from "../../cli/embedded-broker.ts";
import { Mosquitto } from "../helpers/mosquitto.ts";

/** Two MQTT servers of one kind, spoken to in one version of MQTT. */
export interface Servers {
	readonly ports: readonly [number, number];
	readonly protocol: "3.1.1" | "5.0";
}

async function mosquittos(program: string, protocol: "3.1.1" | "5.0"): Promise<Servers> {
	const brokers = [await Mosquitto.start(program), await Mosquitto.start(program)] as const;
	return { ports: [brokers[0].port, brokers[1].port], protocol };
}

async function embedded(): Promise<Servers> {
	const ports: number[] = [];
	for (let index = 0; index < 2; index++) {
		const broker = new EmbeddedBroker();
		await broker.start();
		onTestFinished(() => broker.stop());
		ports.push(Number(new URL(broker.url).port));
	}
	return { ports: ports as [number, number], protocol: "3.1.1" };
}

/** What the suite runs over; the names are the columns of the table. Servers end with the running test. */
export const setups: Readonly<Record<string, (mosquitto: string) => Promise<Servers>>> = {
	"Mosquitto, 3.1.1": (mosquitto) => mosquittos(mosquitto, "3.1.1"),
	"aedes, 3.1.1": () => embedded(),
	"Mosquitto, 5.0": (mosquitto) => mosquittos(mosquitto, "5.0"),
};
