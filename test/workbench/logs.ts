/** Logs in channels and terminals, whatever happens to the files. */
import assert from "node:assert/strict";
import { renameSync, truncateSync, writeFileSync } from "node:fs";
import { suite, test } from "mocha";
import * as vscode from "vscode";
import type { Job } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import { EditorWindow, row } from "./window.ts";

suite("the log of a job", () => {
	const window = new EditorWindow();

	test("is shown without codes and goes on live, to how the job ended", async () => {
		const { job, go } = await window.held(`printf 'caf\\303\\251 \\377\\n'`, { name: "live" });
		await window.command("showLog", row(job));
		await eventually("the channel is open", () => window.parts.channels.open.includes(job.id));
		await go();
		const text = await window.untilChannel(job, "[chore: live, succeeded, ended");
		assert.ok(text.startsWith("café \ufffd\n"), text);
	});

	test("is that of the latest run", async () => {
		const job = await window.shell("echo run $(cat count 2>/dev/null); echo again >count", { name: "twice" });
		await window.chore.wait(job.id);
		await window.command("showLog", row(job));
		await window.untilChannel(job, "[chore: twice, succeeded");
		await window.command("rerun", row(await window.known(job, ({ state }) => state === "succeeded")));
		await window.untilChannel(job, "run again");
		await vscode.workspace.fs.delete(vscode.Uri.file(`${job.directory}/count`));
	});

	test("says that it was truncated, and is shown from its beginning", async () => {
		const { job, go } = await window.held("echo new", { name: "cut" });
		const [output = ""] = job.output.paths;
		writeFileSync(output, "old text that is there first\n");
		await window.command("showLog", row(job));
		await window.untilChannel(job, "old text that is there first");
		truncateSync(output, 0);
		await go();
		const text = await window.untilChannel(job, "[chore: cut, succeeded");
		assert.match(text, /old text that is there first\n(\[chore: the log was truncated or replaced\]\n)?new\n/);
	});

	test("is followed where it is replaced by another file", async () => {
		const { job, go } = await window.held("echo into the old file", { name: "moved" });
		const [output = ""] = job.output.paths;
		writeFileSync(output, "first file\n");
		await window.command("showLog", row(job));
		await window.untilChannel(job, "first file");
		renameSync(output, `${output}.1`);
		writeFileSync(output, "x\n");
		await window.untilChannel(job, "\nx\n");
		await go();
		await window.untilChannel(job, "[chore: moved, succeeded");
	});

	test("is closed with its job when that is forgotten while it is open", async () => {
		const job = await window.shell("echo text", { name: "gone" });
		await window.chore.wait(job.id);
		await window.command("showLog", row(job));
		await window.untilChannel(job, "[chore: gone, succeeded");
		await window.chore.remove(job.id);
		await eventually("its channel is closed", () => !window.parts.channels.open.includes(job.id));
	});

	test("has a channel of its own, and of 21 the one not shown for longest is closed", async () => {
		const jobs: Job[] = [];
		for (let count = 0; count < 21; count++) jobs.push(await window.shell(`echo ${count}`));
		for (const job of jobs) await window.command("showLog", row(job));
		assert.deepEqual(
			window.parts.channels.open,
			jobs.slice(1).map(({ id }) => id),
		);
		await window.command("showLog", row(jobs[1] as Job));
		assert.equal(window.parts.channels.open.at(-1), jobs[1]?.id);
	});

	test("is shown from its end, of 2 GiB as soon as of 2 kB", async () => {
		const job = await window.shell("exec sleep 1000", { name: "huge" });
		const [output = ""] = job.output.paths;
		truncateSync(output, 2 * 1024 ** 3);
		writeFileSync(output, "\nthe end\n", { flag: "a" });
		// All of it would be minutes, and more memory than there is.
		await window.command("showLog", row(job));
		const text = await window.untilChannel(job, "the end");
		assert.match(text, /^\[chore: the first 2147221513 bytes are not shown; all of it: \//);
	});

	test("opens as a file; above 50 MB a terminal is offered instead", async () => {
		const job = await window.shell("echo in a file; exec sleep 1000", { name: "file" });
		await eventually("it is written", async () => (await window.logOf(job)) === "in a file\n");
		await window.command("openLogFile", row(job));
		assert.equal(vscode.window.activeTextEditor?.document.getText(), "in a file\n");
		await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
		const [output = ""] = job.output.paths;
		truncateSync(output, 50 * 1024 ** 2 + 1);
		const shown = window.answer("showWarningMessage", () => "Follow in Terminal");
		await window.command("openLogFile", row(job));
		assert.deepEqual(shown, [{ text: "The log of file has 50 MiB.", choices: ["Follow in Terminal", "Open It Anyway"] }]);
		await eventually("the terminal", () => vscode.window.terminals.some(({ name }) => name.startsWith("file ")));
		assert.ok(!vscode.window.visibleTextEditors.some(({ document }) => document.uri.path === output));
	});

	test("is followed in a terminal that Ctrl-C leaves, and the job goes on", async () => {
		const job = await window.shell("echo text; exec sleep 1000", { name: "followed" });
		await window.command("followInTerminal", row(job));
		const terminal = await eventually("the terminal", () => vscode.window.terminals.find(({ name }) => name.startsWith("followed ")));
		terminal.sendText("\u0003", false);
		await eventually("it is closed", () => !vscode.window.terminals.includes(terminal));
		await window.known(job, ({ state }) => state === "running");
	});
});
