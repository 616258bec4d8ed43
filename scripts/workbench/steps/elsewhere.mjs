// Steps in other windows: two windows on one session, a window without a folder, a window of two folders.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { has, hasText, Workbench } from "../page.mjs";

export const elsewhere = [
	{
		title: "two windows on one session show the same jobs, and one of them tells of a failure",
		act: async ({ workbench, context, server, run, folders, open }) => {
			await workbench.clearNotifications();
			const other = join(folders.base, "other");
			mkdirSync(other, { recursive: true });
			const page = await context.newPage();
			const second = new Workbench(page);
			await second.open(server.url, { folder: other });
			await second.openSidebar();
			await run("-n", "shared", "-c", "while ! test -e shared; do sleep 0.05; done; exit 6");
			for (const one of [workbench, second]) await one.untilRows("it runs", has("shared running"));
			writeFileSync(join(folders.workspace, "shared"), "");
			for (const one of [workbench, second]) await one.untilRows("it failed", has("shared failed, exit code 6"));
			await workbench.toast("shared").first().waitFor();
			assert.equal(await second.toast("shared").count(), 0);
			await page.close();
			await workbench.clearNotifications();
			await open();
		},
	},
	{
		title: "in a window without a folder a command runs at home",
		act: async ({ workbench, server, folders, chore, open }) => {
			await workbench.open(server.url, { ew: "true" });
			await workbench.openSidebar();
			await workbench.command("Chore: Run Command…");
			await workbench.type(`run in ${folders.home}`, "exec sleep 1002");
			await workbench.untilRows("it runs", hasText("running · exec sleep 1002"));
			const jobs = JSON.parse(await chore("ps", "--json"));
			assert.equal(jobs.find(({ command }) => command.at(-1) === "exec sleep 1002").directory, folders.home);
			await open();
		},
	},
	{
		title: "in a window of two folders a command asks where to run",
		act: async ({ workbench, server, folders, chore, open }) => {
			const second = join(folders.base, "zweiter Ördner");
			mkdirSync(second, { recursive: true });
			const file = join(folders.base, "two.code-workspace");
			writeFileSync(file, JSON.stringify({ folders: [{ path: folders.workspace }, { path: second }] }));
			await workbench.openWorkspace(server.url, file, "zweiter Ördner");
			await workbench.openSidebar();
			await workbench.command("Chore: Run Command…");
			await workbench.pick("zweiter Ördner");
			await workbench.type("A line of shell", "exec sleep 1003");
			await workbench.untilRows("it runs", hasText("running · exec sleep 1003"));
			const jobs = JSON.parse(await chore("ps", "--json"));
			assert.equal(jobs.find(({ command }) => command.at(-1) === "exec sleep 1003").directory, second);
			await open();
		},
	},
];
