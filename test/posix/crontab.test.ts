/** The lines of a crontab, as texts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Wake } from "../../platform/contract.ts";
import { jobsIn, linesFor, withLines } from "../../platform/posix/crontab.ts";
import { readCalendar } from "../../src/core/schedule/calendar.ts";

const JOBS = "/home/me/state/default/jobs";

function wake(more: Partial<Wake> = {}): Wake {
	return {
		jobId: "019ad9a2-0000-7000-8000-0000000000ff",
		label: "backup",
		description: "",
		jobFolder: `${JOBS}/one`,
		revision: 1,
		calendar: [readCalendar("Mon 3:17")],
		occasions: [],
		native: {},
		catchesUp: false,
		jitterMs: 0,
		fire: "/home/me/state/libexec/a/fire",
		due: "/home/me/state/libexec/b/due",
		...more,
	};
}

const COMMAND = `exec /bin/sh /home/me/state/libexec/b/due /home/me/state/libexec/a/fire ${JOBS}/one`;

test("a line runs the program that looks whether a moment is due, and another one does at the start of cron", () => {
	assert.deepEqual(linesFor(wake()), [`17 3 * * 1 ${COMMAND}`]);
	assert.deepEqual(linesFor(wake({ catchesUp: true })), [`17 3 * * 1 ${COMMAND}`, `@reboot ${COMMAND}`]);
	assert.deepEqual(linesFor(wake({ calendar: [readCalendar("9:00"), readCalendar("Fri *-*-13 10:00")] })), [
		`0 9 * * * ${COMMAND}`,
		`0 10 13 * * ${COMMAND}`,
	]);
});

test("the jitter of a job is always the same number of seconds, within its bound", () => {
	for (const [jitterMs, seconds] of [
		[60_000, " 11"],
		[254_000, ""],
		[256_000, " 255"],
		[999, ""],
	] as const)
		assert.deepEqual(linesFor(wake({ jitterMs })), [`17 3 * * 1 ${COMMAND}${seconds}`]);
});

test("odd characters in a path are quoted, and what cron cannot hold is refused in one sentence", () => {
	const [line] = linesFor(wake({ jobFolder: `/it's $HOME "état"/one` }));
	assert.match(line ?? "", /fire '\/it'\\''s \$HOME "état"\/one'$/);
	for (const [jobFolder, message] of [
		["/100%/one", /has a %/],
		["/a\tb/one", /control character/],
		[`/${"long/".repeat(190)}one`, /longer than 990 bytes/],
	] as const)
		assert.throws(() => linesFor(wake({ jobFolder })), { code: "INVALID_ARGUMENT", message, hint: /CHORE_HOME/ });
	assert.throws(() => linesFor(wake({ calendar: [readCalendar("*:*:0/5")] })), { code: "OPTION_UNSUPPORTED", message: /has no seconds/ });
});

test("lines are added to, replaced in and taken out of one block, and nothing else is changed", () => {
	const [one, two] = [`${JOBS}/one`, `${JOBS}/one2`];
	const [begin, end] = [`# BEGIN chore ${JOBS}\n`, `# END chore ${JOBS}\n`];
	const lineOf = (job: string): string => `0 9 * * * exec /bin/sh due fire ${job}`;
	const theirs = "# mine\nCRON_TZ=Asia/Tokyo\n\n5 * * * * true % x\n# END chore\n";
	const first = withLines(theirs, one, [lineOf(one)]);
	assert.equal(first, `${begin}${lineOf(one)}\n${end}${theirs}`);
	const both = withLines(first, two, [lineOf(two), `${lineOf(two)} 17`]);
	assert.equal(both, `${begin}${lineOf(one)}\n${lineOf(two)}\n${lineOf(two)} 17\n${end}${theirs}`);
	assert.equal(withLines(both, one, ["new"]), `${begin}${lineOf(two)}\n${lineOf(two)} 17\nnew\n${end}${theirs}`);
	assert.equal(withLines(both, two, []), first);
	assert.equal(withLines(first, one, []), theirs);
	assert.equal(withLines(theirs, one, []), theirs);
	assert.equal(withLines("", one, [lineOf(one)]), `${begin}${lineOf(one)}\n${end}`);
	assert.equal(withLines(`${begin}${lineOf(one)}\n${end}`, one, []), "");
	assert.equal(withLines("5 * * * * true", one, [lineOf(one)]), `${begin}${lineOf(one)}\n${end}5 * * * * true\n`);
	const moved = `${theirs}${begin}${lineOf(one)}\n${end}6 * * * * true\n`;
	assert.equal(withLines(moved, two, [lineOf(two)]), `${theirs}${begin}${lineOf(one)}\n${lineOf(two)}\n${end}6 * * * * true\n`);
	const broken = `${begin}${lineOf(one)}\n${theirs}`;
	assert.equal(withLines(broken, two, [lineOf(two)]), `${begin}${lineOf(two)}\n${end}${broken}`);
});

test("the jobs of a table are told by their lines, in all blocks", () => {
	const [id, other] = ["019ad9a2-0000-7000-8000-0000000000ff", "019ad9a2-0000-7000-8000-0000000000fe"];
	const folders = [`${JOBS}/${id}`, `/it's "état"/jobs/${id}`, `${JOBS}/${other}`];
	const table = folders.reduce((before, jobFolder, index) => {
		return withLines(before, jobFolder, linesFor(wake({ jobFolder, catchesUp: true, jitterMs: index * 255_000 })));
	}, `0 9 * * * true /${id}\n`);
	assert.deepEqual([...jobsIn(table)].sort(), [...folders].sort());
	assert.deepEqual(jobsIn("# mine\n0 9 * * * true /a\n"), []);
});
