import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExitRecord } from "../../platform/exit-record.ts";
import { parseExitRecord } from "../../platform/exit-record.ts";
import { type Facts, judge, lost } from "../../src/core/settle/verdict.ts";

const BOOT = "b00b";

function facts(
	line: string,
	more: { readonly stopAtUptime?: number; readonly timeoutMs?: number; readonly startFailure?: string } = {},
): Facts {
	const exit = parseExitRecord(`${line}\n`) as ExitRecord;
	assert.equal(typeof exit, "object", line);
	return {
		run: { createdAtMs: 1_000_000, createdUptimeSeconds: 500, place: { machine: "m", bootId: BOOT, pidNamespace: null } },
		limits: { timeoutMs: more.timeoutMs ?? null },
		restart: { policy: "no", delayMs: 0, max: null },
		evidence: {
			exit,
			exitAtMs: 77,
			started: { pid: 9, uptimeSeconds: 500.5, atMs: 66, isNotExecuted: false },
			stop: more.stopAtUptime === undefined ? null : { at: "", uptimeSeconds: more.stopAtUptime, by: "", graceMs: 0 },
		},
		before: null,
		observed: null,
		startFailure: more.startFailure ?? null,
	};
}

/** An attempt after one that ended at 507 seconds, and was to be followed by one more at most. */
function later(line: string, { timeoutMs, startedAtUptime }: { readonly timeoutMs: number; readonly startedAtUptime: number }): Facts {
	const known = facts(line, { timeoutMs });
	const before = parseExitRecord(`chore-exit 1 attempt=1 up=507.00 boot=${BOOT} how=exited status=1 result=exit-code .\n`) as ExitRecord;
	const started = { pid: 9, uptimeSeconds: startedAtUptime, atMs: 66, isNotExecuted: false };
	return { ...known, before, evidence: { ...known.evidence, started } };
}

const RECORD = `chore-exit 1 attempt=1 up=510.00 boot=${BOOT}`;

const VERDICTS: readonly (readonly [what: string, facts: Facts, state: string, result: string])[] = [
	["exit 0", facts(`${RECORD} how=exited status=0 result=success .`), "succeeded", "success"],
	["exit 7 that systemd was told to call a success", facts(`${RECORD} how=exited status=7 result=success .`), "failed", "exit-code"],
	["TERM that systemd calls a success", facts(`${RECORD} how=killed status=TERM result=success .`), "failed", "signal"],
	["TERM after a stop request", facts(`${RECORD} how=killed status=TERM result=success .`, { stopAtUptime: 509 }), "stopped", "stopped"],
	["exit 0 after a stop request", facts(`${RECORD} how=exited status=0 result=success .`, { stopAtUptime: 509 }), "stopped", "stopped"],
	[
		"an end before the stop request",
		facts(`${RECORD} how=exited status=3 result=exit-code .`, { stopAtUptime: 511 }),
		"failed",
		"exit-code",
	],
	[
		"an end at which the stop was not asked for yet, whatever the times say",
		facts(`${RECORD} how=exited status=3 result=exit-code asked=no .`, { stopAtUptime: 509.99 }),
		"failed",
		"exit-code",
	],
	[
		"an end at which the stop was asked for, whatever the times say",
		facts(`${RECORD} how=exited status=0 result=success asked=yes .`, { stopAtUptime: 511 }),
		"stopped",
		"stopped",
	],
	["the time limit", facts(`${RECORD} how=killed status=TERM result=timeout .`, { timeoutMs: 9000 }), "failed", "timeout"],
	["the time limit, trapped", facts(`${RECORD} how=exited status=0 result=timeout .`, { timeoutMs: 9000 }), "failed", "timeout"],
	[
		"the time limit, of a process that noted its beginning late",
		facts(`${RECORD} how=killed status=TERM result=timeout .`, { timeoutMs: 9800 }),
		"failed",
		"timeout",
	],
	[
		"a leftover that systemd calls a timeout",
		facts(`${RECORD} how=exited status=0 result=timeout .`, { timeoutMs: 60_000 }),
		"succeeded",
		"success",
	],
	[
		"the time limit of a later attempt that noted its beginning late",
		later(`chore-exit 1 attempt=2 up=510.00 boot=${BOOT} how=killed status=TERM result=timeout .`, {
			timeoutMs: 2000,
			startedAtUptime: 509,
		}),
		"failed",
		"timeout",
	],
	[
		"a leftover of a later attempt that systemd calls a timeout",
		later(`chore-exit 1 attempt=2 up=510.00 boot=${BOOT} how=exited status=0 result=timeout .`, {
			timeoutMs: 60_000,
			startedAtUptime: 509,
		}),
		"succeeded",
		"success",
	],
	["a leftover, without any limit", facts(`${RECORD} how=exited status=2 result=timeout .`), "failed", "exit-code"],
	["a stop that came to KILL", facts(`${RECORD} how=killed status=KILL result=timeout .`, { stopAtUptime: 505 }), "stopped", "stopped"],
	["out of memory", facts(`${RECORD} how=killed status=KILL result=oom-kill .`), "failed", "oom-kill"],
	["exit 203 of a program that is there", facts(`${RECORD} how=exited status=203 result=exit-code .`), "failed", "exit-code"],
	[
		"exit 127 of a program that is not",
		facts(`${RECORD} how=exited status=127 result=exit-code .`, { startFailure: "ENOENT" }),
		"failed",
		"start-failed",
	],
	["a core dump", facts(`${RECORD} how=dumped status=SEGV result=core-dump .`), "failed", "signal"],
];

for (const [what, given, state, result] of VERDICTS) {
	test(`${what} is ${state}: ${result}`, () => {
		const end = judge(given);
		assert.deepEqual([end.state, end.result], [state, result]);
	});
}

test("an attempt that never began does not count although `started` of the one before exists", () => {
	const restart = { policy: "on-failure", delayMs: 0, max: 1 } as const;
	const never = { ...facts("chore-exit 1 attempt=2 how=exited status=203 result=start-failed up=510.00 ."), restart };
	assert.deepEqual([judge(never).result, judge(never).attempt], ["start-failed", 2]);
	const began = { ...never, evidence: { ...never.evidence, started: { pid: 9, uptimeSeconds: 510.5, atMs: 66, isNotExecuted: false } } };
	assert.throws(() => judge(began), /can be judged only by/);
	const another = { ...facts("chore-exit 1 attempt=1 how=exited status=7 up=510.00 pid=8 ."), restart };
	assert.throws(() => judge(another), /can be judged only by/);
});

test("times are counted by the time since boot", () => {
	const end = judge(facts(`${RECORD} how=exited status=0 result=success .`));
	assert.deepEqual([end.startedAtMs, end.endedAtMs], [1_000_500, 1_010_000]);
});

test("without a time since boot, or after a reboot, times are those of the files", () => {
	const end = judge(facts("chore-exit 1 attempt=1 how=exited status=0 up=510.00 boot=other ."));
	assert.equal(end.endedAtMs, 77);
});

test("a lost run has no exit status and a reason", () => {
	const given = facts(`${RECORD} how=exited status=0 .`);
	const end = lost({ ...given, evidence: { ...given.evidence, exit: "blank" } }, "the machine was restarted");
	assert.deepEqual(
		[end.state, end.result, end.status, end.endedAtMs, end.reason],
		["lost", "lost", null, null, "the machine was restarted"],
	);
});
