/** Writes 50 MB of lines to stdout, and how many milliseconds that took into the file named by its argument. */
import { renameSync, writeFileSync, writeSync } from "node:fs";

const [report = ""] = process.argv.slice(2);
const LINES_BYTES = 4000;
const block = Buffer.from(`${"x".repeat(79)}\n`.repeat(LINES_BYTES / 80));
const began = performance.now();
for (let written = 0; written < 50e6; written += LINES_BYTES) writeSync(1, block);
const ms = performance.now() - began;
writeFileSync(`${report}.new`, String(ms));
renameSync(`${report}.new`, report);
