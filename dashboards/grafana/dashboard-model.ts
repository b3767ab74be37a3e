// The part of Grafana's Classic dashboard JSON that is written here. Classic, because it is what file provisioning takes in
// every Grafana from 10 on: no numeric ids, fixed uids, a data source always as an object.

export interface DataSourceRef {
	readonly type: "influxdb";
	readonly uid: string;
}

export interface Target {
	readonly refId: string;
	readonly datasource: DataSourceRef;
	readonly query: string;
	readonly rawQuery: true;
	readonly resultFormat: "time_series" | "table";
	/** What a series is called; `$tag_unit` is its label, `$col` its column. */
	readonly alias?: string;
}

export interface Threshold {
	readonly color: string;
	readonly value: number | null;
}

export interface ValueMapping {
	readonly type: "range" | "value";
	readonly options: object;
}

/** The published schema wants every key of it, in a panel too. */
export interface Link {
	readonly type: "link" | "dashboards";
	readonly title: string;
	readonly url: string;
	readonly icon: string;
	readonly tooltip: string;
	readonly tags: readonly string[];
	readonly asDropdown: boolean;
	readonly targetBlank: boolean;
	readonly includeVars: boolean;
	readonly keepTime: boolean;
}

export interface FieldDefaults {
	readonly unit?: string;
	readonly min?: number;
	readonly max?: number;
	readonly decimals?: number;
	readonly noValue?: string;
	readonly color: { readonly mode: "fixed" | "thresholds"; readonly fixedColor?: string };
	readonly thresholds: { readonly mode: "absolute"; readonly steps: readonly Threshold[] };
	readonly mappings: readonly ValueMapping[];
	readonly links: readonly Link[];
	readonly custom: Readonly<Record<string, unknown>>;
}

export interface FieldOverride {
	readonly matcher: { readonly id: "byName" | "byRegexp"; readonly options: string };
	readonly properties: readonly { readonly id: string; readonly value: unknown }[];
}

export type PanelType = "timeseries" | "state-timeline" | "table" | "stat";

export interface Panel {
	readonly id: number;
	readonly type: PanelType;
	readonly title: string;
	/** What it shows, and what to do about it. */
	readonly description: string;
	readonly datasource: DataSourceRef;
	readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
	/** The least stretch that a point stands for. */
	readonly interval?: string;
	readonly targets: readonly Target[];
	readonly fieldConfig: { readonly defaults: FieldDefaults; readonly overrides: readonly FieldOverride[] };
	readonly options: Readonly<Record<string, unknown>>;
	readonly transformations: readonly object[];
}

export interface Annotation {
	readonly name: string;
	readonly datasource: DataSourceRef;
	readonly enable: boolean;
	readonly hide: boolean;
	readonly iconColor: string;
	/** Drawn only in these panels. */
	readonly filter?: { readonly exclude: false; readonly ids: readonly number[] };
	readonly target: {
		readonly refId: "Anno";
		readonly fromAnnotations: true;
		readonly query: string;
		readonly textColumn: string;
		/** A column with ms since 1970: the annotation is a stretch of time. */
		readonly timeEndColumn: string;
		readonly tagsColumn: string;
	};
}

export interface Variable {
	readonly name: string;
	readonly label: string;
	readonly type: "datasource" | "query";
	readonly query: string;
	readonly datasource?: DataSourceRef;
	readonly multi: boolean;
	readonly includeAll: boolean;
	readonly refresh: 1 | 2;
	readonly hide: 0 | 2;
}

export interface Dashboard {
	readonly uid: string;
	readonly title: string;
	readonly description: string;
	readonly tags: readonly string[];
	readonly schemaVersion: 39;
	readonly version: 1;
	readonly editable: false;
	readonly graphTooltip: 1;
	readonly timezone: "browser";
	readonly refresh: string;
	readonly time: { readonly from: string; readonly to: string };
	readonly links: readonly Link[];
	readonly templating: { readonly list: readonly Variable[] };
	readonly annotations: { readonly list: readonly Annotation[] };
	readonly panels: readonly Panel[];
}
