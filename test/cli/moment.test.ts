/** Points in time, as systemd.time(7) and RFC 3339 spell them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { momentAt } from "../../src/cli/moment.ts";

const NOW = new Date(2026, 0, 31, 15, 4, 5, 678);

const at = (year: number, month: number, day: number, hour = 0, minute = 0, second = 0, ms = 0): Date =>
	new Date(year, month - 1, day, hour, minute, second, ms);

test("a moment is read as it is meant, in local time unless it says which", () => {
	const known: readonly (readonly [text: string, moment: Date])[] = [
		["now", NOW],
		["today", at(2026, 1, 31)],
		["yesterday", at(2026, 1, 30)],
		["tomorrow", at(2026, 2, 1)],
		["2h ago", at(2026, 1, 31, 13, 4, 5, 678)],
		["2 hours ago", at(2026, 1, 31, 13, 4, 5, 678)],
		["  1h 30min ago ", at(2026, 1, 31, 13, 34, 5, 678)],
		["-2h", at(2026, 1, 31, 13, 4, 5, 678)],
		["-5", at(2026, 1, 31, 15, 4, 0, 678)],
		["+1d", at(2026, 2, 1, 15, 4, 5, 678)],
		["2h", at(2026, 1, 31, 13, 4, 5, 678)],
		["90 ago", at(2026, 1, 31, 15, 2, 35, 678)],
		["2026-01-02", at(2026, 1, 2)],
		["2026-01-02 15:04", at(2026, 1, 2, 15, 4)],
		["2026-01-02 15:04:05", at(2026, 1, 2, 15, 4, 5)],
		["2026-01-02 15:04:05.25", at(2026, 1, 2, 15, 4, 5, 250)],
		["2026-01-02T15:04:05", at(2026, 1, 2, 15, 4, 5)],
		["08:30", at(2026, 1, 31, 8, 30)],
		["08:30:01", at(2026, 1, 31, 8, 30, 1)],
		["2024-02-29", at(2024, 2, 29)],
		["2026-01-02T15:04:05Z", new Date("2026-01-02T15:04:05Z")],
		["2026-01-02t15:04:05.123456789z", new Date("2026-01-02T15:04:05.123Z")],
		["2026-01-02T15:04:05+01:30", new Date("2026-01-02T13:34:05Z")],
		["2026-01-02 15:04 -0800", new Date("2026-01-02T23:04:00Z")],
		["2026-01-02 15:04:05 UTC", new Date("2026-01-02T15:04:05Z")],
		["@0", new Date(0)],
		["@1767225600.5", new Date(1767225600500)],
	];
	for (const [text, moment] of known) assert.equal(momentAt(text, NOW).toISOString(), moment.toISOString(), text);
});

test("a text that is no moment is refused, with an example", () => {
	const wrong = [
		"",
		" ",
		"-",
		"+",
		"5",
		"90",
		"2026",
		"ago",
		"-2h ago",
		"- 2h ago",
		"2 parsecs ago",
		"-1 parsec",
		"soon",
		"Today",
		"@",
		"@-1",
		"@x",
	];
	wrong.push(
		"2026-02-30",
		"2026-13-01",
		"2026-00-10",
		"2026-01-00",
		"2026-1-2",
		"26-01-02",
		"0026-13-01",
		"2026-01-0215:04",
		"2026-01-02T",
	);
	wrong.push(
		"24:00",
		"12:60",
		"12:00:60",
		"12",
		"12:0",
		"2026-01-02 15:04:05 CET",
		"2026-01-02 15:04 +1",
		"2026-01-02 2h",
		"@1e9",
		"constructor",
	);
	wrong.push("-99999999999y", `@${"9".repeat(30)}`, "2h\0", "1h--", "２時");
	for (const text of wrong) {
		assert.throws(() => momentAt(text, NOW), { code: "commander.invalidArgument", message: /is no point in time; one is written / }, text);
	}
});
