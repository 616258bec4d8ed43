/** Starts the run that is given as JSON, and stays: for tests that kill the process that started a job. */
import { writeSync } from "node:fs";
import { openPlatform, type TestRun } from "./support.ts";

const run = JSON.parse(process.argv[2] ?? "") as TestRun;
const platform = await openPlatform();
writeSync(1, "now\n");
await platform.start(run.spec, run.handle);
setInterval(() => {}, 1000);
