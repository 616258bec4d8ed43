// Steps in which jobs survive a reload of the window, a restart of the server and a new version of the extension.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { has } from "../page.mjs";
import { installExtension, ROOT } from "../rig.mjs";

export const survival = [
	{
		title: "a job that runs while the window is reloaded is found again, with its log",
		act: async ({ workbench, page, run, chore, folders, shot }) => {
			await run("-n", "lasting", "-c", "echo before; while ! test -e after; do sleep 0.05; done; echo after; exec sleep 1000");
			await workbench.untilRows("it runs", has("lasting running"));
			await page.reload();
			await workbench.openSidebar();
			await workbench.untilRows("it is found", has("lasting running"));
			await workbench.row("lasting").click();
			await workbench.untilOutput("before");
			writeFileSync(join(folders.workspace, "after"), "");
			await workbench.untilOutput("after");
			await shot("reloaded");
			await chore("stop", "lasting");
			await workbench.untilRows("its end shows", has("lasting stopped"));
		},
	},
	{
		title: "a job that ends while the server is stopped and the extension replaced by a newer one is found again, and another goes on",
		act: async (tools) => {
			const { workbench, run, chore, folders, installed, name } = tools;
			await run("-n", "through", "--", "sleep", "1000");
			const id = await run("-n", "ending", "-c", "while ! test -e ended; do sleep 0.05; done; exit 5");
			await workbench.untilRows("both run", (rows) => has("through running")(rows) && has("ending running")(rows));
			await tools.server.stop();
			const newer = join(ROOT, `.cache/newer-${name}.vsix`);
			execFileSync(process.execPath, ["scripts/package.mjs", newer, "99.0.0"], { cwd: ROOT, stdio: "ignore" });
			installExtension(installed, folders, newer);
			writeFileSync(join(folders.workspace, "ended"), "");
			assert.equal(JSON.parse(await chore("status", "--json", "through"))[0].state, "running");
			await tools.start();
			await tools.open();
			await workbench.untilRows("both are told", (rows) => has("through running")(rows) && has("ending failed, exit code 5")(rows));
			assert.ok(readdirSync(folders.extensions).some((name) => name.endsWith("-99.0.0")));
			assert.equal(JSON.parse(await chore("ps", "-a", "--json")).find((job) => job.id === id).exitCode, 5);
			await chore("stop", "through");
			await workbench.clearNotifications();
		},
	},
	{
		title: "a task run again after a reload finds its job, and running tasks and the tree agree",
		act: async ({ workbench, page, chore, folders, shot }) => {
			const task = { label: "serve", type: "chore", command: "echo serving; exec sleep 1000", problemMatcher: [] };
			await workbench.writeTasks(folders, [task]);
			await workbench.runTask("serve");
			await workbench.untilTerminal("serving");
			await workbench.untilRows("its job is there", has("serve running"));
			await page.reload();
			await workbench.openSidebar();
			await workbench.untilRows("it is found", has("serve running"));
			await workbench.runTask("serve");
			await workbench.untilTerminal("serving");
			await workbench.until("one task runs", async () => (await workbench.runningTasks()) === 1);
			await shot("task");
			const jobs = JSON.parse(await chore("ps", "-a", "--json"));
			assert.equal(jobs.filter(({ name }) => name.startsWith("serve")).length, 1);
			await chore("stop", "serve");
			await workbench.until("no task runs", async () => (await workbench.runningTasks()) === 0);
		},
	},
];
