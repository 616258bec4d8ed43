import assert from "node:assert/strict";
import { test } from "node:test";
import {
	readBoolean,
	readCount,
	readInteger,
	readPercent,
	readProcessors,
	readSignal,
	readSize,
	readTime,
	readWords,
} from "../../platform/systemd/values.ts";

/** What each text is read as; undefined for what is none. */
type Table = readonly (readonly [text: string, value: unknown])[];

const TABLES: readonly (readonly [what: string, read: (text: string) => unknown, table: Table])[] = [
	[
		"a boolean",
		readBoolean,
		[
			...["yes", "y", "true", "t", "on", "1", "YES", "On"].map((text) => [text, true] as const),
			...["no", "n", "false", "f", "off", "0", "False"].map((text) => [text, false] as const),
			...["", "2", "maybe", " yes", "yes "].map((text) => [text, undefined] as const),
		],
	],
	[
		"a whole number from -5 to 10",
		(text) => readInteger(text, -5, 10),
		[
			["0", 0],
			["-5", -5],
			["+10", 10],
			["007", 7],
			...["-6", "11", "", "1.0", "1e1", "0x5", "five", " 5", "--5"].map((text) => [text, undefined] as const),
		],
	],
	[
		"a count",
		readCount,
		[
			["0", 0n],
			["18446744073709551615", undefined],
			["9007199254740993", 9_007_199_254_740_993n],
			...["", "-1", "+1", "1K", "infinity"].map((text) => [text, undefined] as const),
		],
	],
	[
		"a size in 1024s",
		(text) => readSize(text, 1024),
		[
			["0", 0n],
			["1024", 1024n],
			["1K", 1024n],
			["1 K", 1024n],
			["2KB", 2048n],
			["1B", 1n],
			["1.5G", 1_610_612_736n],
			["0.001M", 1048n],
			["4T", 4n << 40n],
			["1P", 1n << 50n],
			["7E", 7n << 60n],
			...["8E", "9999999P", "", "K", "1k", "1KK", "-1", "1,5G", "infinity", "50%", "1 0"].map((text) => [text, undefined] as const),
		],
	],
	["a size in 1000s", (text) => readSize(text, 1000), [["5M", 5_000_000n]]],
	[
		"a percentage",
		readPercent,
		[
			["0%", 0],
			["50%", 5000],
			["12.5%", 1250],
			["150.25%", 15_025],
			...["50", "%", "-5%", "1.234%", "5 %"].map((text) => [text, undefined] as const),
		],
	],
	[
		"a time",
		readTime,
		[
			["90", 90_000_000],
			["1.5s", 1_500_000],
			["2min 10s", 130_000_000],
			["2min10s", 130_000_000],
			["1h", 3_600_000_000],
			["5 ms", 5000],
			["3us", 3],
			["3µs", 3],
			["1d 2h", 93_600_000_000],
			["1w", 604_800_000_000],
			["1M", 2_629_800_000_000],
			["1m", 60_000_000],
			["1y", 31_557_600_000_000],
			["1h 30", 3_630_000_000],
			...["", "s", "1x", "-1s", "1s,2s", "1e3", "infinity", "300000y", "1 s s"].map((text) => [text, undefined] as const),
		],
	],
	["a time in microseconds", (text) => readTime(text, 1), [["500", 500]]],
	[
		"a signal",
		readSignal,
		[
			["SIGTERM", 15],
			["TERM", 15],
			["15", 15],
			["RTMIN+3", 37],
			["64", 64],
			...["", "0", "65", "32", "33", "SIG", "NONE", "sigterm"].map((text) => [text, undefined] as const),
		],
	],
	[
		"processors",
		(text) => readProcessors(text)?.toString("hex"),
		[
			["0", "01"],
			["0-3", "0f"],
			["0-3,5", "2f"],
			["0 2,4", "15"],
			["9", "0002"],
			["63", "0000000000000080"],
			...["", ",", "a", "3-1", "-1", "0-", "99999", "8192"].map((text) => [text, undefined] as const),
		],
	],
	[
		"words",
		readWords,
		[
			["a", ["a"]],
			["a b  c", ["a", "b", "c"]],
			[' "a b" c', ["a b", "c"]],
			["'a b' \"c's\"", ["a b", "c's"]],
			["$HOME %h é", ["$HOME", "%h", "é"]],
			...["", " ", '"a', "'a", 'a"b"', "a\\ b", 'a "b\\"', "a\nb", '"a"b'].map((text) => [text, undefined] as const),
		],
	],
];

for (const [what, read, table] of TABLES) {
	test(`${what} is read as systemd spells it`, () => {
		for (const [text, value] of table) assert.deepEqual(read(text), value, JSON.stringify(text));
	});
}
