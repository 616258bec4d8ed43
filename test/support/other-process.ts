/** The process that other.ts starts. Reads a command from each line of the first FIFO, and writes its result to the second. */
import { createReadStream, openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { callEntry } from "./entry.ts";

const [, , requests = "", answers = ""] = process.argv;
const lines = createInterface({ input: createReadStream(requests) });
const to = openSync(answers, "w");
for await (const line of lines) writeSync(to, `${JSON.stringify(await callEntry(JSON.parse(line) as readonly string[]))}\n`);
