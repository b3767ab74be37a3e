import { alertSchema } from "./alert-table.ts";
import { chartSchema } from "./chart-table.ts";
import { entrySchema } from "./entry-tables.ts";
import { genealogySchema } from "./genealogy-table.ts";
import { judgementSchema } from "./judgement-table.ts";
import { laboratorySchema } from "./laboratory-table.ts";
import { limitsSchema } from "./limits-table.ts";
import { materialSchema } from "./material-table.ts";
import { specificationSchema } from "./specification-table.ts";

/** A unit's tags are looked for by device, in a table of up to 50,000 rows. */
const seriesByDevice = "CREATE INDEX IF NOT EXISTS series_device ON series(device, tag);\n";

/** Tables and indexes that a store of before gets when it is opened: each is new, so that no format step is needed. */
export const laterTables =
	seriesByDevice +
	alertSchema +
	chartSchema +
	genealogySchema +
	judgementSchema +
	limitsSchema +
	specificationSchema +
	entrySchema +
	laboratorySchema +
	materialSchema;
