/** Tasks of the type "chore", by tasks.json and by the scripts of package.json. */
import assert from "node:assert/strict";
import { suite, test } from "mocha";
import * as vscode from "vscode";
import { hasEnded, type Job } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import { EditorWindow, folder, row } from "./window.ts";

suite("a task", () => {
	const window = new EditorWindow();

	test("gives its job the variables of the login shell, without the editor's own", async () => {
		const line = 'echo "$FROM_PROFILE"; env | grep -c "^VSCODE_\\|^ELECTRON_"; true';
		const { job } = await runTask({ command: line }, "variables");
		await window.chore.wait(job.id);
		assert.equal(await window.logOf(job), "of the login shell\n0\n");
	});

	test("has the program, arguments, directory, variables and name that stand in tasks.json", async () => {
		const definition = {
			command: "/bin/sh",
			args: ["-c", 'pwd; echo "$WORD $1"', "sh", "a  $b"],
			cwd: "/tmp",
			env: { WORD: "é" },
			name: "own",
		};
		const { job } = await runTask(definition, "whole");
		await window.chore.wait(job.id);
		assert.equal(await window.logOf(job), "/tmp\né a  $b\n");
		assert.equal(job.name, "own");
	});

	test("ends with the exit status of its job", async () => {
		const { status, job } = await runTask({ command: 'printf "\\033[31mred\\033[0m\\n"; exit 7' }, "seven");
		assert.equal(await status, 7);
		assert.equal((await window.chore.wait(job.id)).exitCode, 7);
	});

	test("gives its problem matcher the output", async () => {
		const pattern = { regexp: "^(.*):(\\d+): (.*)$", file: 1, line: 2, message: 3 };
		const problemMatcher = { owner: "chore-test", fileLocation: "absolute", pattern };
		const file = vscode.Uri.file(`${folder()}/code.txt`);
		await vscode.workspace.fs.writeFile(file, Buffer.from("one\ntwo\n"));
		const { status } = await runTask({ command: `echo '${file.fsPath}:2: it is wrong'`, problemMatcher }, "matched");
		await status;
		const [problem] = await eventually("the problem", () => {
			const found = vscode.languages.getDiagnostics(file);
			return found.length > 0 && found;
		});
		assert.deepEqual([problem?.message, problem?.range.start.line], ["it is wrong", 1]);
		await vscode.workspace.fs.delete(file);
	});

	test("attaches to its job that still runs, instead of starting a second one", async () => {
		const definition = { command: "exec sleep 1000" };
		const first = await runTask(definition, "again");
		await window.closeTerminals();
		await window.known(first.job, ({ state }) => state === "running");
		const second = await runTask(definition, "again");
		assert.equal(second.job.id, first.job.id);
		assert.equal((await window.chore.list({ all: true })).length, 1);
		assert.deepEqual(
			vscode.tasks.taskExecutions.map(({ task }) => task.name),
			["again"],
		);
	});

	test("finds its job again by a directory that is written in another way, and none of a task with other variables", async () => {
		const command = "exec sleep 1000";
		const first = await runTask({ command, cwd: ".", env: { PORT: "1" } }, "here");
		await window.closeTerminals();
		const second = await runTask({ command, cwd: ".", env: { PORT: "1" } }, "here");
		assert.equal(second.job.id, first.job.id);
		await runTask({ command, cwd: ".", env: { PORT: "2" } }, "other", (job) => job.id !== first.job.id);
		assert.equal((await window.chore.list({ all: true })).length, 2);
	});

	test("fails or replaces its job that still runs, where it says so", async () => {
		const command = "exec sleep 1000";
		const first = await runTask({ command }, "strict");
		await window.closeTerminals();
		const second = await runTask({ command, ifRunning: "fail" }, "strict");
		assert.equal(await second.status, 125);
		const third = await runTask({ command, ifRunning: "replace" }, "strict", (job) => job.id !== first.job.id);
		assert.equal((await window.chore.get(first.job.id)).state, "stopped");
		await window.known(third.job, ({ state }) => state === "running");
	});

	test("is offered for each script of package.json, by the package manager of the folder", async () => {
		const files = { "package.json": '{"scripts":{"build":"true","odd:name":"true"}}', "pnpm-lock.yaml": "" };
		for (const [name, text] of Object.entries(files))
			await vscode.workspace.fs.writeFile(vscode.Uri.file(`${folder()}/${name}`), Buffer.from(text));
		const found = (await vscode.tasks.fetchTasks({ type: "chore" })).filter(({ source }) => source === "chore");
		const scripts = found.map(({ name, definition }) => [name, definition["command"], ...(definition["args"] ?? [])].join(" "));
		for (const wanted of ["build pnpm run build", "odd:name pnpm run odd:name"]) assert.ok(scripts.includes(wanted), scripts.join(", "));
		for (const name of Object.keys(files)) await vscode.workspace.fs.delete(vscode.Uri.file(`${folder()}/${name}`));
	});

	test("in the background is what another waits for, until it is ready, also when its job is found again", async () => {
		const background = { activeOnStart: true, beginsPattern: "^starting", endsPattern: "^ready" };
		const problemMatcher = { owner: "chore-test", pattern: { regexp: "^(x):(.*)$", file: 1, message: 2 }, background };
		const server = { label: "server", command: "echo starting; echo ready; exec sleep 1000", isBackground: true, problemMatcher };
		await writeTasks([server, { label: "client", command: "echo from the client", dependsOn: ["server"] }]);
		for (const count of [1, 2]) {
			const client = await eventually("the task is known", async () =>
				(await vscode.tasks.fetchTasks({ type: "chore" })).find(({ name }) => name === "client"),
			);
			await vscode.tasks.executeTask(client);
			const ended = (): Job[] => window.parts.jobs.all.filter((job) => job.command.at(-1) === "echo from the client" && hasEnded(job));
			await eventually("the client was run", () => ended().length === count);
			const servers = window.parts.jobs.all.filter((job) => job.command.at(-1)?.startsWith("echo starting"));
			assert.deepEqual(
				servers.map(({ state }) => state),
				["running"],
			);
			await window.closeTerminals();
		}
	});

	test("whose input is a FIFO takes what is sent, and one without input refuses before anything is typed", async () => {
		const typed = window.answer("showInputBox", () => "word");
		const errors = window.answer("showErrorMessage", () => undefined);
		const { job } = await runTask({ command: 'read -r line; echo "got $line"', stdin: "fifo" }, "asking");
		await window.command("send", row(job));
		assert.equal((await window.chore.wait(job.id)).state, "succeeded");
		assert.equal(await window.logOf(job), "got word\n");
		const deaf = await window.shell("exec sleep 1000");
		await window.command("send", row(await window.known(deaf)));
		assert.match(errors[0]?.text ?? "", /without an input/);
		assert.equal(typed.length, 1);
	});

	async function writeTasks(tasks: readonly Record<string, unknown>[]): Promise<void> {
		const file = vscode.Uri.file(`${folder()}/.vscode/tasks.json`);
		const text = JSON.stringify({ version: "2.0.0", tasks: tasks.map((task) => ({ type: "chore", problemMatcher: [], ...task })) });
		await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(text));
	}

	/** Runs a task, and finds the job that it made or found. */
	async function runTask(definition: Record<string, unknown>, name: string, fits: (job: Job) => boolean = () => true) {
		await writeTasks([{ label: name, ...definition }]);
		const task = await eventually(`the task ${name} is known`, async () => {
			const found = await vscode.tasks.fetchTasks({ type: "chore" });
			return found.find(
				(one) =>
					one.name === name &&
					one.definition["command"] === definition["command"] &&
					one.definition["ifRunning"] === definition["ifRunning"],
			);
		});
		const status = new Promise<number | undefined>((resolve) => {
			const listener = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
				if (execution.task.name !== name) return;
				listener.dispose();
				resolve(exitCode);
			});
		});
		await vscode.tasks.executeTask(task);
		const line = definition["command"];
		const job = await eventually("the job of the task", () =>
			window.parts.jobs.all.find((one) => one.command.includes(String(line)) && fits(one)),
		);
		return { status, job };
	}
});
