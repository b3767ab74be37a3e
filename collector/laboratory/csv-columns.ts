/** What a column can say. */
export const csvFields = [
	"lot",
	"material",
	"sample",
	"test",
	"value",
	"eu",
	"repeats",
	"operator",
	"instrument",
	"calibration_due",
	"method",
	"detection_limit",
	"temperature",
	"measured",
	"reported",
	"version",
	"reason",
] as const;

export type CsvField = (typeof csvFields)[number];

/** Names of columns by which a field is known, in any case; beside its own name. */
const usualColumns: Readonly<Record<CsvField, readonly string[]>> = {
	lot: ["lot id", "lot no", "lot no.", "lot number", "batch lot", "ロット", "ロット番号", "ロットno"],
	material: ["raw material", "原料", "原材料", "材料"],
	sample: ["sample id", "sample no", "sample no.", "試料", "試料番号", "検体", "検体番号", "サンプル"],
	test: ["item", "analysis", "parameter", "試験", "試験項目", "測定項目", "分析項目", "項目"],
	value: ["result", "mean", "結果", "測定値", "測定結果", "値", "平均", "平均値"],
	eu: ["unit", "units", "engineering unit", "単位"],
	repeats: ["replicates", "single values", "繰返し", "繰り返し", "個別値"],
	operator: ["analyst", "technician", "担当", "担当者", "測定者", "分析者"],
	instrument: ["device", "equipment", "装置", "機器", "測定装置"],
	calibration_due: ["calibration due", "calibrated until", "校正期限", "校正有効期限"],
	method: ["procedure", "方法", "試験方法", "測定方法"],
	detection_limit: ["detection limit", "lod", "dl", "検出限界", "検出下限"],
	temperature: ["temperature_c", "sample temperature", "温度", "試料温度", "測定温度"],
	measured: ["measured time", "measured at", "date", "date time", "time", "測定日時", "測定日", "日時"],
	reported: ["reported time", "reported at", "報告日時", "報告日"],
	version: ["revision", "版", "改訂"],
	reason: ["reason for change", "理由", "訂正理由"],
};

/** The field that a column says; a name that was given for a field takes the place of the usual ones. */
export function fieldOfColumn(
	name: string,
	given: Readonly<Partial<Record<CsvField, string>>>,
): CsvField | undefined {
	const plain = plainName(name);
	const stated = csvFields.find((field) => given[field] !== undefined && plainName(given[field]) === plain);
	if (stated !== undefined) return stated;
	return csvFields.find(
		(field) =>
			given[field] === undefined &&
			(field === plain || usualColumns[field].some((one) => plainName(one) === plain)),
	);
}

function plainName(name: string): string {
	return name.normalize("NFKC").trim().toLowerCase().replaceAll(/\s+/g, " ");
}
