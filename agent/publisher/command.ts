import { datatypes } from "../../common/contract/datatype.ts";
import { deliveryMetrics, nodeAliases } from "../../common/contract/delivery.ts";
import { MetricView, readPayload } from "../../common/contract/payload-reader.ts";

/** What one NCMD asks for. Anything else in it is named in `refused`. */
export interface NodeCommand {
	rebirth: boolean;
	host: string | undefined;
	epoch: number | undefined;
	confirmed: number | undefined;
	resendFrom: number | undefined;
	resendTo: number | undefined;
	readonly refused: string[];
}

const view = new MetricView();
const nameOf = new Map<number, string>(Object.entries(nodeAliases).map(([name, alias]) => [alias, name]));

/**
 * Reads an NCMD, whose metrics come by alias or by name. Only rebirth and delivery commands exist; nothing is ever
 * written to the plant.
 * @throws BytesError when the payload is not Sparkplug B.
 */
export function readCommand(payload: Uint8Array): NodeCommand {
	const command: NodeCommand = {
		rebirth: false,
		host: undefined,
		epoch: undefined,
		confirmed: undefined,
		resendFrom: undefined,
		resendTo: undefined,
		refused: [],
	};
	readPayload(payload, view, (metric) => {
		const name = metric.name ?? nameOf.get(metric.alias);
		const integer = () => {
			const value = metric.value(datatypes.Int64);
			const number = typeof value === "bigint" ? Number(value) : Number.NaN;
			if (Number.isSafeInteger(number) && number >= 0) return number;
			if (command.refused.length < 10)
				command.refused.push(`${name}: expected an integer from 0 to 2^53 − 1, found ${value}`);
			return undefined;
		};
		switch (name) {
			case "Node Control/Rebirth":
				command.rebirth = metric.value(datatypes.Boolean) === 1;
				break;
			case deliveryMetrics.host: {
				const host = metric.value(datatypes.String);
				command.host = typeof host === "string" ? host : undefined;
				break;
			}
			case deliveryMetrics.epoch:
				command.epoch = integer();
				break;
			case deliveryMetrics.confirmed:
				command.confirmed = integer();
				break;
			case deliveryMetrics.resendFrom:
				command.resendFrom = integer();
				break;
			case deliveryMetrics.resendTo:
				command.resendTo = integer();
				break;
			default:
				if (command.refused.length < 10) command.refused.push(name ?? `alias ${metric.alias}`);
		}
	});
	return command;
}
