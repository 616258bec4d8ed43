/** What commands do to real jobs, and what is asked before. */
import assert from "node:assert/strict";
import { suite, test } from "mocha";
import * as vscode from "vscode";
import type { Job } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import { Desk, ELSEWHERE, folder, row } from "./window.ts";

suite("commands", () => {
	const desk = new Desk();

	test("are registered, each that the manifest names", async () => {
		const there = await vscode.commands.getCommands(true);
		const named = vscode.extensions.getExtension("chore-jobs.chore-jobs")?.packageJSON.contributes.commands;
		for (const { command } of named) assert.ok(there.includes(command), command);
	});

	test("run what is typed, in the folder of the workspace", async () => {
		const placeholders = desk.typeLine("pwd; echo 'é $(x)'");
		await desk.command("run");
		assert.deepEqual(placeholders, [`A line of shell, run in ${folder()}`]);
		const [job] = desk.parts.source.jobs;
		assert.ok(job);
		await desk.chore.wait(job.id);
		assert.equal(await desk.logOf(job), `${folder()}\né \u0024(x)\n`);
	});

	test("run the lines that are selected, or the one of the cursor", async () => {
		const document = await vscode.workspace.openTextDocument({ content: "echo one\necho two\necho three\n" });
		const editor = await vscode.window.showTextDocument(document);
		editor.selection = new vscode.Selection(0, 0, 1, 8);
		await desk.command("runSelection");
		editor.selection = new vscode.Selection(2, 3, 2, 3);
		await desk.command("runSelection");
		const jobs = [...desk.parts.source.jobs];
		for (const job of jobs) await desk.chore.wait(job.id);
		assert.deepEqual((await Promise.all(jobs.map((job) => desk.logOf(job)))).sort(), ["one\ntwo\n", "three\n"]);
		await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
	});

	test("stop jobs and run them again, from their rows", async () => {
		await desk.set("confirmStop", false);
		const job = await desk.shell("exec sleep 1000", { name: "long" });
		await desk.command("stop", row(job), [row(job)]);
		assert.equal((await desk.chore.get(job.id)).state, "stopped");
		await desk.command("rerun", row(job));
		assert.equal((await desk.chore.get(job.id)).run, 2);
		await desk.untilRow("running", "long running");
		await desk.command("restart", row(job));
		assert.equal((await desk.chore.get(job.id)).run, 3);
	});

	test("hold jobs and let them go on", async function () {
		if (!(await desk.chore.capabilities()).pause) return this.skip();
		const job = await desk.shell("exec sleep 1000", { name: "held" });
		await desk.command("pause", row(job));
		await desk.untilRow("running", "held paused");
		await desk.command("resume", row(job));
		await desk.untilRow("running", "held running");
	});

	test("send signals and input", async () => {
		desk.answer("showQuickPick", () => "SIGUSR1");
		desk.answer("showInputBox", () => "typed");
		const line = 'trap "echo usr1" USR1; echo ready; while ! read -r word; do :; done; echo "got $word"';
		const job = await desk.shell(line, { stdin: "fifo" });
		await eventually("the trap is set", async () => (await desk.logOf(job)).includes("ready"));
		await desk.command("kill", row(job));
		await eventually("the signal is there", async () => (await desk.logOf(job)).includes("usr1"));
		await desk.command("send", row(job));
		assert.equal((await desk.chore.wait(job.id)).state, "succeeded");
		assert.match(await desk.logOf(job), /got typed\n$/);
	});

	test("run an edited command as a new job, the old line at hand", async () => {
		const job = await desk.shell("echo old", { name: "edit" });
		await desk.chore.wait(job.id);
		const shown = desk.answer("showInputBox", () => "echo new");
		await desk.command("editAndRerun", row(job));
		assert.ok(shown[0]?.text.endsWith("|echo old"), shown[0]?.text);
		const other = await eventually("the new job", () => desk.parts.source.jobs.find(({ id }) => id !== job.id));
		await desk.chore.wait(other.id);
		assert.equal(await desk.logOf(other), "new\n");
	});

	test("forget jobs after a question, and none without the answer", async () => {
		const jobs = [await desk.shell("true"), await desk.shell("true"), await desk.shell("exec sleep 1000")];
		for (const job of jobs.slice(0, 2)) await desk.known(job, ({ state }) => state === "succeeded");
		await desk.known(jobs[2] as Job);
		let answer: string | undefined;
		const shown = desk.answer("showWarningMessage", () => answer);
		await desk.command("forget", row(jobs[0] as Job), jobs.slice(0, 2).map(row));
		assert.equal(desk.parts.source.jobs.length, 3);
		answer = "Forget";
		await desk.command("forgetAll");
		assert.deepEqual(
			desk.parts.source.jobs.map(({ id }) => id),
			[jobs[2]?.id],
		);
		assert.deepEqual(
			shown.map(({ text }) => text),
			["Forget 2 finished jobs?", "Forget 2 finished jobs?"],
		);
	});

	test("ask which job is meant where they are given none, and offer only those that fit", async () => {
		await desk.shell("exit 1", { name: "over", directory: ELSEWHERE });
		await desk.shell("exec sleep 1000", { name: "going" });
		await desk.untilRow("running", "going running");
		await desk.untilRow("finished", "over failed");
		const shown = desk.answer("showQuickPick", () => undefined);
		await desk.command("stop");
		await desk.command("rerun");
		assert.deepEqual(
			shown.map(({ text, choices }) => [text, ...choices.map((choice) => choice.split("|")[0])]),
			[
				["Stop", "going"],
				["Run Again", "over"],
			],
		);
	});

	test("copy names, ids and commands", async () => {
		const job = await desk.shell("exit 0");
		await desk.command("copyCommand", row(job));
		assert.equal(await vscode.env.clipboard.readText(), "exit 0");
		await desk.command("copyId", row(job));
		assert.equal(await vscode.env.clipboard.readText(), job.id);
		await desk.command("copyName", row(job), [row(job), row(job)]);
		assert.equal(await vscode.env.clipboard.readText(), `${job.name}\n${job.name}`);
	});

	test("tell what went wrong, and offer the report of the doctor", async () => {
		const job = await desk.shell("true");
		await desk.known(job, ({ state }) => state === "succeeded");
		await desk.chore.remove(job.id);
		await eventually("the window has forgotten it", () => desk.parts.source.job(job.id) === undefined);
		const shown = desk.answer("showErrorMessage", () => undefined);
		await desk.command("rerun", row({ ...job, state: "succeeded" }));
		assert.equal(shown.length, 1);
		assert.match(shown[0]?.text ?? "", /no job/);
		assert.deepEqual(shown[0]?.choices, ["Show Doctor Report"]);
	});

	test("show the report of the doctor as a document", async () => {
		await desk.command("doctor");
		const text = vscode.window.activeTextEditor?.document.getText() ?? "";
		const job = await desk.shell("true");
		assert.ok(text.includes(`${job.platform}: used for new jobs`), text);
		assert.ok(text.includes(`self-test on ${job.platform}: ok`), text);
		await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
	});

	test("tell of a run that somebody asked about, once, and of a failure of the workspace", async () => {
		const warnings = desk.answer("showWarningMessage", () => undefined);
		const messages = desk.answer("showInformationMessage", () => undefined);
		const asked = await desk.held("exit 0", { name: "asked" });
		await desk.known(asked.job);
		await desk.command("notify", row(asked.job));
		const failing = await desk.held("exit 9", { name: "failing" });
		await asked.go();
		await failing.go();
		await eventually("both are told", () => warnings.length + messages.length === 2);
		await desk.untilRow("finished", "failing failed, exit code 9");
		assert.match(messages[0]?.text ?? "", /^asked \(.{8}\) succeeded$/);
		assert.match(warnings[0]?.text ?? "", /^failing \(.{8}\) failed, exit code 9$/);
		assert.deepEqual(warnings[0]?.choices, ["Show Log", "Run Again"]);
	});
});
