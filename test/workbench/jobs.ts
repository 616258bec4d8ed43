/** What commands do to real jobs, and what is asked before. */
import assert from "node:assert/strict";
import { suite, test } from "mocha";
import * as vscode from "vscode";
import type { Job } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import { EditorWindow, ELSEWHERE, folder, row } from "./window.ts";

suite("commands", () => {
	const window = new EditorWindow();

	test("are registered, each that the manifest names", async () => {
		const there = await vscode.commands.getCommands(true);
		const named = vscode.extensions.getExtension("chore-jobs.chore-jobs")?.packageJSON.contributes.commands;
		for (const { command } of named) assert.ok(there.includes(command), command);
	});

	test("run what is typed, in the folder of the workspace", async () => {
		const placeholders = window.typeLine("pwd; echo 'é $(x)'");
		await window.command("run");
		assert.deepEqual(placeholders, [`A line of shell, run in ${folder()}`]);
		const [job] = window.parts.jobs.all;
		assert.ok(job);
		await window.chore.wait(job.id);
		assert.equal(await window.logOf(job), `${folder()}\né \u0024(x)\n`);
	});

	test("run the lines that are selected, or the one of the cursor", async () => {
		const document = await vscode.workspace.openTextDocument({ content: "echo one\necho two\necho three\n" });
		const editor = await vscode.window.showTextDocument(document);
		editor.selection = new vscode.Selection(0, 0, 1, 8);
		await window.command("runSelection");
		editor.selection = new vscode.Selection(2, 3, 2, 3);
		await window.command("runSelection");
		const jobs = [...window.parts.jobs.all];
		for (const job of jobs) await window.chore.wait(job.id);
		assert.deepEqual((await Promise.all(jobs.map((job) => window.logOf(job)))).sort(), ["one\ntwo\n", "three\n"]);
		await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
	});

	test("say before anything is typed that no schedule can be kept", async function () {
		if ((await window.chore.capabilities()).schedule) return this.skip();
		const errors = window.answer("showErrorMessage", () => undefined);
		const typed = window.typeLine("true");
		await window.command("schedule");
		assert.match(errors[0]?.text ?? "", /cannot wake them/);
		assert.deepEqual(typed, []);
	});

	test("stop jobs and run them again, from their rows", async () => {
		await window.set("confirmStop", false);
		const job = await window.shell("exec sleep 1000", { name: "long" });
		await window.command("stop", row(job), [row(job)]);
		assert.equal((await window.chore.get(job.id)).state, "stopped");
		await window.command("rerun", row(job));
		assert.equal((await window.chore.get(job.id)).run, 2);
		await window.untilRow("running", "long running");
		await window.command("restart", row(job));
		assert.equal((await window.chore.get(job.id)).run, 3);
	});

	test("hold jobs and let them go on", async function () {
		if (!(await window.chore.capabilities()).pause) return this.skip();
		const job = await window.shell("exec sleep 1000", { name: "held" });
		await window.command("pause", row(job));
		await window.untilRow("running", "held paused");
		await window.command("resume", row(job));
		await window.untilRow("running", "held running");
	});

	test("send signals and input", async () => {
		window.answer("showQuickPick", () => "SIGUSR1");
		window.answer("showInputBox", () => "typed");
		const line = 'trap "echo usr1" USR1; echo ready; while ! read -r word; do :; done; echo "got $word"';
		const job = await window.shell(line, { stdin: "fifo" });
		await eventually("the trap is set", async () => (await window.logOf(job)).includes("ready"));
		await window.command("kill", row(job));
		await eventually("the signal is there", async () => (await window.logOf(job)).includes("usr1"));
		await window.command("send", row(job));
		assert.equal((await window.chore.wait(job.id)).state, "succeeded");
		assert.match(await window.logOf(job), /got typed\n$/);
	});

	test("run an edited command as a new job, the old line at hand", async () => {
		const job = await window.shell("echo old", { name: "edit" });
		await window.chore.wait(job.id);
		const shown = window.answer("showInputBox", () => "echo new");
		await window.command("editAndRerun", row(job));
		assert.ok(shown[0]?.text.endsWith("|echo old"), shown[0]?.text);
		const other = await eventually("the new job", () => window.parts.jobs.all.find(({ id }) => id !== job.id));
		await window.chore.wait(other.id);
		assert.equal(await window.logOf(other), "new\n");
	});

	test("forget jobs after a question, and none without the answer", async () => {
		const jobs = [await window.shell("true"), await window.shell("true"), await window.shell("exec sleep 1000")];
		for (const job of jobs.slice(0, 2)) await window.known(job, ({ state }) => state === "succeeded");
		await window.known(jobs[2] as Job);
		let answer: string | undefined;
		const shown = window.answer("showWarningMessage", () => answer);
		await window.command("forget", row(jobs[0] as Job), jobs.slice(0, 2).map(row));
		assert.equal(window.parts.jobs.all.length, 3);
		answer = "Forget";
		await window.command("forgetAll");
		assert.deepEqual(
			window.parts.jobs.all.map(({ id }) => id),
			[jobs[2]?.id],
		);
		assert.deepEqual(
			shown.map(({ text }) => text),
			["Forget 2 finished jobs?", "Forget 2 finished jobs?"],
		);
	});

	test("ask which job is meant where they are given none, and offer only those that fit", async () => {
		await window.shell("exit 1", { name: "over", directory: ELSEWHERE });
		await window.shell("exec sleep 1000", { name: "going" });
		await window.untilRow("running", "going running");
		await window.untilRow("finished", "over failed");
		const shown = window.answer("showQuickPick", () => undefined);
		await window.command("stop");
		await window.command("rerun");
		assert.deepEqual(
			shown.map(({ text, choices }) => [text, ...choices.map((choice) => choice.split("|")[0])]),
			[
				["Stop", "going"],
				["Run Again", "over"],
			],
		);
	});

	test("offer to run a command where there is no job to show", async () => {
		const shown = window.answer("showInformationMessage", () => undefined);
		await window.command("showJobs");
		assert.deepEqual(shown, [{ text: "There is no job yet.", choices: ["Run Command…"] }]);
	});

	test("copy names, ids and commands", async () => {
		const job = await window.shell("exit 0");
		await window.command("copyCommand", row(job));
		assert.equal(await vscode.env.clipboard.readText(), "exit 0");
		await window.command("copyId", row(job));
		assert.equal(await vscode.env.clipboard.readText(), job.id);
		await window.command("copyName", row(job), [row(job), row(job)]);
		assert.equal(await vscode.env.clipboard.readText(), `${job.name}\n${job.name}`);
	});

	test("tell what went wrong, and offer the report of the doctor", async () => {
		const job = await window.shell("true");
		await window.known(job, ({ state }) => state === "succeeded");
		await window.chore.remove(job.id);
		await eventually("the window has forgotten it", () => window.parts.jobs.get(job.id) === undefined);
		const shown = window.answer("showErrorMessage", () => undefined);
		await window.command("rerun", row({ ...job, state: "succeeded" }));
		assert.equal(shown.length, 1);
		assert.match(shown[0]?.text ?? "", /no job/);
		assert.deepEqual(shown[0]?.choices, ["Show Doctor Report"]);
	});

	test("show the report of the doctor as a document", async () => {
		await window.command("doctor");
		const text = vscode.window.activeTextEditor?.document.getText() ?? "";
		const job = await window.shell("true");
		assert.ok(text.includes(`${job.platform}: used for new jobs`), text);
		assert.ok(text.includes(`self-test on ${job.platform}: ok`), text);
		await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
	});

	test("tell once of a run that the user asked about, and of a failure of the workspace", async () => {
		const warnings = window.answer("showWarningMessage", () => undefined);
		const messages = window.answer("showInformationMessage", () => undefined);
		const asked = await window.held("exit 0", { name: "asked" });
		await window.known(asked.job);
		await window.command("notify", row(asked.job));
		const failing = await window.held("exit 9", { name: "failing" });
		await asked.go();
		await failing.go();
		await eventually("both are told", () => warnings.length + messages.length === 2);
		await window.untilRow("finished", "failing failed, exit code 9");
		assert.match(messages[0]?.text ?? "", /^asked \(.{8}\) succeeded$/);
		assert.match(warnings[0]?.text ?? "", /^failing \(.{8}\) failed, exit code 9$/);
		assert.deepEqual(warnings[0]?.choices, ["Show Log", "Run Again"]);
	});
});
