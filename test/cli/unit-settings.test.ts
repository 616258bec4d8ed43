/** Properties for which chore has an option are read as systemd reads them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../src/cli/failure.ts";
import { systemdWords } from "../../src/cli/systemd-words.ts";
import { unitSettings } from "../../src/cli/unit-settings.ts";

test("text is split into words as systemd splits it", () => {
	for (const [text, ...words] of [
		[""],
		[" \t\n "],
		["a b", "a", "b"],
		["  a\t b\n", "a", "b"],
		['"a b" c', "a b", "c"],
		["'a b' c", "a b", "c"],
		['a"b c"d', "ab cd"],
		[`"it's"`, "it's"],
		[`'say "x"'`, 'say "x"'],
		['""', ""],
		["\\s", " "],
		["a\\sb", "a b"],
		['"a\\tb"', "a\tb"],
		["'a\\nb'", "a\nb"],
		["\\a\\b\\f\\n\\r\\t\\v", "\u0007\b\f\n\r\t\v"],
		["\\\\ \\\" \\'", "\\", '"', "'"],
		["\\x41\\101\\u0041\\U00000041", "AAAA"],
		["\\xc3\\xa9 é \\u00e9 漢 \\U0001f600", "é", "é", "é", "漢", "😀"],
		["$HOME %h `x` ; #", "$HOME", "%h", "`x`", ";", "#"],
	] as const) {
		assert.deepEqual(systemdWords(text), words, JSON.stringify(text));
	}
	for (const text of ['"a', "a'", "a\\", "\\q", "\\x4", "\\8", "\\x00", "\\000", "\\777", "\\u0000", "\\ud800", "\\U00110000", "\\xff"])
		assert.equal(systemdWords(text), undefined, JSON.stringify(text));
});

test("Environment= sets variables, the last of each name counts, and an empty one drops those before", () => {
	for (const [words, environment] of [
		[["Environment=A=1"], { A: "1" }],
		[["Environment=A=1 B=2"], { A: "1", B: "2" }],
		[["Environment=A=1", "Environment=B=2"], { A: "1", B: "2" }],
		[["Environment=A=1 A=2", "Environment=B=3", "Environment=B="], { A: "2", B: "" }],
		[['Environment="A=b c" D=e=f'], { A: "b c", D: "e=f" }],
		[['Environment=A="b c"'], { A: "b c" }],
		[["Environment=A=b\\x20c\\nd"], { A: "b c\nd" }],
		[["Environment=A=1", "Environment=", "Environment=B=2"], { B: "2" }],
		[["Environment=A=$HOME%h"], { A: "$HOME%h" }],
	] as const) {
		assert.deepEqual(unitSettings(words), { properties: [], environment, directory: undefined }, words.join(" "));
	}
});

test("a value that systemd would refuse is refused with an example of a valid one", () => {
	for (const [word, said, hint] of [
		["Environment=A", /NAME=VALUE, not "A"/, /-E/],
		["Environment=A=b c", /not "c"/, /in quotes/],
		["Environment=1A=b", /not "1A=b"/, /in quotes/],
		["Environment==b", /not "=b"/, /in quotes/],
		['Environment="A=b', /cannot be split/, /quotes are closed/],
		["Environment=A=\\q", /cannot be split/, /systemd\.syntax\(7\)/],
		["WorkingDirectory=", /absolute path, not ""/, /--working-directory/],
		["WorkingDirectory=a", /absolute path/, /--working-directory/],
		["WorkingDirectory=~", /absolute path/, /--working-directory/],
		["WorkingDirectory=-/a", /absolute path/, /--working-directory/],
	] as const) {
		assert.throws(
			() => unitSettings([word]),
			(error) => error instanceof UsageError && said.test(error.message) && hint.test(error.hint ?? ""),
			word,
		);
	}
});

test("all other properties are passed to the platform unchanged", () => {
	assert.deepEqual(unitSettings(["Nice=5", "WorkingDirectory=/a", "Type=exec", "WorkingDirectory=/b", "Type=simple"]), {
		properties: ["Nice=5"],
		environment: {},
		directory: "/b",
	});
	for (const word of ["Type=oneshot", "EnvironmentFile=/a", "Nice", "=5", "toString=5", "Environment"])
		assert.deepEqual(unitSettings([word]).properties, [word]);
});
