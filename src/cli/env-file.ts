/** Reads a file of variables in the `.env` format of Node and docker. */
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { pathOf, textOf } from "../index.ts";
import { UsageError } from "./failure.ts";

/** @throws UsageError when it cannot be read */
export function readEnvFile(path: string): Readonly<Record<string, string>> {
	try {
		// As Latin-1 each byte is a character, and no byte is lost.
		const variables = Object.entries(parseEnv(readFileSync(pathOf(path), "latin1"))) as [string, string][];
		const exact = (text: string): string => textOf(Buffer.from(text, "latin1"));
		return Object.fromEntries(variables.map(([name, value]) => [exact(name), exact(value)]));
	} catch (error) {
		throw new UsageError(
			`cannot read the file of variables ${path}: ${error instanceof Error ? error.message : error}`,
			"it has lines of NAME=VALUE",
		);
	}
}
