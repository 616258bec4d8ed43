/** Each setting, in the settings of the user. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite, test } from "mocha";
import * as vscode from "vscode";
import { openChore } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import { EditorWindow, row } from "./window.ts";

suite("the setting", () => {
	const window = new EditorWindow();
	const here = { home: process.env["CHORE_HOME"], platform: process.env["CHORE_PLATFORM"] };

	test("session says whose jobs are shown, and where new ones go", async () => {
		await window.shell("exec sleep 1000", { name: "first" });
		await window.untilRow("running", "first running");
		await window.set("session", "second");
		await eventually("those of the other session", async () => (await window.rows("running")).length === 0);
		window.typeLine("exec sleep 1000");
		await window.command("run");
		await using second = await openChore({ ...here, session: "second" });
		const [job] = await second.list();
		assert.ok(job);
		await second.remove(job.id, { force: true, graceMs: 0 });
	});

	test("platform says what runs new jobs, and a row tells of one that does not exist", async () => {
		const { platform } = await window.shell("exec sleep 1000", { name: "first" });
		await window.set("platform", "abacus");
		const line = await window.untilRow("running", "Jobs cannot be started");
		assert.match(line, /abacus/);
		// What runs is shown all the same.
		await window.untilRow("running", "first running");
		await window.set("platform", platform);
		await eventually("the row is gone", async () => !(await window.rows("running")).some((one) => one.startsWith("Jobs cannot")));
		window.typeLine("exec sleep 1000");
		await window.command("run");
		assert.deepEqual(new Set(window.parts.jobs.all.map((job) => job.platform)), new Set([platform]));
	});

	test("home says where the state is", async () => {
		const home = mkdtempSync(join(dirname(here.home ?? ""), "ho me-"));
		try {
			await window.shell("exec sleep 1000", { name: "elsewhere" });
			await window.untilRow("running", "elsewhere running");
			await window.set("home", home);
			await eventually("no job is there", async () => (await window.rows("running")).length === 0);
			window.typeLine("true");
			await window.command("run");
			assert.ok(existsSync(join(home, "default/jobs")));
			await using other = await openChore({ ...here, home });
			for (const { id } of await other.list({ all: true })) await other.wait(id);
		} finally {
			await window.set("home", undefined);
			rmSync(home, { recursive: true });
		}
	});

	test("groupBy says how the rows are grouped", async () => {
		await window.shell("exec sleep 1000", { directory: "/tmp", name: "one" });
		await window.untilRow("running", "one running");
		await window.set("groupBy", "folder");
		await eventually("the group", async () => (await window.rows("running"))[0] === "tmp /tmp");
		await window.set("groupBy", "nonsense");
		await eventually("no group", async () => (await window.rows("running"))[0]?.startsWith("one running"));
	});

	test("finishedLimit says how many finished jobs are shown before the user asks for more", async () => {
		for (let count = 0; count < 5; count++) await window.chore.wait((await window.shell("true")).id);
		await eventually("all are there", async () => (await window.rows("finished")).length === 5);
		await window.set("finishedLimit", 2);
		await eventually("two and a row for more", async () => (await window.rows("finished")).length === 3);
		assert.equal((await window.rows("finished")).at(-1), "Show more 3 older");
		await window.command("showMore");
		await eventually("twice as many", async () => (await window.rows("finished")).length === 5);
	});

	test("logTailSize says how much of a log is shown at first", async () => {
		await window.set("logTailSize", 1);
		const job = await window.shell("yes 0123456 | head -c 8000");
		await window.chore.wait(job.id);
		await window.command("showLog", row(job));
		const text = await window.untilChannel(job, "succeeded");
		assert.match(text, /^\[chore: the first 6976 bytes are not shown; all of it: \//);
		assert.equal(text.split("\n").filter((line) => line === "0123456").length, 128);
	});

	test("notifyOnFailure says whether failures are told", async () => {
		const warnings = window.answer("showWarningMessage", () => undefined);
		await window.set("notifyOnFailure", false);
		await window.shell("exit 1", { name: "silent" });
		await window.untilRow("finished", "silent failed");
		await window.set("notifyOnFailure", undefined);
		await window.shell("exit 1", { name: "told" });
		await eventually("the second is told", () => warnings.length > 0);
		assert.match(warnings.map(({ text }) => text).join(), /^told \(.{8}\) failed, exit code 1$/);
	});

	test("confirmStop says whether a stop asks for confirmation", async () => {
		const job = await window.shell("exec sleep 1000", { name: "asked" });
		await window.known(job, ({ state }) => state === "running");
		let answer: string | undefined;
		const shown = window.answer("showWarningMessage", () => answer);
		await window.command("stop", row(job));
		assert.deepEqual([shown.length, (await window.chore.get(job.id)).state], [1, "running"]);
		await window.set("confirmStop", false);
		await window.command("stop", row(job));
		assert.deepEqual([shown.length, (await window.chore.get(job.id)).state], [1, "stopped"]);
		answer = "Stop";
		await window.set("confirmStop", undefined);
		await window.command("rerun", row(job));
		await window.command("stop", row(await window.known(job, ({ run }) => run === 2)));
		assert.deepEqual([shown.length, (await window.chore.get(job.id)).state], [2, "stopped"]);
	});

	test("has words and a default in the manifest", () => {
		const { properties } = vscode.extensions.getExtension("chore-jobs.chore-jobs")?.packageJSON.contributes.configuration ?? {};
		for (const [name, { description, markdownDescription, default: value }] of Object.entries<Record<string, unknown>>(properties)) {
			assert.ok(description ?? markdownDescription, name);
			assert.deepEqual(vscode.workspace.getConfiguration().inspect(name)?.defaultValue, value);
		}
	});
});
