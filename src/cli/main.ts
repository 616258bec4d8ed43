#!/usr/bin/env node
/** Starts the command line. What only prints the version loads nothing else. */
import { codeCache } from "./code-cache.ts";
import type { main } from "./program.ts";

declare const CHORE_VERSION: string;

const words = process.argv.slice(2);
if (words.length === 1 && (words[0] === "--version" || words[0] === "-V")) {
	process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
		process.exitCode = code === "EPIPE" ? 141 : 1; // as in output.ts
	});
	process.stdout.write(`${CHORE_VERSION}\n`);
} else
	void (codeCache(__dirname)("cli-program.cjs") as { readonly main: typeof main })
		.main(words)
		// All is written: what Node would take down piece by piece, and what is still open, ends with the process.
		.then(() => process.exit());
