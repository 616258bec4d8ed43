/** What the views show of real jobs. */
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { suite, test } from "mocha";
import * as vscode from "vscode";
import { openChore } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import { EditorWindow, ELSEWHERE, folder } from "./window.ts";

const HOSTILE = "$(bug) [go](command:quit) **b** <i>\n\u001b[31m \u202e `x`";

suite("the views", () => {
	const window = new EditorWindow();

	test("show a job that another program starts, and how it ends", async () => {
		const { job, go } = await window.held("exit 3", { name: "web", directory: ELSEWHERE });
		await window.untilRow("running", "web running · while");
		await go();
		await window.untilRow("finished", "web failed, exit code 3 · while");
		assert.deepEqual(await window.rows("running"), []);
		assert.equal((await window.chore.get(job.id)).exitCode, 3);
	});

	test("no longer show a job that another program forgets", async () => {
		const job = await window.shell("true", { name: "passing" });
		await window.untilRow("finished", "passing succeeded");
		await window.chore.remove(job.id);
		await eventually("it is gone", async () => (await window.rows("finished")).length === 0);
	});

	test("show hostile text literally, in rows, tooltips, lists and messages", async () => {
		const messages = window.answer("showWarningMessage", () => undefined);
		const picks = window.answer("showQuickPick", () => undefined);
		const { job, go } = await window.held(`: '${HOSTILE}'; exit 1`, { description: HOSTILE, name: "odd" });
		await window.command("notify", { kind: "job", job: await window.known(job) });
		await go();
		await window.untilRow("finished", "odd failed");
		await eventually("the failure is told", () => messages.length > 0);
		await window.command("rerun");
		const known = await window.known(job);
		const tree = window.parts.sidebar.trees.finished;
		const item = tree.getTreeItem({ kind: "job", job: known });
		const shown = [item.label, item.description, item.accessibilityInformation?.label, messages[0]?.text, ...(picks[0]?.choices ?? [])];
		for (const text of shown) assert.doesNotMatch(String(text), /\$\(|\]\(|[\p{Cc}\u202e]/u);
		const { tooltip } = await tree.resolveTreeItem(item, { kind: "job", job: known });
		assert.ok(tooltip instanceof vscode.MarkdownString && !tooltip.isTrusted && !tooltip.supportThemeIcons && !tooltip.supportHtml);
		// The command is in a block of code, where nothing is markdown.
		const [before = "", code = "", after = ""] = tooltip.value.split(/^`{3,}.*$/m);
		assert.ok(!`${before}${after}`.includes("](command") && code.includes("$(bug)"), tooltip.value);
		assert.ok(!["\u001b", "\u202e"].some((character) => tooltip.value.includes(character)), tooltip.value);
	});

	test("tell of a running job in its tooltip what it uses", async () => {
		const job = await window.shell("sleep 1000 & sleep 1000", { name: "busy" });
		const known = await window.known(job, ({ state }) => state === "running");
		const tree = window.parts.sidebar.trees.running;
		const row = { kind: "job", job: known } as const;
		const text = await eventually("both of its programs run", async () => {
			const { tooltip } = await tree.resolveTreeItem(tree.getTreeItem(row), row);
			return tooltip instanceof vscode.MarkdownString && tooltip.value.includes("more") && tooltip.value;
		});
		assert.match(text, /Process: \d+&nbsp;and&nbsp;\d&nbsp;more/);
		assert.match(text, /CPU time: /);
	});

	test("count the failures that the user has not looked at, in a badge with words", async () => {
		const { sidebar } = window.parts;
		await vscode.commands.executeCommand("workbench.view.explorer");
		await eventually("the view is out of sight", () => !sidebar.finished.visible);
		for (const name of ["one", "two"]) await window.shell("exit 1", { name, directory: ELSEWHERE });
		await eventually("both are counted", () => sidebar.finished.badge?.value === 2);
		assert.equal(sidebar.finished.badge?.tooltip, "2 jobs failed since you last looked");
		await vscode.commands.executeCommand("chore.finished.focus");
		await eventually("they were seen", () => sidebar.finished.badge === undefined);
		await vscode.commands.executeCommand("workbench.view.explorer");
		await eventually("the view is out of sight again", () => !sidebar.finished.visible);
		assert.equal(sidebar.finished.badge, undefined);
	});

	test("show the jobs that fit the filter and the filter itself, and offer it again in its box", async () => {
		for (const name of ["apple", "pear"]) await window.shell("true", { name });
		await window.untilRow("finished", "apple succeeded");
		await window.untilRow("finished", "pear succeeded");
		const shown = window.answer("showInputBox", () => " Apple ");
		await window.command("filter");
		assert.equal((await window.rows("finished")).length, 1);
		assert.equal(window.parts.sidebar.finished.description, "filter: Apple");
		await window.command("filter");
		assert.ok(shown[1]?.text.endsWith("|Apple"), shown[1]?.text);
		await window.command("clearFilter");
		assert.equal((await window.rows("finished")).length, 2);
		assert.equal(window.parts.sidebar.finished.description, "");
	});

	test("group by folder and by session, on request", async () => {
		await window.shell("exec sleep 1000", { name: "here" });
		await using other = await openChore({ session: "other", home: process.env["CHORE_HOME"], platform: process.env["CHORE_PLATFORM"] });
		const there = await other.run({ command: ["sleep", "1000"], directory: "/", name: "there" });
		try {
			await window.command("groupBy.session");
			await window.untilRow("running", "there running");
			assert.deepEqual(
				(await window.rows("running")).map((line) => line.split(" · ")[0]),
				["other", "  there running", "default", "  here running"],
			);
			await using later = await openChore({ session: "later", home: process.env["CHORE_HOME"], platform: process.env["CHORE_PLATFORM"] });
			const made = await later.run({ command: ["sleep", "1000"], directory: "/", name: "made" });
			await window.untilRow("running", "made running");
			await later.remove(made.id, { force: true, graceMs: 0 });
			await window.command("groupBy.folder");
			await eventually("only those of the session", async () => (await window.rows("running")).length === 2);
			const name = folder().split("/").at(-1);
			assert.equal((await window.rows("running"))[0], `${name} ${folder()}`);
			await window.command("groupBy.none");
			await eventually("one list", async () => (await window.rows("running"))[0]?.startsWith("here running"));
		} finally {
			await other.remove(there.id, { force: true, graceMs: 0 });
		}
	});

	test("say of a record that is damaged which and why, beside the other jobs", async () => {
		const job = await window.shell("true", { name: "whole" });
		const broken = await window.shell("true", { name: "broken" });
		for (const { id } of [job, broken]) await window.chore.wait(id);
		// Else the extension could write the end of the run after it was damaged.
		await window.untilRow("finished", "broken succeeded");
		const [output = ""] = broken.output.paths;
		writeFileSync(`${dirname(output)}/end.json`, "{ not a record");
		writeFileSync(`${dirname(dirname(dirname(output)))}/job.json`, "{ not a record");
		await window.command("refresh");
		await window.untilRow("finished", "whole succeeded");
		const line = await eventually("the row", async () =>
			[...(await window.rows("running")), ...(await window.rows("finished"))].find((one) => one.includes("unreadable")),
		);
		assert.match(line, /unreadable · .*job\.json/);
	});

	test("say in one row why there is nothing to show, and try again on request", async () => {
		const errors = window.answer("showErrorMessage", () => undefined);
		const job = await window.shell("exec sleep 1000", { name: "behind" });
		await window.untilRow("running", "behind running");
		const home = process.env["CHORE_HOME"] ?? "";
		assert.notEqual(home, "");
		chmodSync(home, 0o777);
		try {
			await window.command("refresh");
			const [only, ...others] = [...(await window.rows("running")), ...(await window.rows("finished"))];
			assert.match(only ?? "", /^Jobs cannot be shown .*/);
			assert.deepEqual(others, []);
		} finally {
			chmodSync(home, 0o700);
		}
		await window.command("refresh");
		await window.untilRow("running", "behind running");
		assert.equal((await window.chore.get(job.id)).state, "running");
		assert.deepEqual(errors, []);
	});
});
