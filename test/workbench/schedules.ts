/**
 * Scheduled jobs in their view, and what its commands do to them. On systemd only: elsewhere a schedule may be a line in the user's
 * own crontab, which these tests leave alone.
 */
import assert from "node:assert/strict";
import { suite, suiteSetup, test } from "mocha";
import * as vscode from "vscode";
import type { Job, RunOptions } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import { EditorWindow, ELSEWHERE } from "./window.ts";

suite("schedules", () => {
	const window = new EditorWindow();

	suiteSetup(function () {
		if (process.env["CHORE_PLATFORM"] !== "systemd") this.skip();
	});

	test("are asked for beside the line of a command, or with a command of their own", async () => {
		window.typeLine("echo often", "Run on a Schedule…");
		const ways = window.answer("showQuickPick", () => "Every…");
		const boxes = window.answer("showInputBox", () => "every 10min");
		await window.command("run");
		assert.deepEqual(
			ways[0]?.choices.map((choice) => choice.split("|")[0]),
			["Now", "Every…", "At…", "Calendar…"],
		);
		assert.match(boxes[0]?.text ?? "", /every $/);
		window.typeLine("echo seldom");
		window.answer("showQuickPick", () => "Calendar…");
		window.answer("showInputBox", () => "0 9 1 1 *");
		await window.command("schedule");
		const rows = await window.rows("scheduled");
		assert.match(rows[0] ?? "", /^echo next .* · has not run yet · every 10min$/);
		assert.match(rows[1] ?? "", /^echo-2 next (.* )?09:00 · has not run yet · 0 9 1 1 \*$/);
		assert.deepEqual([await window.rows("running"), await window.rows("finished")], [[], []]);
	});

	test("can be passed over: the command is run at once", async () => {
		window.typeLine("exit 0", "Run on a Schedule…");
		window.answer("showQuickPick", () => "Now");
		await window.command("run");
		await window.untilRow("finished", "exit succeeded");
		assert.deepEqual(await window.rows("scheduled"), []);
	});

	test("show each run and what came of it, without being asked", async () => {
		const job = await scheduled("exit 4", { name: "tick", directory: ELSEWHERE, schedule: { calendar: ["*:*:0/2"] } });
		await eventually("a run failed", async () => {
			const [row] = await window.rows("scheduled");
			return row !== undefined && /^tick next .* · last .*, failed, exit code 4 · \*:\*:0\/2$/.test(row);
		});
		assert.deepEqual(await window.rows("finished"), []);
		await window.chore.pauseSchedule(job.id);
		await window.untilRow("scheduled", "tick paused");
	});

	test("have their job run now, are paused and resumed, and end after a question", async () => {
		const job = await scheduled("echo now", { name: "nightly" });
		const known = (): Job => window.parts.jobs.get(job.id) ?? job;
		const row = () => ({ kind: "schedule", job: known() }) as const;
		await window.command("showLog", row());
		await window.untilChannel(job, "[chore: it has not run yet]");
		await window.command("runNow", row());
		await window.untilChannel(job, "now\n");
		await eventually("its end shows", async () => /· last .*, succeeded ·/.test((await window.rows("scheduled"))[0] ?? ""));
		assert.deepEqual(await window.rows("finished"), []);
		await window.command("pauseSchedule", row());
		assert.equal(known().schedule?.paused, true);
		assert.match((await window.rows("scheduled"))[0] ?? "", /^nightly paused · /);
		await window.command("resumeSchedule", row());
		assert.equal(known().schedule?.paused, false);
		const questions = window.answer("showWarningMessage", () => "Remove");
		await window.command("removeScheduled", row());
		assert.deepEqual(questions, [{ text: "Remove nightly and its schedule?", choices: ["Remove"] }]);
		await eventually("it is gone", () => window.parts.jobs.get(job.id) === undefined);
	});

	test("are edited in their own words, which are judged as they are typed", async () => {
		const job = await scheduled("true", { name: "edited" });
		const said: string[] = [];
		window.replace("showInputBox", async ({ value, validateInput }: vscode.InputBoxOptions) => {
			said.push(String(value));
			for (const line of ["Mon..Fri 25:00", "0 9 * * 8", "every soon", "at 1999-12-31", "every 3h"]) {
				const judged = await validateInput?.(line);
				if (typeof judged === "object" && judged !== null) said.push(`${judged.severity} ${judged.message}`);
			}
			return "every 3h";
		});
		await window.command("editSchedule", { kind: "schedule", job });
		const { Error: wrong, Info: right } = vscode.InputBoxValidationSeverity;
		const beginnings = [
			"2199-01-01 09:00",
			`${wrong} the calendar "Mon..Fri 25:00" is wrong at character`,
			`${wrong} the cron line "0 9 * * 8" is wrong at character 9`,
			`${wrong} "soon" is no span of time`,
			`${wrong} There is no such moment`,
			`${right} Next: `,
		];
		for (const [index, beginning] of beginnings.entries()) assert.ok(said[index]?.startsWith(beginning), said[index]);
		assert.match((await window.rows("scheduled"))[0] ?? "", /^edited next .* · every 3h$/);
	});

	test("stay as they are where their words are left alone", async () => {
		const job = await scheduled("true", { name: "same" });
		window.answer("showInputBox", ({ text }) => text.split("|").at(-1));
		await window.command("editSchedule", { kind: "schedule", job });
		const { unit, schedule } = await window.chore.get(job.id);
		assert.deepEqual([unit, schedule], [job.unit, job.schedule]);
	});

	test("have a run that failed unseen counted in a badge on their view", async () => {
		const { scheduled: view } = window.parts.sidebar;
		const job = await scheduled("exit 1", { name: "unseen", directory: ELSEWHERE });
		await window.untilRow("scheduled", "unseen next");
		await vscode.commands.executeCommand("workbench.view.explorer");
		await eventually("the view is out of sight", () => !view.visible);
		await window.chore.rerun(job.id);
		await eventually("it is counted", () => view.badge?.value === 1);
		assert.equal(view.badge?.tooltip, "1 job failed since you last looked");
		assert.equal(window.parts.sidebar.finished.badge, undefined);
		await vscode.commands.executeCommand("chore.scheduled.focus");
		await eventually("it was seen", () => view.badge === undefined);
	});

	/** A job that its schedule does not run during the test, unless it is another. */
	function scheduled(line: string, more: Partial<RunOptions>): Promise<Job> {
		return window.shell(line, { schedule: { calendar: ["2199-01-01 09:00"] }, ...more });
	}
});
