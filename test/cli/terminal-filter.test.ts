// biome-ignore-all lint/suspicious/noControlCharactersInRegex: they are what this is about
/** The filter for terminals: passes text, colours and movements, and nothing that makes the terminal answer or change its state. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { TerminalFilter } from "../../src/cli/terminal-filter.ts";
import { printable } from "../../src/words.ts";
import { Cli, PATIENCE } from "../support/cli.ts";
import { fc } from "../support/random.ts";

const noScript = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") !== true;
const atTerminal = { ...PATIENCE, skip: noScript && "needs script(1) of util-linux for a pseudo-terminal" };

function filtered(...pieces: readonly Uint8Array[]): Buffer {
	const filter = new TerminalFilter();
	return Buffer.concat([...pieces.map((piece) => filter.pass(piece)), filter.end()]);
}

function shown(text: string): string {
	return filtered(Buffer.from(text)).toString();
}

const UNCHANGED: readonly (readonly [what: string, text: string])[] = [
	["text of every kind", "plain, é, 漢字, 👩‍👩‍👧\ttab\r\nline\n\fpage\vend\b\u0007\0"],
	["colours", "\u001b[1;31mred\u001b[0m \u001b[38;2;1;2;3mtrue\u001b[m \u001b[4:3mcurly\u001b[24m \u001b[48;5;17m"],
	["a progress bar", "\r\u001b[2K 10 %\u001b[1A\u001b[20G\u001b[K\u001b[0J\u001b[?25l\u001b[?25h\u001b[3;4H\u001b[2J"],
	["the cursor kept and found again", "\u001b7\u001b[10;1f\u001b8\u001b[s\u001b[u\u001bM"],
	["lines and characters that make room", "\u001b[2L\u001b[M\u001b[3P\u001b[@\u001b[4X\u001b[2d\u001b[3`"],
	["what tput(1) has as sgr0", "\u001b(B\u001b[m"],
	["wide output drawn at once", "\u001b[?2026h\u001b[?7l\u001b[?7h\u001b[?2026l"],
];

const LEFT_OUT: readonly (readonly [what: string, text: string, shown: string])[] = [
	["a title", "a\u001b]0;title\u0007b\u001b]2;title\u001b\\c", "abc"],
	["the clipboard", "a\u001b]52;c;cm0gLXJmIH4=\u0007b", "ab"],
	["a link, of which the text stays", "\u001b]8;;http://x\u001b\\text\u001b]8;;\u001b\\", "text"],
	["a question for the colours", "a\u001b]11;?\u0007b\u001b]4;1;?\u001b\\c", "abc"],
	["where the cursor is", "a\u001b[6n\u001b[?6n\u001b[5nb", "ab"],
	["what terminal it is", "a\u001b[c\u001b[>c\u001b[=c\u001b[0c\u001bZ\u001b[>0q\u0005b", "ab"],
	["its settings", "a\u001b[x\u001b[?1$p\u001bP$qm\u001b\\\u001bP+q544e\u001b\\b", "ab"],
	["its window", "a\u001b[21t\u001b[8;50;100t\u001b[14tb", "ab"],
	[
		"modes by which it tells of the mouse, of focus, of keys",
		"a\u001b[?1000h\u001b[?1004h\u001b[?2004h\u001b[>1u\u001b[>4;2m\u001b[?ub",
		"ab",
	],
	["another screen, a reset, a region", "a\u001b[?1049h\u001bc\u001b[!p\u001b[1;5rb", "ab"],
	["printing", "a\u001b[5ib\u001b[4i", "ab"],
	["repeats without end", "a\u001b[2147483647b", "a"],
	["other alphabets", "a\u001b(0\u000e\u001b)0\u000f\u001b%@b", "ab"],
	["a title as screen(1) is told it", "a\u001bktitle\u001b\\b", "ab"],
	["strings of other kinds", "a\u001bXone\u001b\\\u001b^two\u001b\\\u001b_three\u001b\\\u001bPq#0\u001b\\b", "ab"],
	["controls of eight bits", "a\u009b6n\u009d0;t\u009cb\u0090\u0085", "a6n0;tb"],
	["a string that is never ended: the rest of its line", "a\u001b]0;title\nb\u001b]0;title\r\nc", "a\nb\r\nc"],
	["a string that another sequence ends", "a\u001b]0;title\u001b[31mb\u001b]0;\u0018c\u001b]0;\u001ad", "a\u001b[31mbcd"],
	["a sequence that is broken off", "a\u001b[31\nm\u001b\u001b[32mb\u001b[3\u001b[4mc", "a31\nm\u001b[32mb3\u001b[4mc"],
	["a sequence that is never finished", "a\u001b[12;3", "a"],
	["a sequence longer than any", `a\u001b[${"1;".repeat(50)}mb`, `a${"1;".repeat(50)}mb`],
];

describe("text, colours and movements of the cursor are passed", () => {
	for (const [what, text] of UNCHANGED) test(what, () => assert.equal(shown(text), text));
});

describe("sequences that a terminal would answer or act upon are left out", () => {
	for (const [what, text, wanted] of LEFT_OUT) test(what, () => assert.equal(shown(text), wanted));
	test("bytes that are not UTF-8", () => {
		assert.equal(filtered(Buffer.from([0x61, 0x9b, 0x36, 0x6e, 0xc0, 0x9b, 0xe0, 0x80, 0x9b, 0x62, 0xe6])).toString(), "a�6n�����b�");
	});
});

/** Texts in which sequences, whole and broken, are likely. */
const TEXT = fc
	.array(
		fc.oneof(
			fc.constantFrom(...UNCHANGED.map(([, text]) => text), ...LEFT_OUT.map(([, text]) => text)),
			fc.constantFrom(
				"\u001b",
				"[",
				"]",
				"P",
				"k",
				"\\",
				"?",
				";",
				"1",
				"m",
				"n",
				"c",
				" ",
				"\n",
				"\r",
				"\u0007",
				"\u0018",
				"\u009b",
				"\u009c",
				"é",
				"👩",
			),
			fc.string({ unit: "binary", maxLength: 5 }),
		),
		{ maxLength: 12 },
	)
	.map((parts) => Buffer.from(parts.join("")));

test("the output of the filter is the same however the stream is cut into pieces", () => {
	fc.assert(
		fc.property(fc.oneof(TEXT, fc.uint8Array({ maxLength: 60 })), fc.array(fc.nat(), { maxLength: 8 }), (bytes, cuts) => {
			const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((one, other) => one - other);
			const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
			assert.equal(filtered(...pieces).toString(), filtered(bytes).toString());
			assert.equal(filtered(...Array.from(bytes, (byte) => Uint8Array.of(byte))).toString(), filtered(bytes).toString());
		}),
		{ numRuns: 2000 },
	);
});

test("only sequences that are known to be harmless pass, and filtering twice changes nothing", () => {
	fc.assert(
		fc.property(fc.oneof(TEXT, fc.uint8Array({ maxLength: 60 })), (bytes) => {
			const once = filtered(bytes);
			for (const [, sequence = ""] of once.toString().matchAll(/\u001b(.{0,70})/gs))
				assert.match(sequence, /^(\[[0-9;:]*[A-HJ-MPXZ@`adefmsu]|\[\?(7|25|2026)[hl]|[78M]|\(B)/);
			assert.doesNotMatch(once.toString(), /\p{Cc}(?<![\0\u0007-\u000d\u001b])/u);
			assert.deepEqual(filtered(once), once);
		}),
		{ numRuns: 2000 },
	);
});

test("in tables and messages bidirectional controls and line separators are shown as escapes", () => {
	for (const code of [0x061c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069, 0x9b, 0x85])
		assert.match(printable(`a${String.fromCharCode(code)}b`), /^a\\[ux][0-9a-f]+b$/, code.toString(16));
	assert.equal(printable("עברית, العربية, 👩‍👩‍👧 e\u0301"), "עברית, العربية, 👩‍👩‍👧 e\u0301");
});

test(
	"logs, logs -f, run -f and run -P filter the output for a terminal; with --raw, and into a pipe, every byte is as written",
	atTerminal,
	async () => {
		await using cli = new Cli();
		const path = cli.file("written", "\u001b]0;title\u0007\u001b[31mred\u001b[0m\u001b[6n\n\u001b[c\u009b6n");
		const asWritten = "\u001b]0;title\u0007\u001b[31mred\u001b[0m\u001b[6n\r\n\u001b[c\u009b6n";
		await cli.begin("-n", "odd", "cat", path);
		await cli.chore("wait", "odd");
		await cli.begin("-n", "split", "--output", "split", "-c", `cat ${path} >&2`);
		await cli.chore("wait", "split");
		for (const words of ["logs odd", "logs -f odd", "logs split", `run -q -f cat ${path}`, `run -q -P cat ${path}`]) {
			const outcome = await cli.terminal(`chore ${words} </dev/null`, 80);
			assert.equal(outcome.stdout, "\u001b[31mred\u001b[0m\r\n6n", words);
			const raw = await cli.terminal(`chore ${words.replace(/^\w+/, "$& --raw")} </dev/null`, 80);
			assert.equal(raw.stdout, asWritten, words);
			const piped = await cli.terminal(`chore ${words} </dev/null 2>&1 | od -An -c -v | tr -d ' \\n'`, 80);
			assert.match(piped.stdout, /^033\]0;title\\a033\[31mred033\[0m033\[6n\\n033\[c3022336n$/, words);
		}
	},
);
