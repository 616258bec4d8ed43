/** What chore writes for the manager: units that wake a job, and the words of busctl(1) that start a run. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import type { Wake } from "../../platform/contract.ts";
import { busWords, launcherText } from "../../platform/systemd/launcher.ts";
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

test("what starts a run is text that sh reads as the same words", () => {
	const properties = [{ name: "Description", signature: "s", value: 'it\'s $HOME `id` \\ "é" [chore 0/7]' }];
	const text = launcherText({ unit: "chore-x.service", properties, restarts: "always unlimited", scope: USER });
	const { stdout } = spawnSync("/bin/sh", ["-c", `${text}\nbusctl() { for word; do echo "<$word>"; done; }\nrequest`], {
		encoding: "utf8",
	});
	assert.ok(stdout.includes('<Description>\n<s>\n<it\'s $HOME `id` \\ "é" [chore 0/7]>\n<0>\n'), stdout);
	assert.ok(stdout.startsWith("<--user>\n<-->\n<call>\n"), stdout);
});
