import { CodedError } from "../../common/runtime/coded-error.ts";

/** What can be done to the servers while they run. */
export type ChaosAction = "cut" | "delay" | "freeze" | "sessions" | "subscriptions";

/** One kind of trouble, again and again. */
export interface ChaosEvent {
	readonly action: ChaosAction;
	/** Milliseconds between two occurrences; of `delay`, by how much every answer is late. */
	readonly everyMs: number;
	/** Milliseconds that a freeze lasts. */
	readonly forMs: number;
}

/** How each kind of trouble is written. */
const forms: Readonly<Record<ChaosAction, string>> = {
	cut: "cut:SECONDS",
	delay: "delay:MILLISECONDS",
	freeze: "freeze:SECONDS:FOR, lasting less than the time between two of them",
	sessions: "sessions:SECONDS",
	subscriptions: "subscriptions:SECONDS",
};

const secondsMax = 86_400;

/**
 * Reads one kind of trouble as the command line writes it, for instance `freeze:30:5`.
 * @throws CodedError USAGE
 */
export function parseChaos(text: string): ChaosEvent {
	const [action, every, length, ...rest] = text.split(":");
	const form = Object.hasOwn(forms, action ?? "") ? forms[action as ChaosAction] : undefined;
	const everyNumber = Number(every);
	const lengthNumber = Number(length);
	const isSound =
		form !== undefined &&
		rest.length === 0 &&
		isPositive(every) &&
		(action === "freeze" ? isPositive(length) && lengthNumber < everyNumber : length === undefined);
	if (!isSound) {
		throw new CodedError(
			"USAGE",
			`--chaos ${text}: expected ${form ?? `one of ${Object.values(forms).join("; ")}`}`,
		);
	}
	return {
		action: action as ChaosAction,
		everyMs: action === "delay" ? everyNumber : everyNumber * 1_000,
		forMs: action === "freeze" ? lengthNumber * 1_000 : 0,
	};
}

function isPositive(text: string | undefined): boolean {
	return text !== undefined && /^\d+(?:\.\d+)?$/.test(text) && Number(text) > 0 && Number(text) <= secondsMax;
}
