// Runs everything that must hold before a change lands: build, lint, types, package, and all suites.
// `npm test -- posix contract` runs only the test files whose path contains one of the words.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { testFiles } from "./suites/files.mjs";
import { Run } from "./suites/run.mjs";
import { endAtSignals } from "./suites/signals.mjs";
import { summarize, writeResults } from "./suites/summary.mjs";

const words = process.argv.slice(2);

// With this variable Node reads a file of certificates at each start, which takes longer than the rest of the start. Nothing
// here needs them, and the suites start thousands of processes.
delete process.env.NODE_EXTRA_CA_CERTS;

/** Runs a program with its output shown. Ends this process if it fails. */
function step(title, program, ...rest) {
	console.log(`\n# ${title}`);
	const { status, signal, error } = spawnSync(program, rest, { stdio: "inherit" });
	if (status === 0) return;
	console.error(`# ${title}: ${error?.message ?? signal ?? `exit ${status}`}`);
	process.exit(1);
}

const bin = (name) => `node_modules/.bin/${name}`;
step("build", process.execPath, "scripts/build.mjs");
step("lint", bin("biome"), "check", "--error-on-warnings", ".");
rmSync("dist-test", { recursive: true, force: true });
step("types", bin("tsc"), "-p", "tsconfig.json");
if (words.length === 0) step("types of the page", bin("tsc"), "-p", "src/api/page/browser/tsconfig.json");
if (words.length === 0) {
	step("unused code and dependencies", bin("knip"));
	step("package", bin("publint"));
}

const files = testFiles(words);
console.log(`\n# tests: ${files.together.length + files.alone.length} files`);
const run = new Run();
endAtSignals(run);
const verdicts = await run.all(files);
writeResults(verdicts);
const hasPassed = summarize(verdicts, run.notRun) && verdicts.length > 0;
if (!hasPassed) process.exitCode ||= 1;
