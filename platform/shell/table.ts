/** Where this system tells of its processes. */
import { existsSync } from "node:fs";
import { procTable } from "./proc.ts";
import type { ProcessTable } from "./processes.ts";
import { PsTable } from "./ps.ts";

export function tableOfThisSystem(): ProcessTable {
	return existsSync("/proc/self/stat") ? procTable : new PsTable();
}
