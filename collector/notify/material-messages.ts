import type { MaterialCommit, MaterialJudgement } from "../material-port.ts";
import type { OutboxRow } from "../pipeline.ts";
import { iso, type MessageContext, rows } from "./messages.ts";

/**
 * The message about a verdict on a lot of a raw material. It concerns whom the tests concern that are not in; a lot that is in
 * concerns everybody whom its tests do.
 */
export function materialMessages(
	{ id, corrects, judgedMs }: NonNullable<MaterialCommit["verdict"]>,
	{ material, lot, verdict, windows, reasons, specVersion, fromMs, retestMs }: MaterialJudgement,
	context: MessageContext,
): OutboxRow[] {
	const specification = context.specificationOf(specVersion);
	const wanted = windows.filter((one) => verdict === "in" || one.verdict !== "in");
	const tests =
		specification?.materials.filter((test) => wanted.some(({ window }) => window === test.id)) ?? [];
	const concerns = [...new Set(tests.flatMap((test) => test.concerns))];
	const data = {
		...{ material, lot, verdict, verdictId: id, product: specification?.product.code ?? "" },
		specificationVersion: specVersion,
		measuredTime: iso(fromMs),
		...(retestMs === undefined ? {} : { retestTime: iso(retestMs) }),
		tests: windows.map(({ window, verdict: own, value, eu, low, high, reasons: why }) => ({
			...{ window, verdict: own, value, unitOfMeasure: eu, low, high, reasons: why.map(({ text }) => text) },
			reaction: own === "in" ? undefined : tests.find((test) => test.id === window)?.reaction,
		})),
		reasons: reasons.map(({ text }) => text),
		...(corrects === undefined ? {} : { corrects }),
		concerns,
	};
	const everybody = context.destinations.flatMap((one) => one.concerns);
	const concerned = concerns.length === 0 ? everybody : concerns;
	return rows("material.judged", `material.judged.${id}`, judgedMs, data, concerned, context);
}
