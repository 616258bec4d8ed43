// Lists the test files in the order in which they are run, and says how long they may take.
import { readdirSync } from "node:fs";

const MINUTE_MS = 60_000;

/** `silenceMs`: a file without a result for this long hangs, since a test may take five minutes (test/support/eventually.ts). */
export const LIMITS = { silenceMs: 6 * MINUTE_MS, wholeMs: 15 * MINUTE_MS };

/** The files that take longest, begun first, so that short ones are the last to run. The first of them mostly waits. */
const LONG = [
	"systemd/idle",
	"contract/launchd",
	"contract/systemd",
	"contract/posix",
	"faults/damaged",
	"posix/ending",
	"launchd/ends",
	"posix/restart",
	"launchd/faults",
	"posix/control",
	"posix/limit",
	"systemd/restart",
	"cli/",
	"faults/",
];

/** Files that keep the whole machine busy and would disturb others. They are run alone, at the end. */
const ALONE = ["faults/posix-crash-loop", "faults/systemd-crash-loop", "faults/mixed", "core/max-jobs"];

/** A browser is dear: these are run where they are named, and by scripts/workbench/check.mjs. */
const IN_BROWSER = "api/page-browser";

/** @param {string[]} words the files whose path contains one of them are returned; without words all but those in a browser */
export function testFiles(words) {
	const files = readdirSync("dist-test/test", { recursive: true, encoding: "utf8" })
		.filter(
			(name) => name.endsWith(".test.js") && (words.length === 0 ? !name.includes(IN_BROWSER) : words.some((word) => name.includes(word))),
		)
		.sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1))
		.map((name) => `dist-test/test/${name}`);
	const isAlone = (file) => ALONE.some((name) => file.includes(name));
	return { together: files.filter((file) => !isAlone(file)), alone: files.filter(isAlone) };
}

/** The short name of a file: `core/names` for dist-test/test/core/names.test.js. */
export function nameOf(file) {
	return file.replace(/^dist-test\/test\//, "").replace(/\.test\.js$/, "");
}

function rank(name) {
	const place = LONG.findIndex((long) => name.startsWith(long));
	return place < 0 ? LONG.length : place;
}
