/** Each setting, in the settings of the user. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite, test } from "mocha";
import * as vscode from "vscode";
import { openChore } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import { Desk, row } from "./window.ts";

suite("the setting", () => {
	const desk = new Desk();
	const here = { home: process.env["CHORE_HOME"], platform: process.env["CHORE_PLATFORM"] };

	test("session says whose jobs are shown, and where new ones go", async () => {
		await desk.shell("exec sleep 1000", { name: "first" });
		await desk.untilRow("running", "first running");
		await desk.set("session", "second");
		await eventually("those of the other session", async () => (await desk.rows("running")).length === 0);
		desk.typeLine("exec sleep 1000");
		await desk.command("run");
		await using second = await openChore({ ...here, session: "second" });
		const [job] = await second.list();
		assert.ok(job);
		await second.remove(job.id, { force: true, graceMs: 0 });
	});

	test("platform says what runs new jobs, and one that is not there is told in a row", async () => {
		const { platform } = await desk.shell("exec sleep 1000", { name: "first" });
		await desk.set("platform", "abacus");
		const line = await desk.untilRow("running", "Jobs cannot be started");
		assert.match(line, /abacus/);
		// What runs is shown all the same.
		await desk.untilRow("running", "first running");
		await desk.set("platform", platform);
		await eventually("the row is gone", async () => !(await desk.rows("running")).some((one) => one.startsWith("Jobs cannot")));
		desk.typeLine("exec sleep 1000");
		await desk.command("run");
		assert.deepEqual(new Set(desk.parts.source.jobs.map((job) => job.platform)), new Set([platform]));
	});

	test("home says where the state is", async () => {
		const home = mkdtempSync(join(dirname(here.home ?? ""), "ho me-"));
		try {
			await desk.shell("exec sleep 1000", { name: "elsewhere" });
			await desk.untilRow("running", "elsewhere running");
			await desk.set("home", home);
			await eventually("no job is there", async () => (await desk.rows("running")).length === 0);
			desk.typeLine("true");
			await desk.command("run");
			assert.ok(existsSync(join(home, "default/jobs")));
			await using other = await openChore({ ...here, home });
			for (const { id } of await other.list({ all: true })) await other.wait(id);
		} finally {
			await desk.set("home", undefined);
			rmSync(home, { recursive: true });
		}
	});

	test("groupBy says how the rows are grouped", async () => {
		await desk.shell("exec sleep 1000", { directory: "/tmp", name: "one" });
		await desk.untilRow("running", "one running");
		await desk.set("groupBy", "folder");
		await eventually("the group", async () => (await desk.rows("running"))[0] === "tmp /tmp");
		await desk.set("groupBy", "nonsense");
		await eventually("no group", async () => (await desk.rows("running"))[0]?.startsWith("one running"));
	});

	test("finishedLimit says how many finished jobs are shown before somebody asks for more", async () => {
		for (let count = 0; count < 5; count++) await desk.chore.wait((await desk.shell("true")).id);
		await eventually("all are there", async () => (await desk.rows("finished")).length === 5);
		await desk.set("finishedLimit", 2);
		await eventually("two and a row for more", async () => (await desk.rows("finished")).length === 3);
		assert.equal((await desk.rows("finished")).at(-1), "Show more 3 older");
		await desk.command("showMore");
		await eventually("twice as many", async () => (await desk.rows("finished")).length === 5);
	});

	test("logTailSize says how much of a log is shown at first", async () => {
		await desk.set("logTailSize", 1);
		const job = await desk.shell("yes 0123456 | head -c 8000");
		await desk.chore.wait(job.id);
		await desk.command("showLog", row(job));
		const text = await desk.untilChannel(job, "succeeded");
		assert.match(text, /^\[chore: the first 6976 bytes are not shown; all of it: \//);
		assert.equal(text.split("\n").filter((line) => line === "0123456").length, 128);
	});

	test("notifyOnFailure says whether failures are told", async () => {
		const warnings = desk.answer("showWarningMessage", () => undefined);
		await desk.set("notifyOnFailure", false);
		await desk.shell("exit 1", { name: "silent" });
		await desk.untilRow("finished", "silent failed");
		await desk.set("notifyOnFailure", undefined);
		await desk.shell("exit 1", { name: "told" });
		await eventually("the second is told", () => warnings.length > 0);
		assert.match(warnings.map(({ text }) => text).join(), /^told \(.{8}\) failed, exit code 1$/);
	});

	test("confirmStop says whether somebody is asked before a job is stopped", async () => {
		const job = await desk.shell("exec sleep 1000", { name: "asked" });
		await desk.known(job, ({ state }) => state === "running");
		let answer: string | undefined;
		const shown = desk.answer("showWarningMessage", () => answer);
		await desk.command("stop", row(job));
		assert.deepEqual([shown.length, (await desk.chore.get(job.id)).state], [1, "running"]);
		await desk.set("confirmStop", false);
		await desk.command("stop", row(job));
		assert.deepEqual([shown.length, (await desk.chore.get(job.id)).state], [1, "stopped"]);
		answer = "Stop";
		await desk.set("confirmStop", undefined);
		await desk.command("rerun", row(job));
		await desk.command("stop", row(await desk.known(job, ({ run }) => run === 2)));
		assert.deepEqual([shown.length, (await desk.chore.get(job.id)).state], [2, "stopped"]);
	});

	test("of each name is in the manifest with its words and a default", () => {
		const { properties } = vscode.extensions.getExtension("chore-jobs.chore-jobs")?.packageJSON.contributes.configuration ?? {};
		for (const [name, { description, markdownDescription, default: value }] of Object.entries<Record<string, unknown>>(properties)) {
			assert.ok(description ?? markdownDescription, name);
			assert.deepEqual(vscode.workspace.getConfiguration().inspect(name)?.defaultValue, value);
		}
	});
});
