/** What chore writes for the manager: units that wake a job, and the words of busctl(1) that start a run. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import type { Wake } from "../../platform/contract.ts";
import { isChoreError } from "../../platform/errors.ts";
import { busWords, type Launching, launcherText } from "../../platform/systemd/launcher.ts";
import { USER } from "../../platform/systemd/scope.ts";
import { planTimer, serviceText, timerText } from "../../platform/systemd/timer.ts";
import { timerProperties } from "../../platform/systemd/timer-properties.ts";
import { readCalendar } from "../../src/core/schedule/calendar.ts";

const wake: Wake = {
	jobId: "0",
	label: "tick-1c9e2f40",
	description: "100 % of\nit",
	jobFolder: '/state/a "b" $c %h/jobs/0',
	revision: 3,
	calendar: [readCalendar("Mon..Fri 9:00 UTC"), readCalendar("Sat 10:00 UTC")],
	occasions: [],
	native: {},
	catchesUp: true,
	jitterMs: 1500,
	fire: "/state/libexec/fire",
	due: "/state/libexec/due",
};

test("a timer has a line for each rule of the calendar, and a second of accuracy unless seconds are asked for", () => {
	assert.deepEqual(timerText(wake).trim().split("\n"), [
		"[Unit]",
		"Description=Wakes 100 %% of it",
		"[Timer]",
		"OnCalendar=Mon..Fri *-*-* 09:00:00 UTC",
		"OnCalendar=Sat *-*-* 10:00:00 UTC",
		"AccuracySec=1s",
		"Persistent=yes",
		"RandomizedDelaySec=1500ms",
		"FixedRandomDelay=yes",
		"[Install]",
		"WantedBy=timers.target",
	]);
	const seconds = timerText({ ...wake, calendar: [readCalendar("*:*:0/2")], catchesUp: false });
	assert.match(seconds, /^AccuracySec=1ms\nPersistent=no$/m);
});

test("a service names the job's folder unchanged, and starts nothing while the schedule is paused", () => {
	const text = serviceText(wake);
	assert.ok(text.includes('ConditionPathExists=!/state/a "b" $c %%h/jobs/0/schedule/paused\n'), text);
	assert.ok(text.includes('ExecStart=/bin/sh "/state/libexec/fire" "/state/a \\"b\\" $$c %%h/jobs/0"\n'), text);
});

test("each revision has names of its own, and a path that no unit file can hold is refused", () => {
	const names = (revision: number) => Object.values(planTimer({ ...wake, revision }, "systemd").data).slice(0, 2);
	assert.deepEqual(names(3), ["chore-tick-1c9e2f40-r3.timer", "chore-tick-1c9e2f40-r3.service"]);
	assert.notDeepEqual(names(4), names(3));
	for (const jobFolder of ["/a\nb/jobs/0", "/a\u0007/jobs/0"]) {
		assert.throws(() => planTimer({ ...wake, jobFolder }, "systemd"), { code: "INVALID_ARGUMENT", message: /control character/ });
	}
});

test("properties are the words that busctl reads: each list behind its length, each structure as its fields", () => {
	for (const [signature, value, words] of [
		["s", "a b", ["a b"]],
		["b", true, ["true"]],
		["i", -5, ["-5"]],
		["t", 2n ** 64n - 1n, ["18446744073709551615"]],
		["as", ["x", ""], ["2", "x", ""]],
		["ay", Uint8Array.of(3, 0), ["2", "3", "0"]],
		["(aiai)", [[1, 2], []], ["2", "1", "2", "0"]],
		["a(sasb)", [["/bin/sh", ["sh", "-c"], false]], ["1", "/bin/sh", "2", "sh", "-c", "false"]],
		["a(sbbs)", [["C", false, true, "/p"]], ["1", "C", "false", "true", "/p"]],
	] as const) {
		assert.deepEqual(busWords(signature, value), words, signature);
	}
});

test("occasions are settings of the timer by the names of systemd, and its own properties come last", () => {
	const text = timerText({
		...wake,
		calendar: [],
		occasions: [
			{ after: "armed", delayMs: 0 },
			{ after: "boot", delayMs: 1000 },
			{ after: "platform-start", delayMs: 90_000 },
			{ after: "run-start", delayMs: 2000 },
			{ after: "run-end", delayMs: 3_600_000 },
			{ on: "clock-change" },
			{ on: "timezone-change" },
		],
		native: { timerProperties: ["AccuracySec=5min"] },
	});
	const [, settings = ""] = /\[Timer\]\n(.*)\[Install\]/s.exec(text) ?? [];
	assert.deepEqual(settings.trim().split("\n"), [
		"OnActiveSec=0",
		"OnBootSec=1",
		"OnStartupSec=90",
		"OnUnitActiveSec=2",
		"OnUnitInactiveSec=3600",
		"OnClockChange=yes",
		"OnTimezoneChange=yes",
		"AccuracySec=1ms",
		"Persistent=no",
		"RandomizedDelaySec=1500ms",
		"FixedRandomDelay=yes",
		"AccuracySec=5min",
	]);
});

test("where time is counted from runs the service lasts as long as the run, else for a moment", () => {
	const lasting = serviceText({ ...wake, occasions: [{ after: "run-end", delayMs: 1000 }] });
	for (const line of ["StopWhenUnneeded=yes", "RemainAfterExit=yes", "Environment=CHORE_WAKER=%n"]) {
		assert.ok(lasting.split("\n").includes(line), lasting);
		assert.ok(!serviceText({ ...wake, occasions: [{ after: "armed", delayMs: 1000 }] }).includes(line));
	}
});

test("a property of the timer that would undo what chore asks for, and a wrong value, are refused with what to use instead", () => {
	assert.deepEqual(timerProperties({ timerProperties: "FixedRandomDelay=no" }), ["FixedRandomDelay=no"]);
	for (const [word, message, hint] of [
		["AccuracySec", /NAME=VALUE/, /./],
		["AccuracySec=soon", /takes a time/, /systemd\.timer/],
		["AccuracySec=\n5", /takes a time/, /./],
		["FixedRandomDelay=maybe", /yes or no/, /./],
		["OnCalendar=daily", /cannot be set/, /--on-calendar/],
		["OnUnitInactiveSec=5", /cannot be set/, /--on-boot/],
		["Persistent=no", /cannot be set/, /--missed/],
		["RandomizedDelaySec=5", /cannot be set/, /--jitter/],
		["WakeSystem=yes", /cannot be set/, /wakes no machine/],
		["AccuracySecs=5", /no property/, /AccuracySec/],
		["constructor=5", /no property/, /./],
	] as const) {
		assert.throws(
			() => timerProperties({ timerProperties: [word] }),
			(error) => isChoreError(error) && error.code === "INVALID_ARGUMENT" && message.test(error.message) && hint.test(error.hint ?? ""),
			word,
		);
	}
});

/** What the launcher asks of busctl, which `answer` stands for: shell text. */
function launched(launching: Launching, answer: string, environment: Readonly<Record<string, string>> = {}): string {
	const ask = `busctl() { for word; do echo "<$word>"; done >&2; ${answer}; }\nsystemctl() { :; }\nbegun() { echo begun; }\nIFS=' '\n`;
	const { stdout } = spawnSync("/bin/sh", ["-c", `${launcherText(launching)}${ask}launch; echo "status $?"`], {
		encoding: "utf8",
		env: { PATH: "/usr/bin:/bin", run: "/dev/null", ...environment },
	});
	return stdout;
}

const ASKED = { name: "Description", signature: "s", value: 'it\'s $HOME `id` \\ "é" [chore 0/7]' };
const UNASKED = { name: "OOMPolicy", signature: "s", value: "continue" };
const START: Launching = {
	unit: "chore-x.service",
	start: "/jobs/0/start",
	properties: [UNASKED, ASKED],
	unasked: ["OOMPolicy", "CPUAffinity"],
	restarts: undefined,
	scope: USER,
};

test("what starts a run is text that sh reads as the same words", () => {
	const said = launched(START, "false").replaceAll("\n", "");
	assert.match(said, /^<--user><--><call>.*<fail><2><OOMPolicy><s><continue><Description><s>/);
	assert.ok(said.includes('<Description><s><it\'s $HOME `id` \\ "é" [chore 0/7]><0>'), said);
	assert.match(said, /status 1$/);
});

test("a run that its waker lasts as long as wants that", () => {
	const said = launched(START, "false", { CHORE_WAKER: "chore-x-r1.service" }).replaceAll("\n", "");
	assert.match(said, /<fail><3><Wants><as><1><chore-x-r1\.service><OOMPolicy>/);
});

test("an old manager is asked again without the properties that it does not know, if nobody asked for them", () => {
	const refuse = (name: string) =>
		`case " $* " in *" ${name} "*) echo "Cannot set property ${name}, or unknown property." >&2; return 1 ;; esac`;
	assert.match(launched(START, refuse("OOMPolicy")), /<fail>\n<2>\n.*unknown property\..*begun\nstatus 0$/ms);
	assert.match(launched({ ...START, unasked: [] }, refuse("OOMPolicy")), /unknown property\.\nstatus 1$/m);
	assert.match(launched(START, refuse("Description")), /unknown property\.\nstatus 1$/m);
});
