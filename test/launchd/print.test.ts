/** What `launchctl print` says is read right: captured output, what other versions write, and what a job may write in between. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { observationOf, type PrintedService, parsePrinted } from "../../platform/launchd/print.ts";
import { EXITED, KILLED, RUNNING } from "./captures.ts";

const PATH = "/private/tmp/probe/local.telemetryprobe.code.plist";
const EXITED_SERVICE: PrintedService = { state: "not running", path: PATH, pid: null, runs: 1, end: { code: 3 } };

const withEnd = (line: string): string => EXITED.replace("last exit code = 3", line);
const withArgument = (text: string, argument: string): string => text.replace("exit 3", argument);

test("captured output is read correctly", () => {
	assert.deepEqual(parsePrinted(EXITED), EXITED_SERVICE);
	assert.deepEqual(parsePrinted(KILLED), { ...EXITED_SERVICE, end: { signal: "SIGKILL" } });
	assert.deepEqual(parsePrinted(RUNNING), { ...EXITED_SERVICE, state: "running", pid: 3246, end: "never" });
});

const ENDS: readonly (readonly [line: string, end: PrintedService["end"]])[] = [
	["last exit code = 0", { code: 0 }],
	["last exit code = 78: EX_CONFIG", { code: 78 }],
	["last exit code = 75: EX_TEMPFAIL", { code: 75 }],
	["last exit code = (never exited)", "never"],
	["last exit code = (abandoned)", "unknown"],
	["last exit code = 256", "unknown"],
	["last exit code = -1", "unknown"],
	["last exit code = 0 or so", "unknown"],
	["last terminating signal = Terminated: 15", { signal: "SIGTERM" }],
	["last terminating signal = Abort trap: 6", { signal: "SIGABRT" }],
	["last terminating signal = Nonsense: 99", "unknown"],
	["last exit reason = OS_REASON_CODESIGNING", "unknown"],
	["last exit whim = 0", "unknown"],
];

for (const [line, end] of ENDS) {
	test(`"${line}" is ${typeof end === "string" ? end : JSON.stringify(end)}`, () => {
		assert.deepEqual(parsePrinted(withEnd(line)).end, end);
	});
}

test("fields that the arguments of a job imitate are not believed", () => {
	const hostile: readonly string[] = [
		"x\n\tstate = running",
		"x\n\t}\n\tstate = running\n\tpid = 1",
		"x\n\tlast exit code = 0",
		"x\n\tlast terminating signal = Killed: 9",
		"x\n\truns = 5",
		"x\n\tpath = /other",
	];
	for (const argument of hostile) {
		const read = parsePrinted(withArgument(EXITED, argument));
		for (const [field, value] of Object.entries(read)) {
			const real = EXITED_SERVICE[field as keyof PrintedService];
			// A process is told of, where there is none, only together with a state that is then not believed.
			if (field === "pid") assert.ok(value === null || read.state === null, argument);
			else assert.ok([JSON.stringify(real), "null", '"unknown"'].includes(JSON.stringify(value)), `${argument}: ${field} = ${value}`);
		}
	}
});

test("a path is read whole, and what it imitates is no field", () => {
	const path = "/x\r\tstate = not running\u2028\tlast exit code = 0\u2029\tpath = /y.plist";
	const text = RUNNING.replace(PATH, path).replace("exit 3", path);
	assert.deepEqual(parsePrinted(text), { ...parsePrinted(RUNNING), path });
});

test("nested lines and unknown fields are skipped", () => {
	const text = EXITED.replace("\truns = 1", "\tphase of the moon = full\n\tmatter = {\n\t\tstate = running\n\t\tpid = 5\n\t}\n\truns = 1");
	assert.deepEqual(parsePrinted(text), EXITED_SERVICE);
	assert.deepEqual(parsePrinted(""), { state: null, path: null, pid: null, runs: null, end: "unknown" });
});

test("a service whose run has not begun is queued, stopping or a failed start; an unclear text is no end", () => {
	assert.deepEqual(observationOf(RUNNING), { kind: "queued" });
	assert.deepEqual(observationOf(RUNNING.replace("state = running", "state = spawn scheduled")), { kind: "queued" });
	assert.deepEqual(observationOf(RUNNING.replace("state = running", "state = SIGTERMed")), { kind: "stopping" });
	assert.deepEqual(observationOf(withEnd("last exit code = (never exited)")), { kind: "queued" });
	const ended = (text: string): unknown => observationOf(text);
	const startFailed = (status: object): object => ({ kind: "ended", end: { status, result: "start-failed", endedAtMs: null } });
	assert.deepEqual(ended(withEnd("last exit code = 78: EX_CONFIG")), startFailed({ code: 78 }));
	assert.deepEqual(ended(KILLED), startFailed({ signal: "SIGKILL" }));
	assert.deepEqual(ended(EXITED.replace("not running", "waiting")), startFailed({ code: 3 }));
	for (const text of [
		"",
		withEnd("last exit reason = OS_REASON_CODESIGNING"),
		EXITED.replace("not running", "dreaming"),
		withArgument(EXITED, "x\n\tlast exit code = 0"),
	]) {
		assert.equal(observationOf(text).kind, "unreachable", text);
	}
});
