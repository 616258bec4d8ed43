/** The setting host, with a real server: its jobs have a state folder of their own, as those of another machine have. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite, test } from "mocha";
import * as vscode from "vscode";
import { openChore } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import { EditorWindow, row } from "./window.ts";

class Server implements AsyncDisposable {
	readonly home = mkdtempSync(join(dirname(process.env["CHORE_HOME"] ?? ""), "host-"));
	readonly url = `unix:${join(this.home, "api.sock")}`;
	#process: ChildProcess | undefined;

	begin(): void {
		const cli = join(vscode.extensions.getExtension("chore-jobs.chore-jobs")?.extensionPath ?? "", "dist/cli.cjs");
		const environment = { ...process.env, CHORE_HOME: join(this.home, "state"), ELECTRON_RUN_AS_NODE: "1" };
		this.#process = spawn(process.execPath, [cli, "serve", "--socket", this.url.slice("unix:".length)], {
			env: environment,
			stdio: "ignore",
		});
	}

	async kill(): Promise<void> {
		if (this.#process === undefined) return;
		const gone = once(this.#process, "exit");
		this.#process.kill("SIGKILL");
		await gone;
		this.#process = undefined;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.kill();
		rmSync(this.home, { recursive: true });
	}
}

suite("the setting host", () => {
	const window = new EditorWindow();

	test("shows the jobs of another machine live, with their logs, stops them, starts others there, and finds a server that was killed", async () => {
		await window.shell("exec sleep 1000", { name: "here" });
		await window.untilRow("running", "here running");
		await using server = new Server();
		await using chore = await openChore({ home: join(server.home, "state"), platform: process.env["CHORE_PLATFORM"] });
		server.begin();
		try {
			await window.set("host", server.url);
			await eventually("what is shown is not of this machine", async () => (await window.rows("running")).length === 0);
			const there = await chore.run({ command: ["/bin/sh", "-c", "echo one; read -r line; echo $line; exec sleep 1000"], stdin: "fifo" });
			const job = await window.known(there, ({ state }) => state === "running");
			assert.equal(window.parts.sidebar.running.description, server.url);
			await window.command("showLog", row(job));
			await window.untilChannel(job, "one\n");
			window.answer("showInputBox", () => "two");
			await window.command("send", row(job));
			await window.untilChannel(job, "one\ntwo\n");

			// What the doctor says is about the other machine.
			assert.match(await window.parts.doctor.provideTextDocumentContent(), new RegExp(`: ${server.home}/state`));
			const told = window.answer("showErrorMessage", () => undefined);
			await server.kill();
			await window.untilRow("running", `${server.url} is out of reach nothing listens at`);
			await window.untilRow("running", "sh running");
			server.begin();
			await eventually("it is found again", () => window.parts.jobs.failure === undefined);
			assert.deepEqual(told, []);

			window.answer("showWarningMessage", () => "Stop");
			await window.command("stop", row(job));
			await window.known(job, ({ state }) => state === "stopped");
			await window.untilChannel(job, "[chore: sh, stopped");
			window.typeLine("pwd");
			await window.command("run");
			const made = await eventually("it is there", async () => (await chore.list({ all: true })).find(({ name }) => name === "pwd"));
			assert.equal(made.directory, process.env["HOME"]);
			await window.known(made, ({ state }) => state === "succeeded");
		} finally {
			await window.set("host", undefined);
			for (const { id } of await chore.list({ all: true })) await chore.remove(id, { force: true, graceMs: 0 });
		}
	});
});
