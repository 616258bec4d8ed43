import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import { EXIT_RECORD_BYTES, parseExitRecord, signalName, signalNumber } from "../../platform/exit-record.ts";
import { fc } from "../support/random.ts";

const WHOLE =
	"chore-exit 1 attempt=2 how=exited status=7 certain=yes result=exit-code asked=no up=5012.34 boot=abc cpu=1234567 peak=4096 left=2 pid=77 .\n";

test("a whole record is read with all its fields", () => {
	assert.deepEqual(parseExitRecord(WHOLE), {
		attempt: 2,
		status: { code: 7 },
		certain: true,
		result: "exit-code",
		askedToStop: false,
		uptimeSeconds: 5012.34,
		bootId: "abc",
		cpuTimeMs: 1235,
		memoryPeakBytes: 4096,
		leftBehind: 2,
		pid: 77,
	});
});

test("a file of blanks is blank; an empty file is corrupt", () => {
	assert.equal(parseExitRecord(" ".repeat(EXIT_RECORD_BYTES)), "blank");
	assert.equal(parseExitRecord(""), "corrupt");
});

test("a record of a later version is not interpreted", () => {
	assert.equal(parseExitRecord("chore-exit 2 what=ever .\n"), "newer");
});

test("text after the first line, of an earlier and longer record, is ignored", () => {
	const short = "chore-exit 1 attempt=2 how=killed status=9 .\n";
	const over = short + WHOLE.slice(short.length);
	assert.deepEqual(parseExitRecord(over), parseExitRecord(short));
});

test("a record cut off anywhere is never taken for a whole one", () => {
	fc.assert(
		fc.property(fc.integer({ min: 0, max: WHOLE.length - 2 }), (length) => {
			const cut = WHOLE.slice(0, length);
			assert.ok(["corrupt", "blank", "newer"].includes(parseExitRecord(cut) as string), cut);
			assert.ok(["corrupt", "newer"].includes(parseExitRecord(cut + " ".repeat(9)) as string) || length === 0, cut);
		}),
	);
});

test("parseExitRecord throws for no text, and gives only statuses that a process can have", () => {
	const word = fc.oneof(
		fc.constantFrom(
			"chore-exit",
			"1",
			"attempt=1",
			"how=exited",
			"how=killed",
			"status=300",
			"status=-1",
			"status=TERM",
			"status=__proto__",
			"up=x",
			".",
		),
		fc.string(),
	);
	fc.assert(
		fc.property(fc.array(word), (words) => {
			const record = parseExitRecord(words.join(" "));
			if (typeof record === "string") return;
			if ("code" in record.status) assert.ok(record.status.code >= 0 && record.status.code <= 255);
			else assert.notEqual(signalNumber(record.status.signal), undefined);
		}),
	);
});

test("signals are found by name and number, real-time ones included", () => {
	for (const [name, number] of Object.entries(constants.signals)) assert.equal(signalNumber(name), number);
	assert.equal(signalName(15), "SIGTERM");
	assert.equal(signalName(signalNumber("SIGRTMIN+3") ?? 0), "SIGRTMIN+3");
	assert.equal(signalNumber("SIGRTMAX-1"), 63);
	for (const name of ["SIGNONE", "", "toString", "SIGRTMIN+99"]) assert.equal(signalNumber(name), undefined, name);
});
