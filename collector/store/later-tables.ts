import { alertSchema } from "./alert-table.ts";
import { chartSchema } from "./chart-table.ts";
import { entrySchema } from "./entry-tables.ts";
import { judgementSchema } from "./judgement-table.ts";
import { laboratorySchema } from "./laboratory-table.ts";
import { limitsSchema } from "./limits-table.ts";
import { specificationSchema } from "./specification-table.ts";

/** Tables that a store of before gets when it is opened: each is new, so that no format step is needed. */
export const laterTables =
	alertSchema +
	chartSchema +
	judgementSchema +
	limitsSchema +
	specificationSchema +
	entrySchema +
	laboratorySchema;
