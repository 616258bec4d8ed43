// Finds tests that fail now and then: runs test files many times beside busy processes and counts the failures of each test.
//
//   steady.mjs [WORD…] [--times N] [--load N]    files whose path holds one of the words; default 10 times, no busy process
import { spawn, spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { nameOf, testFiles } from "./suites/files.mjs";
import { failuresOf, Run } from "./suites/run.mjs";
import { endAtSignals } from "./suites/signals.mjs";

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { times: { type: "string", default: "10" }, load: { type: "string", default: "0" } },
});
const times = Number(values.times);
const load = Number(values.load);
if (!(Number.isInteger(times) && times > 0 && Number.isInteger(load) && load >= 0)) {
	console.error("steady: --times must be a whole number above 0, and --load one from 0");
	process.exit(2);
}

delete process.env.NODE_EXTRA_CA_CERTS;
for (const [program, ...words] of [
	[process.execPath, "scripts/build.mjs"],
	["node_modules/.bin/tsc", "-p", "tsconfig.json"],
]) {
	if (spawnSync(program, words, { stdio: "inherit" }).status !== 0) process.exit(1);
}

const { together, alone } = testFiles(positionals);
const often = (files) => Array.from({ length: times }, () => files).flat();
const run = new Run({ secondTry: false });
endAtSignals(run);
// Each ends when this process is gone, however it ends.
const busy = Array.from({ length: load }, () =>
	spawn("/bin/sh", ["-c", `while kill -0 ${process.pid} 2>/dev/null; do :; done`], { stdio: "ignore" }),
);
const verdicts = await run.all({ together: often(together), alone: often(alone) });
for (const one of busy) one.kill();

/** By name of a test: how often it failed, and the error of its first failure. */
const failures = new Map();
for (const { first } of verdicts) {
	if (first.passed) continue;
	const failed = first.results.filter(({ status }) => status === "failed").map(({ titles, error }) => [titles.join(" > "), error]);
	if (first.trouble.length > 0) failed.push(["the file itself", failuresOf(first).join("\n")]);
	for (const [title, error] of failed) {
		const name = `${nameOf(first.file)}: ${title}`;
		failures.set(name, { count: (failures.get(name)?.count ?? 0) + 1, error: failures.get(name)?.error ?? error });
	}
}
console.log(`\n# ${verdicts.length} runs of ${together.length + alone.length} files beside ${load} busy processes`);
for (const [name, { count, error }] of [...failures].sort(([, one], [, other]) => other.count - one.count)) {
	console.log(`${String(count).padStart(4)} of ${times}  ${name}`);
	for (const line of error.split("\n").slice(0, 12)) console.log(`              ${line}`);
}
if (failures.size === 0) console.log("no test failed");
process.exitCode ||= failures.size === 0 ? 0 : 1;
