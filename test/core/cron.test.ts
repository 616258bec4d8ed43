/** The five fields of crontab(5). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { calendarTexts } from "../../platform/calendar-text.ts";
import { isChoreError } from "../../platform/errors.ts";
import { readCron } from "../../src/core/schedule/cron.ts";

test("a cron line is read as cron reads it", () => {
	for (const [line, ...texts] of [
		["0 9 * * 1-5", "Mon..Fri *-*-* 09:00:00"],
		["* * * * *", "*-*-* *:*:00"],
		["*/1 * * * *", "*-*-* *:*:00"],
		["*/10 * * * *", "*-*-* *:00/10:00"],
		["0\t0  1,15 jan-MAR *", "*-01..03-01,15 00:00:00"],
		[" 1-5,10-20/5,59 * * * * ", "*-*-* *:01..05,10,15,20,59:00"],
		["5,* * * * *", "*-*-* *:00..59:00"],
		["@hourly", "*-*-* *:00:00"],
		["@daily", "*-*-* 00:00:00"],
		["@Midnight", "*-*-* 00:00:00"],
		["@weekly", "Sun *-*-* 00:00:00"],
		["@monthly", "*-*-01 00:00:00"],
		["@yearly", "*-01-01 00:00:00"],
		["@annually", "*-01-01 00:00:00"],
		...["0", "7", "sun", "Sun", "0,7"].map((day) => [`0 9 * * ${day}`, "Sun *-*-* 09:00:00"]),
		["0 9 * * 5-7", "Fri..Sun *-*-* 09:00:00"],
		["0 9 * * 0-2", "Mon,Tue,Sun *-*-* 09:00:00"],
		["0 9 * * 0-7", "Mon..Sun *-*-* 09:00:00"],
		["0 9 * * */2", "Tue,Thu,Sat,Sun *-*-* 09:00:00"],
		["0 9 * * mon,wed-fri/2", "Mon,Wed,Fri *-*-* 09:00:00"],
	] as [string, ...string[]][])
		assert.deepEqual(calendarTexts(readCron(line)), texts, line);
	assert.equal(readCron("0 * * * *")[0]?.hours, "any");
	assert.equal(readCron("0 0-23 * * *")[0]?.hours.length, 24);
});

test("of a restricted day of the month and a restricted weekday either is enough, unless one begins with a star", () => {
	assert.deepEqual(calendarTexts(readCron("0 9 13 * 5")), ["*-*-13 09:00:00", "Fri *-*-* 09:00:00"]);
	assert.deepEqual(calendarTexts(readCron("0 9 1-31 * 5")), ["*-*-01..31 09:00:00", "Fri *-*-* 09:00:00"]);
	assert.deepEqual(calendarTexts(readCron("0 9 */2 * 5")), ["Fri *-*-01..31/2 09:00:00"]);
	assert.deepEqual(calendarTexts(readCron("0 9 13 * */3")), ["Wed,Sat,Sun *-*-13 09:00:00"]);
	assert.deepEqual(calendarTexts(readCron("0 9 13 * *")), ["*-*-13 09:00:00"]);
});

test("what is no cron line is refused with the place, the reason and what is right", () => {
	for (const [line, at, wrong] of [
		["", 1, /it is empty/],
		["0 9 * *", 1, /it has 4 fields instead of five/],
		["0 0 9 * * *", 11, /it has 6 fields instead of five: .*\(the command comes after --; seconds can be said with --on-calendar\)/],
		["60 * * * *", 1, /the minute 60 is not from 0 to 59 \(for example: 0 9 \* \* 1-5\)/],
		["0 24 * * *", 3, /the hour 24/],
		["0 0 0 * *", 5, /the day 0 is not from 1 to 31/],
		["0 0 32 * *", 5, /the day 32/],
		["0 0 * 13 *", 7, /the month 13/],
		["0 0 * * 8", 9, /the weekday 8 is not from 0 to 7/],
		["99999999999999999999999 * * * *", 1, /the minute 99999999999999999999…/],
		["0 0 * july *", 7, /"july" is no month/],
		["0 0 * * funday", 9, /"funday" is no weekday/],
		["mon * * * *", 1, /"mon" is no minute/],
		["20-5 * * * *", 1, /the range 20-5 goes backwards/],
		["0 9 * * fri-sun", 9, /the range fri-sun goes backwards \(Sunday is 7, too\)/],
		["5/15 * * * *", 1, /read in two ways \(write 5 or 5-59\/15\)/],
		["*/0 * * * *", 1, /\*\/0 does not repeat from 0 to 59/],
		["*/90 * * * *", 1, /\*\/90 does not repeat from 0 to 59 \(write 0 for once\)/],
		["0,,5 * * * *", 3, /a minute is missing/],
		["5- * * * *", 1, /"5-" is no minute/],
		["-5 * * * *", 1, /"-5" is no minute/],
		["1.5 * * * *", 1, /"1\.5" is no minute/],
		["0 9 ? * 1", 5, /"\?" is not known to cron \(any day is written \*\)/],
		["0 9 L * *", 5, /"L" for the last day of the month/],
		["0 9 L-3 * *", 5, /"L" for the last day of the month/],
		["0 9 1,L * *", 7, /"L" for the last day of the month/],
		["0 9 * * 5L", 9, /"L" for the last weekday of the month .*Fri \*-\*~7\/1/],
		["0 9 * * fri#2", 9, /"#" for a weekday by its place .*Fri \*-\*-8\.\.14/],
		["0 9 15W * *", 5, /"W" for the nearest workday/],
		["H 9 * * *", 1, /a time by chance/],
		["H(0-5) 9 * * *", 1, /a time by chance/],
		["0~30 9 * * *", 1, /a time by chance/],
		["@reboot", 1, /@reboot is no calendar \(on systemd, --on-startup/],
		["@every 5m", 1, /@every is no calendar \(--every DURATION/],
		["@fortnightly", 1, /there is no @fortnightly \(there are @hourly, @daily/],
		["@daily /bin/true", 8, /nothing follows @daily/],
		["0 9 * * *\n", 10, /a control character/],
		["0 9 * * \u001b[31m", 9, /a control character/],
		["0,".repeat(5000), 1501, /it has more than 1500 characters/],
	] as [string, number, RegExp][]) {
		assert.throws(
			() => readCron(line),
			(error) => {
				assert.ok(isChoreError(error) && error.code === "INVALID_ARGUMENT" && error.hint !== undefined, String(error));
				const message = `${error.message} (${error.hint})`;
				assert.match(message, wrong);
				assert.match(message, new RegExp(`^the cron line ".*" is wrong at character ${at}: `));
				assert.doesNotMatch(message, /\p{Cc}/u);
				assert.ok(message.length < 300, message);
				return true;
			},
			line.slice(0, 100),
		);
	}
});
