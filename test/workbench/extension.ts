/** The extension in a real extension host: what its views, tasks, terminals and commands do to real jobs. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { suite, suiteSetup, teardown, test } from "mocha";
import * as vscode from "vscode";
import type { Parts } from "../../extension/main.ts";
import type { Row } from "../../extension/row.ts";
import type { Chore, Job } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";

suite("the extension", () => {
	let parts: Parts;
	let chore: Chore;

	suiteSetup(async () => {
		const extension = vscode.extensions.getExtension<Parts | undefined>("chore-jobs.chore-jobs");
		assert.ok(extension, "the extension is not there");
		const activated = await extension.activate();
		assert.ok(activated, "the extension does nothing here");
		parts = activated;
		chore = await parts.source.chore();
	});

	teardown(async () => {
		for (const job of await chore.list({ all: true })) await chore.remove(job.id, { force: true, graceMs: 0 });
		for (const terminal of vscode.window.terminals) terminal.dispose();
		await eventually("all jobs are forgotten", () => parts.source.jobs.length === 0);
	});

	const shell = (line: string, more: { readonly name?: string } = {}): Promise<Job> =>
		chore.run({ command: ["/bin/sh", "-c", line], directory: folder(), ...more });

	/** The rows of a view as they are drawn: label and description. */
	const rows = async (view: "running" | "finished"): Promise<string[]> => {
		const tree = parts.views.trees[view];
		return (await tree.getChildren()).map((row) => {
			const { label, description } = tree.getTreeItem(row);
			return `${label} ${description}`;
		});
	};

	test("registers every command that the manifest names", async () => {
		const there = await vscode.commands.getCommands(true);
		const named = vscode.extensions.getExtension("chore-jobs.chore-jobs")?.packageJSON.contributes.commands;
		for (const { command } of named) assert.ok(there.includes(command), command);
	});

	test("shows a job that somebody else starts, and how it ends", async () => {
		const job = await shell("while ! test -e go; do sleep 0.02; done; exit 3", {
			name: "web",
		});
		await eventually("the row", async () => (await rows("running")).some((row) => row.startsWith("web running · while")));
		await vscode.workspace.fs.writeFile(vscode.Uri.file(`${folder()}/go`), new Uint8Array());
		await eventually("the end", async () => (await rows("finished")).some((row) => row.startsWith("web failed, exit code 3 · while")));
		assert.deepEqual(await rows("running"), []);
		await vscode.workspace.fs.delete(vscode.Uri.file(`${folder()}/go`));
		assert.equal((await chore.get(job.id)).exitCode, 3);
	});

	test("stops and forgets jobs, and runs them again, from their rows", async () => {
		const job = await shell("exec sleep 1000", { name: "long" });
		await vscode.workspace.getConfiguration("chore").update("confirmStop", false, vscode.ConfigurationTarget.Global);
		const row: Row = { kind: "job", job };
		await vscode.commands.executeCommand("chore.stop", row, [row]);
		assert.equal((await chore.get(job.id)).state, "stopped");
		await vscode.commands.executeCommand("chore.rerun", row);
		assert.equal((await chore.get(job.id)).run, 2);
		await eventually("it runs again", async () => (await rows("running"))[0]?.startsWith("long running"));
		if ((await chore.capabilities()).pause) {
			await vscode.commands.executeCommand("chore.pause", row);
			await eventually("the row says so", async () => (await rows("running"))[0]?.startsWith("long paused"));
			await vscode.commands.executeCommand("chore.resume", row);
		}
		await vscode.commands.executeCommand("chore.restart", row);
		assert.equal((await chore.get(job.id)).run, 3);
		await vscode.workspace.getConfiguration("chore").update("confirmStop", undefined, vscode.ConfigurationTarget.Global);
	});

	test("draws 2,000 jobs in 100 ms, the newest 200 and a row for more", async function () {
		this.timeout(300_000);
		const first = await chore.wait((await shell("true")).id);
		await eventually("the first", async () => (await rows("finished")).length === 1);
		// Rows of jobs that are not on disk: this is about drawing.
		const session = [...Array(1999).keys()].map((count) => ({ ...first, id: first.id.replace(/.{6}$/, String(100000 + count)) }));
		const tree = parts.views.trees.finished;
		const jobs = parts.source.jobs;
		Object.defineProperty(parts.source, "jobs", { configurable: true, get: () => [...jobs, ...session] });
		try {
			const begun = performance.now();
			const children = await tree.getChildren();
			for (const child of children) tree.getTreeItem(child);
			const took = performance.now() - begun;
			assert.equal(children.length, 201);
			assert.deepEqual(children.at(-1), { kind: "more", hidden: 1800 });
			assert.ok(took < 100, `${took} ms`);
		} finally {
			delete (parts.source as { jobs?: unknown }).jobs;
		}
	});

	test("copies names, ids and commands", async () => {
		const job = await shell("exit 0");
		const row: Row = { kind: "job", job };
		await vscode.commands.executeCommand("chore.copyCommand", row);
		assert.equal(await vscode.env.clipboard.readText(), "exit 0");
		await vscode.commands.executeCommand("chore.copyId", row);
		assert.equal(await vscode.env.clipboard.readText(), job.id);
	});

	test("shows a report of the doctor as a document", async () => {
		await vscode.commands.executeCommand("chore.doctor");
		const text = vscode.window.activeTextEditor?.document.getText() ?? "";
		assert.match(text, /posix: used for new jobs/);
		await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
	});

	test("gives jobs the variables of the login shell, without the editor's own", async () => {
		await vscode.env.clipboard.writeText("");
		const task = await runTask(
			{ type: "chore", command: 'echo "$FROM_PROFILE"; env | grep -c "^VSCODE_\\|^ELECTRON_"; true' },
			"variables",
		);
		const { job } = task;
		await chore.wait(job.id);
		assert.equal(await logOf(job), "of the login shell\n0\n");
	});

	test("gives a task the exit status of its job, and its problem matcher the output", async () => {
		const { execution, job } = await runTask({ type: "chore", command: 'printf "\\033[31mred\\033[0m\\n"; exit 7' }, "seven");
		assert.equal(await execution.status, 7);
		assert.equal((await chore.wait(job.id)).exitCode, 7);
	});

	test("attaches a task to its job that still runs, instead of starting a second one", async () => {
		const definition = { type: "chore", command: "exec sleep 1000" };
		const first = await runTask(definition, "again");
		for (const terminal of vscode.window.terminals) terminal.dispose();
		await eventually("the task is over", () => !vscode.tasks.taskExecutions.some(({ task }) => task.name === "again"));
		assert.equal((await chore.get(first.job.id)).state, "running");
		const second = await runTask(definition, "again");
		assert.equal(second.job.id, first.job.id);
		assert.equal((await chore.list({ all: true })).length, 1);
	});

	test("offers the scripts of package.json as tasks", async () => {
		const file = vscode.Uri.file(`${folder()}/package.json`);
		await vscode.workspace.fs.writeFile(file, new TextEncoder().encode('{"scripts":{"build":"true","odd:name":"true"}}'));
		const found = (await vscode.tasks.fetchTasks({ type: "chore" })).filter(({ source }) => source === "chore");
		const scripts = found.map(({ name, definition }) => [name, definition["command"], ...(definition["args"] ?? [])].join(" "));
		for (const wanted of ["build npm run build", "odd:name npm run odd:name"]) assert.ok(scripts.includes(wanted), scripts.join(", "));
		await vscode.workspace.fs.delete(file);
	});

	test("opens one channel a job, and closes the one not shown for longest", async () => {
		const jobs: Job[] = [];
		for (let count = 0; count < 21; count++) jobs.push(await shell(`echo ${count}`));
		for (const job of jobs) await vscode.commands.executeCommand("chore.showLog", { kind: "job", job });
		assert.deepEqual(
			parts.channels.open,
			jobs.slice(1).map(({ id }) => id),
		);
		await vscode.commands.executeCommand("chore.showLog", { kind: "job", job: jobs[1] });
		assert.equal(parts.channels.open.length, 20);
		const [, second] = jobs;
		assert.ok(second);
		await chore.remove(second.id);
		await eventually("its channel is closed with the job", () => !parts.channels.open.includes(second.id));
	});

	test("keeps the extension host awake while a job prints 50 MB into an open channel", async function () {
		this.timeout(120_000);
		const job = await shell("while ! test -e print; do sleep 0.02; done; yes 0123456789012345678901234567890123456789 | head -c 50000000");
		await vscode.commands.executeCommand("chore.showLog", { kind: "job", job });
		const { monitorEventLoopDelay } = await import("node:perf_hooks");
		const delay = monitorEventLoopDelay({ resolution: 5 });
		delay.enable();
		await vscode.workspace.fs.writeFile(vscode.Uri.file(`${folder()}/print`), new Uint8Array());
		await chore.wait(job.id);
		await eventually("all of it was read", async () => (await channelText(job))?.includes("succeeded"));
		delay.disable();
		await vscode.workspace.fs.delete(vscode.Uri.file(`${folder()}/print`));
		const p99 = delay.percentile(99) / 1e6;
		assert.ok(p99 < 100, `${p99} ms`);
		assert.ok(((await channelText(job))?.length ?? 0) < 6_000_000);
	});

	/** Runs a task, and finds the job that it made or found. */
	async function runTask(definition: vscode.TaskDefinition, name: string) {
		const file = vscode.Uri.file(`${folder()}/.vscode/tasks.json`);
		const tasks = { version: "2.0.0", tasks: [{ label: name, ...definition }] };
		await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(JSON.stringify(tasks)));
		const before = new Set(parts.source.jobs.map(({ id, run }) => `${id} ${run}`));
		const task = await eventually(`the task ${name} is known`, async () => {
			const found = await vscode.tasks.fetchTasks({ type: "chore" });
			return found.find((one) => one.name === name && one.definition["command"] === definition["command"]);
		});
		let ended = (_: number | undefined): void => {};
		const status = new Promise<number | undefined>((resolve) => {
			ended = resolve;
		});
		const listener = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
			if (execution.task.name === name) ended(exitCode);
			listener.dispose();
		});
		await vscode.tasks.executeTask(task);
		const job = await eventually("the job of the task", () =>
			parts.source.jobs.find(({ id, run, command }) => !before.has(`${id} ${run}`) || command.includes(definition["command"])),
		);
		return { execution: { status }, job };
	}

	async function logOf(job: Job): Promise<string> {
		let text = "";
		for await (const { bytes } of chore.logs(job.id)) text += Buffer.from(bytes).toString();
		return text;
	}

	/** What the output panel shows. */
	async function channelText({ id }: Job): Promise<string | undefined> {
		return vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === "output" && uri.path.includes(id.slice(-8)))?.getText();
	}
});

function folder(): string {
	const path = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
	assert.ok(existsSync(path));
	return path;
}
