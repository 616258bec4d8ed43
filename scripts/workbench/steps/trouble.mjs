// Steps without a bus, with an unusable state folder, and without workspace trust: what the extension says.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { has, hasNot } from "../page.mjs";

export const trouble = [
	{
		title: "without a bus one row says why, with a button that tries again, and nothing pops up",
		act: async ({ workbench, page, shot }) => {
			const rows = await workbench.untilRows("the row", has("Jobs cannot be started"));
			assert.equal(rows.length, 1, rows.join("; "));
			assert.equal(await page.locator(".notifications-toasts .notification-list-item").count(), 0);
			await workbench.inline("Jobs cannot be started", "Refresh");
			await workbench.untilRows("the row is still true", has("Jobs cannot be started"));
			await shot("no-bus");
			await workbench.inline("Jobs cannot be started", "Show Doctor Report");
			await page.locator(".part.editor .tab.active", { hasText: "Chore Doctor Report" }).waitFor();
			await page.locator(".part.editor .view-line", { hasText: "systemd: not available" }).first().waitFor();
			await shot("doctor");
			await workbench.command("View: Close All Editors");
		},
	},
	{
		title: "a state folder that is not ours alone is one row with the reason, and can be tried again",
		act: async ({ workbench, page, folders, shot }) => {
			assert.ok(!existsSync(folders.state), "a window that is opened makes no state folder");
			mkdirSync(folders.state);
			chmodSync(folders.state, 0o777);
			await page.reload();
			await workbench.openSidebar();
			const rows = await workbench.untilRows("the row", has("Jobs cannot be shown"));
			assert.equal(rows.length, 1, rows.join("; "));
			assert.equal(await page.locator(".notifications-toasts .notification-list-item").count(), 0);
			await shot("unusable");
			await workbench.inline("Jobs cannot be shown", "Show Doctor Report");
			await page.locator(".part.editor .view-line", { hasText: "needs attention" }).first().waitFor();
			await workbench.command("View: Close All Editors");
			chmodSync(folders.state, 0o700);
			await workbench.row("Jobs cannot be shown").click();
			await workbench.untilRows("the folder can be read again", hasNot("Jobs cannot be shown"));
		},
	},
];

export const untrusted = [
	{
		title: "in a workspace that is not trusted jobs are shown and their logs read, and none is started",
		act: async ({ workbench, page, run, chore, shot }) => {
			await page.locator(".part.sidebar .welcome-view-content", { hasText: "not trusted" }).first().waitFor();
			assert.equal(await page.locator(".part.sidebar .welcome-view-content .monaco-button", { hasText: "Run Command" }).count(), 0);
			await run("-n", "seen", "-c", "echo readable; exec sleep 1000");
			await workbench.untilRows("it is shown", has("seen running"));
			await workbench.row("seen running").click();
			await workbench.untilOutput("readable");
			const add = page.locator('.part.sidebar .pane-header .action-label[aria-label^="Run Command"]');
			if (await add.count()) assert.equal(await add.first().getAttribute("aria-disabled"), "true");
			await shot("untrusted");
			await chore("stop", "seen");
			await workbench.untilRows("its end shows", has("seen stopped"));
		},
	},
];
