// Which test files there are, in which order they are run, and how long they may take.
import { readdirSync } from "node:fs";

const MINUTE_MS = 60_000;

/** A file that tells no result for so long hangs. Single tests have at most five minutes (test/support/eventually.ts). */
export const LIMITS = { silenceMs: 6 * MINUTE_MS, wholeMs: 15 * MINUTE_MS };

/** Those that take longest, the longest first: what begins last should be short. The first mostly waits, beside the others. */
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

/** Those that keep the whole machine busy, and would only disturb others: they are run by themselves, at the end. */
const ALONE = ["faults/posix-crash-loop", "faults/systemd-crash-loop", "faults/mixed", "core/max-jobs"];

/** @param {string[]} words only files whose path holds one of them; none: all */
export function testFiles(words) {
	const files = readdirSync("dist-test/test", { recursive: true, encoding: "utf8" })
		.filter((name) => name.endsWith(".test.js") && (words.length === 0 || words.some((word) => name.includes(word))))
		.sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1))
		.map((name) => `dist-test/test/${name}`);
	const isAlone = (file) => ALONE.some((name) => file.includes(name));
	return { together: files.filter((file) => !isAlone(file)), alone: files.filter(isAlone) };
}

/** A file as people name it: `core/names` for dist-test/test/core/names.test.js. */
export function nameOf(file) {
	return file.replace(/^dist-test\/test\//, "").replace(/\.test\.js$/, "");
}

function rank(name) {
	const place = LONG.findIndex((long) => name.startsWith(long));
	return place < 0 ? LONG.length : place;
}
