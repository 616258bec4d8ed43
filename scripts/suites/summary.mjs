// Prints a summary at the end of a run, and writes the results to a file for .ci/run.
import { writeFileSync } from "node:fs";
import { nameOf } from "./files.mjs";
import { countsOf, failuresOf } from "./run.mjs";

/** The results of the last run: one JSON line a test, with its file, titles, status, and why it was skipped. */
export const RESULTS = "dist-test/results.jsonl";

/** @param {import("./run.mjs").Verdict[]} verdicts */
export function writeResults(verdicts) {
	const lines = verdicts.flatMap(({ first, second }) =>
		(second ?? first).results.map((result) => JSON.stringify({ file: nameOf(first.file), ...result })),
	);
	writeFileSync(RESULTS, lines.map((line) => `${line}\n`).join(""));
}

/**
 * Prints the skipped tests, the unsteady files, and the failures, in that order.
 *
 * @param {import("./run.mjs").Verdict[]} verdicts
 * @param {string[]} notRun files that were not begun before the run was ended
 * @returns whether all files were run and passed, at the first or the second try
 */
export function summarize(verdicts, notRun) {
	const finals = verdicts.map(({ first, second }) => second ?? first);
	printSkips(finals);
	const unsteady = verdicts.filter(({ first, second }) => !first.passed && second?.passed);
	if (unsteady.length > 0) {
		console.log("\n# unsteady: failed at first, and passed when run once more, alone");
		for (const { first } of unsteady) printFailure(first, "unsteady");
	}
	const failed = verdicts.filter(({ first, second }) => !(second ?? first).passed);
	if (failed.length > 0) {
		console.log("\n# failed");
		for (const { first, second } of failed) printFailure(second ?? first, "failed");
	}
	if (notRun.length > 0) console.log(`\n# ${notRun.length} files were not run: ${notRun.map(nameOf).join(", ")}`);
	const total = { passed: 0, failed: 0, skipped: 0 };
	for (const outcome of finals) {
		const counts = countsOf(outcome);
		for (const kind of Object.keys(total)) total[kind] += counts[kind];
		// A file that hung or crashed has failed, even if no test of it did.
		if (!outcome.passed && counts.failed === 0) total.failed++;
	}
	const note = unsteady.length > 0 ? `\nunsteady: ${unsteady.map(({ first }) => nameOf(first.file)).join(", ")}` : "";
	const cpuMs = verdicts.reduce((sum, { first, second }) => sum + first.cpuMs + (second?.cpuMs ?? 0), 0);
	console.log(`\n# ${Math.round(cpuMs / 1000)} s of CPU`);
	console.log(`${note}\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
	return failed.length === 0 && notRun.length === 0;
}

function printSkips(outcomes) {
	const reasons = new Map();
	for (const { results } of outcomes) {
		for (const { status, reason } of results) if (status === "skipped") reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
	}
	if (reasons.size > 0) console.log("\n# skipped");
	for (const [reason, count] of reasons) console.log(`${String(count).padStart(4)}  ${reason || "no reason is given"}`);
}

function printFailure(outcome, word) {
	console.log(`${word}: ${nameOf(outcome.file)}`);
	for (const line of failuresOf(outcome)) console.log(`      ${line}`);
}
