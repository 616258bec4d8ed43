/** Crontabs of many kinds: what cron runs by each line, when, and with which variables. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CronJob, readCrontab } from "../../src/core/schedule/crontab.ts";
import { nextTimes } from "../../src/core/schedule/next-times.ts";
import { wakingOf } from "../../src/core/schedule/schedule.ts";

const lines = (...text: readonly string[]) => readCrontab(`${text.join("\n")}\n`);

/** The job of a crontab that has one line of a job, and no other. */
function only(...text: readonly string[]): CronJob {
	const [found, ...more] = lines(...text);
	assert.deepEqual(more, []);
	assert.ok(found !== undefined && "job" in found, JSON.stringify(found));
	return found.job;
}

test("what stands before the command is when, in fields or in a word", () => {
	for (const [line, cron, command] of [
		["30 2 * * * backup", "30 2 * * *", "backup"],
		["30\t2 *  *\t* \t backup  --all  ", "30 2 * * *", "backup  --all  "],
		["  0 9 1,15 jan-MAR sun x", "0 9 1,15 jan-MAR sun", "x"],
		["*/10 8-18/2 * * 7 x", "*/10 8-18/2 * * 7", "x"],
		["@daily x", "@daily", "x"],
		["@Midnight  x y", "@Midnight", "x y"],
		["@hourly x # not a comment", "@hourly", "x # not a comment"],
		["-*/15 * * * * x", "*/15 * * * *", "x"],
		["0 9 * * * -n x -n", "0 9 * * *", "x -n"],
		["0 9 * * * -q -s x", "0 9 * * *", "x"],
		["0 9 * * * A=1 x 2>&1 >/dev/null", "0 9 * * *", "A=1 x 2>&1 >/dev/null"],
		["0 9 * * * [ -x /x ] && /x", "0 9 * * *", "[ -x /x ] && /x"],
	] as const) {
		const job = only(line);
		assert.deepEqual([job.cron, job.command, job.input], [cron, command, null], line);
	}
});

test("lines of NAME=VALUE hold for the lines below them", () => {
	for (const [line, name, value] of [
		["A=b", "A", "b"],
		["  A = b c  ", "A", "b c"],
		["A=", "A", ""],
		['A=" b "', "A", " b "],
		["A=' \"b\" '  ", "A", ' "b" '],
		['"A B"=c', "A B", "c"],
		["'A'=c", "A", "c"],
		["PATH=$HOME/bin:/bin", "PATH", "$HOME/bin:/bin"],
		["A=b # c", "A", "b # c"],
		["A=b=c", "A", "b=c"],
		["__proto__=x", "__proto__", "x"],
	] as const)
		assert.deepEqual(Object.entries(only(line, "@daily x").variables), [[name, value]], line);
	const found = lines("@daily none", "A=1", "B=1", "@daily two", "A=2", "@daily changed").flatMap((line) =>
		"job" in line ? line.job : [],
	);
	assert.deepEqual(
		found.map(({ variables }) => ({ ...variables })),
		[{}, { A: "1", B: "1" }, { A: "2", B: "1" }],
	);
	const inZone = only("CRON_TZ=europe/berlin", "RANDOM_DELAY=45", "@daily x");
	assert.deepEqual([inZone.zone, inZone.delayMs], ["Europe/Berlin", 2_700_000]);
	const plain = only("CRON_TZ=", "RANDOM_DELAY=soon", "TZ=Asia/Tokyo", "@daily x");
	assert.deepEqual([plain.zone, plain.delayMs], [null, 0]);
});

test("a percent sign ends the command, and those after it end lines of its input", () => {
	for (const [rest, command, input] of [
		["x%", "x", null],
		["mail me%Hello%World", "mail me", "Hello\nWorld\n"],
		["x%%a%", "x", "\na\n"],
		["x %100\\% of%it", "x ", "100% of\nit\n"],
		["date +\\%F", "date +%F", null],
		["printf a\\nb", "printf a\\nb", null],
		["x%a\\nb\\\\c", "x", "a\\nb\\\\c\n"],
	] as const) {
		const job = only(`@daily ${rest}`);
		assert.deepEqual([job.command, job.input], [command, input], rest);
	}
});

test("the comment in the line above is that of a line", () => {
	const comments = lines("# a", "# nightly backup", "@daily a", "@daily b", "#c", "", "@daily d", "#", "@daily e", "##  f ", "@daily f");
	assert.deepEqual(
		comments.map((line) => ("job" in line ? line.job.comment : line)),
		["nightly backup", null, null, null, "f"],
	);
});

test("a user column is read where there is one", () => {
	const [one, two] = readCrontab("17 * * * * root\tcd / && x\n@daily www-data y%z\n@daily root\n", { userColumn: true });
	assert.ok(one && "job" in one && two && "job" in two);
	assert.deepEqual([one.job.user, one.job.command], ["root", "cd / && x"]);
	assert.deepEqual([two.job.user, two.job.command, two.job.input], ["www-data", "y", "z\n"]);
	assert.equal(only("@daily root x").user, null);
});

test("what cannot be the same is said with its place and the reason, and the other lines are read", () => {
	const found = lines(
		"@reboot x",
		"0~30 4 * * * x",
		"61 * * * * x",
		"* * * * x",
		"@every_minute x",
		"@daily sed 's/\\\\./x/'",
		"@daily",
		"A='b",
		"0 5 L * * x",
		"CRON_TZ=Mars/Olympus",
		"@daily x",
		"CRON_TZ=UTC",
		"@daily well",
	);
	const problems = found.map((line) => [line.line, "problem" in line ? line.problem : line.job.command] as const);
	for (const [index, [number, problem]] of (
		[
			[1, /@reboot is no calendar/],
			[2, /a time by chance/],
			[3, /the minute 61/],
			[4, /"x" is no weekday|five fields/],
			[5, /there is no @every_minute/],
			[6, /two|backslash/],
			[7, /five fields and a command/],
			[8, /NAME=VALUE/],
			[9, /last day of the month/],
			[11, /no time zone/],
			[13, /^well$/],
		] as const
	).entries()) {
		assert.equal(problems[index]?.[0], number);
		assert.match(problems[index]?.[1] ?? "", problem);
	}
	assert.equal(problems.length, 11);
});

test("what chore itself keeps in a crontab is left out, and the other lines keep their numbers", () => {
	const found = lines("@daily a", "# BEGIN chore /state", "1 1 * * * exec /bin/sh fire job", "# END chore", "@daily b");
	assert.deepEqual(
		found.map(({ line, text }) => [line, text]),
		[
			[1, "@daily a"],
			[5, "@daily b"],
		],
	);
	assert.equal(lines("# BEGIN chore without an end", "@daily a").length, 1);
});

/** Tells whether cron runs a line in a minute, field by field as crontab(5) says it. Of numbers only. */
function rule(line: string): (at: Date) => boolean {
	const [minute = "", hour = "", day = "", month = "", weekday = ""] = line.split(" ");
	const valuesOf = (field: string, least: number): ReadonlySet<number> => {
		const values = field.split(",").flatMap((element) => {
			const [range = "", step = "1"] = element.split("/");
			const [from = 0, to = from] = range === "*" ? [least, 59] : range.split("-").map(Number);
			return Array.from({ length: Math.floor((to - from) / Number(step)) + 1 }, (_, index) => from + index * Number(step));
		});
		return new Set(values);
	};
	const [minutes, hours, days] = [valuesOf(minute, 0), valuesOf(hour, 0), valuesOf(day, 1)];
	const [months, weekdays] = [valuesOf(month, 1), valuesOf(weekday, 0)];
	const either = !day.startsWith("*") && !weekday.startsWith("*");
	return (at) => {
		if (!minutes.has(at.getUTCMinutes()) || !hours.has(at.getUTCHours()) || !months.has(at.getUTCMonth() + 1)) return false;
		const onDay = days.has(at.getUTCDate());
		const onWeekday = weekdays.has(at.getUTCDay()) || (at.getUTCDay() === 0 && weekdays.has(7));
		return (either ? onDay || onWeekday : onDay && onWeekday) === true;
	};
}

test("an imported schedule has the moments that cron has", () => {
	const beginMs = Date.parse("2027-12-20T00:00:00Z");
	const minutes = Array.from({ length: 80 * 24 * 60 }, (_, index) => new Date(beginMs + index * 60_000));
	for (const line of [
		"30 2 * * *",
		"*/7 8-18/3 * * 1-5",
		"0,15,59 */6 * * *",
		"5 4 13 * 5",
		"5 4 13 * *",
		"5 4 */3 * 0",
		"5 4 1,29-31 1-2 7",
		"0 0 1-7 * */2",
		"59 23 29 2 *",
		"0 12 * 12 0,6-7",
	]) {
		const { cron, zone } = only("CRON_TZ=UTC", `${line} x`);
		const { calendar } = wakingOf({ triggers: [{ id: "t1", kind: "cron", texts: [cron], zone }] });
		const wanted = minutes.filter(rule(line)).map(Number);
		assert.ok(wanted.length > 0, line);
		assert.deepEqual(nextTimes(calendar, beginMs - 1, wanted.length), wanted, line);
	}
});
