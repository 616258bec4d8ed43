/** Reads a file of variables in the `.env` format of Node and docker. */
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { UsageError } from "./failure.ts";

/** @throws UsageError when it cannot be read */
export function readEnvFile(path: string): Readonly<Record<string, string>> {
	try {
		return parseEnv(readFileSync(path, "utf8")) as Record<string, string>;
	} catch (error) {
		throw new UsageError(
			`cannot read the file of variables ${path}: ${error instanceof Error ? error.message : error}`,
			"it has lines of NAME=VALUE",
		);
	}
}
