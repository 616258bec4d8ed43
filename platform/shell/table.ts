/** Chooses how processes are looked up: /proc where it is mounted, else ps(1). */
import { existsSync } from "node:fs";
import { procTable } from "./proc.ts";
import type { ProcessTable } from "./processes.ts";
import { PsTable } from "./ps.ts";

export function tableOfThisSystem(): ProcessTable {
	return existsSync("/proc/self/stat") ? procTable : new PsTable();
}
