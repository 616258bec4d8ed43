/** What chore writes for the manager: units that wake a job, and the words of busctl(1) that start a run. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import type { Wake } from "../../platform/contract.ts";
import { busWords, type Launching, launcherText } from "../../platform/systemd/launcher.ts";
import { USER } from "../../platform/systemd/scope.ts";
import { planTimer, serviceText, timerText } from "../../platform/systemd/timer.ts";
import { readCalendar } from "../../src/core/schedule/calendar.ts";

const wake: Wake = {
	jobId: "0",
	label: "tick-1c9e2f40",
	description: "100 % of\nit",
	jobFolder: '/state/a "b" $c %h/jobs/0',
	revision: 3,
	calendar: [readCalendar("Mon..Fri 9:00 UTC"), readCalendar("Sat 10:00 UTC")],
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

test("an old manager is asked again without the properties that it does not know, if nobody asked for them", () => {
	const refuse = (name: string) =>
		`case " $* " in *" ${name} "*) echo "Cannot set property ${name}, or unknown property." >&2; return 1 ;; esac`;
	assert.match(launched(START, refuse("OOMPolicy")), /<fail>\n<2>\n.*unknown property\..*begun\nstatus 0$/ms);
	assert.match(launched({ ...START, unasked: [] }, refuse("OOMPolicy")), /unknown property\.\nstatus 1$/m);
	assert.match(launched(START, refuse("Description")), /unknown property\.\nstatus 1$/m);
});
