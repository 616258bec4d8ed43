import assert from "node:assert/strict";
import { test } from "node:test";
import type { ObservedEnd } from "../../platform/contract.ts";
import { unitPath } from "../../platform/systemd/requests.ts";
import { isRecording, judgeRow, parseRows, type RowVerdict, readEnd } from "../../platform/systemd/status.ts";

const TOKEN = " [chore a/1]";
const RUNNING: RowVerdict = { kind: "running", paused: false };

test("a row gives the state of a run, if the unit is this run's", () => {
	const rows: readonly (readonly [activeState: string, subState: string, managerJobId: number, verdict: RowVerdict])[] = [
		["active", "running", 0, RUNNING],
		["active", "running", 5, RUNNING],
		["reloading", "reload", 0, RUNNING],
		["activating", "start", 3, RUNNING],
		["activating", "auto-restart", 0, { kind: "queued" }],
		["activating", "auto-restart-queued", 0, { kind: "queued" }],
		["deactivating", "stop-sigterm", 0, { kind: "stopping" }],
		["deactivating", "stop-post", 0, { kind: "stopping" }],
		["inactive", "dead", 0, "gone"],
		["inactive", "dead", 7, { kind: "queued" }],
		["failed", "failed", 0, "failed"],
		["failed", "failed", 7, { kind: "queued" }],
		["something new", "x", 0, { kind: "stopping" }],
	];
	for (const [activeState, subState, managerJobId, verdict] of rows) {
		const row = { name: "x.service", description: `x${TOKEN}`, activeState, subState, path: "/", managerJobId };
		assert.deepEqual(judgeRow(row, TOKEN), verdict, `${activeState} ${subState} ${managerJobId}`);
		for (const token of [" [chore a/2]", " [chore b/1]"]) assert.equal(judgeRow(row, token), "gone");
	}
	assert.equal(judgeRow(undefined, TOKEN), "gone");
});

test("isRecording is true for the state of the hook only", () => {
	assert.deepEqual(["stop-post", "final-sigterm", "final-sigkill", "stop-sigterm", "running"].map(isRecording), [
		true,
		false,
		false,
		false,
		false,
	]);
});

test("the answer of ListUnitsByNames is read by position", () => {
	const answer = [["a.service", "text", "loaded", "active", "running", "", "/unit/a", 12, "start", "/job/12"]];
	assert.deepEqual(parseRows(answer), [
		{ name: "a.service", description: "text", activeState: "active", subState: "running", path: "/unit/a", managerJobId: 12 },
	]);
});

test("the end of a run is read from the properties of a failed unit", () => {
	const ends: readonly (readonly [code: number, status: number, result: string, started: boolean, end: Omit<ObservedEnd, "endedAtMs">])[] =
		[
			[1, 7, "exit-code", true, { status: { code: 7 }, result: "exit-code" }],
			// The hook failed, was killed, or took too long.
			[1, 7, "signal", true, { status: { code: 7 }, result: "exit-code" }],
			[1, 0, "exit-code", true, { status: { code: 0 }, result: "success" }],
			[2, 15, "exit-code", true, { status: { signal: "SIGTERM" }, result: "signal" }],
			[2, 9, "signal", true, { status: { signal: "SIGKILL" }, result: "signal" }],
			[3, 11, "core-dump", true, { status: { signal: "SIGSEGV" }, result: "signal" }],
			[2, 37, "signal", true, { status: { signal: "SIGRTMIN+3" }, result: "signal" }],
			[2, 15, "timeout", true, { status: { signal: "SIGTERM" }, result: "timeout" }],
			[1, 0, "timeout", true, { status: { code: 0 }, result: "timeout" }],
			[2, 6, "watchdog", true, { status: { signal: "SIGABRT" }, result: "timeout" }],
			[2, 9, "oom-kill", true, { status: { signal: "SIGKILL" }, result: "oom-kill" }],
			[1, 1, "start-limit-hit", true, { status: { code: 1 }, result: "start-limit" }],
			[1, 203, "exit-code", true, { status: { code: 203 }, result: "exit-code" }],
			[1, 203, "exit-code", false, { status: { code: 203 }, result: "start-failed" }],
			[1, 199, "exit-code", false, { status: { code: 199 }, result: "exit-code" }],
			[0, 0, "resources", false, { status: { code: 125 }, result: "start-failed" }],
		];
	for (const [code, status, result, started, end] of ends) {
		const properties = { ExecMainCode: code, ExecMainStatus: status, Result: result, ExecMainExitTimestamp: 1_700_000_000_123_456n };
		assert.deepEqual(readEnd(properties, started), { ...end, endedAtMs: 1_700_000_000_123 }, `${code} ${status} ${result}`);
	}
	assert.equal(readEnd({ ExecMainCode: 1, ExecMainStatus: 0, ExecMainExitTimestamp: 0n }, true).endedAtMs, null);
});

test("object paths are escaped as systemd does", () => {
	assert.equal(unitPath("chore-a.service"), "/org/freedesktop/systemd1/unit/chore_2da_2eservice");
	assert.equal(unitPath("301b"), "/org/freedesktop/systemd1/unit/_3301b");
});
