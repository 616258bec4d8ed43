/** A window of several folders, on paths with blanks and letters beyond ASCII. */
import assert from "node:assert/strict";
import { suite, test } from "mocha";
import * as vscode from "vscode";
import { eventually } from "../support/eventually.ts";
import { EditorWindow, folder } from "./window.ts";

suite("with several folders", () => {
	const window = new EditorWindow();

	test("a command asks for the folder to run in", async () => {
		const second = vscode.workspace.workspaceFolders?.[1];
		assert.ok(second);
		window.replace("showWorkspaceFolderPick", async () => second);
		window.typeLine("pwd");
		await window.command("run");
		const [job] = window.parts.jobs.all;
		assert.ok(job);
		await window.chore.wait(job.id);
		assert.equal(await window.logOf(job), `${second.uri.fsPath}\n`);
	});

	test("a command runs in the folder of the file in the active editor", async () => {
		const file = vscode.Uri.joinPath(vscode.workspace.workspaceFolders?.[1]?.uri as vscode.Uri, "file.txt");
		await vscode.workspace.fs.writeFile(file, Buffer.from("pwd\n"));
		await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(file));
		await window.command("runSelection");
		const [job] = window.parts.jobs.all;
		assert.equal(job?.directory, vscode.workspace.workspaceFolders?.[1]?.uri.fsPath);
		await vscode.commands.executeCommand("workbench.action.closeAllEditors");
	});

	test("the scripts of each are offered, each for its folder", async () => {
		const folders = vscode.workspace.workspaceFolders ?? [];
		for (const { uri } of folders)
			await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(uri, "package.json"), Buffer.from('{"scripts":{"build":"pwd"}}'));
		const tasks = (await vscode.tasks.fetchTasks({ type: "chore" })).filter(({ name }) => name === "build");
		const scopes = tasks.flatMap(({ scope }) => (typeof scope === "object" ? scope.uri.fsPath : []));
		assert.deepEqual(new Set(scopes), new Set(folders.map(({ uri }) => uri.fsPath)));
		const second = tasks.find(({ scope }) => typeof scope === "object" && scope.index === 1);
		assert.ok(second);
		await vscode.tasks.executeTask(second);
		const job = await eventually("its job", () => window.parts.jobs.all[0]);
		assert.equal(job.directory, folders[1]?.uri.fsPath);
		await eventually("the task is over", () => vscode.tasks.taskExecutions.length === 0);
	});

	test("failures in each of them are told, and none elsewhere", async () => {
		const warnings = window.answer("showWarningMessage", () => undefined);
		await window.shell("exit 1", { directory: "/", name: "elsewhere" });
		await window.untilRow("finished", "elsewhere failed");
		for (const { uri } of vscode.workspace.workspaceFolders ?? []) await window.shell("exit 1", { directory: uri.fsPath });
		await eventually("both are told", () => warnings.length === 2);
		assert.ok(!warnings.some(({ text }) => text.startsWith("elsewhere")));
		assert.ok(folder().includes(" "));
	});
});
