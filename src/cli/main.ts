#!/usr/bin/env node
/** Starts the command line. For --version it loads nothing else. */
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
		// Everything is written. Exit at once: taking down open handles one by one would only cost time.
		.then(() => process.exit());
