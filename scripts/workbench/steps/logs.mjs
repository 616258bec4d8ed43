// Steps with the output of jobs, in the output panel and in terminals.
import assert from "node:assert/strict";
import { has } from "../page.mjs";

export const logs = [
	{
		title: "a click shows the log, and the keyboard stays in the tree",
		act: async ({ workbench, page, run, shot }) => {
			await run("-n", "talk", "-c", "printf 'caf\\303\\251\\n'; exit 4");
			await workbench.untilRows("it is over", has("talk failed"));
			await workbench.row("talk failed").click();
			await workbench.untilOutput("café");
			await workbench.untilOutput("[chore: talk, failed, exit code 4, ended");
			assert.ok(await page.evaluate(() => document.activeElement?.closest(".part.sidebar") !== null));
			await shot("log");
		},
	},
	{
		title: "of a long log the end is shown, and a link opens all of it",
		act: async ({ workbench, page, run, shot }) => {
			await run("-n", "long", "-c", "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); echo line-$i; done");
			await workbench.untilRows("it is over", has("long succeeded"));
			await workbench.row("long succeeded").click();
			await workbench.untilOutput("[chore: long, succeeded");
			await page.locator(".part.panel .view-line", { hasText: "line-29998" }).first().click();
			await page.keyboard.press("Control+Home");
			await workbench.untilOutput("bytes are not shown; all of it:");
			await shot("long");
			// Below the first line, which the shadow of the panel covers.
			const link = page.locator(".part.panel .monaco-editor .detected-link").first();
			await link.click({ modifiers: ["Control"], force: true });
			await page.locator(".part.editor .tab", { hasText: "output" }).first().waitFor();
			await workbench.until("its first line is there", async () =>
				(await page.locator(".part.editor .view-line").allTextContents()).includes("line-1"),
			);
			await workbench.command("View: Close All Editors");
		},
	},
	{
		title: "Follow in Terminal shows colours, and Ctrl-C leaves it",
		act: async ({ workbench, page, run, chore, shot }) => {
			await run("-n", "colours", "-c", "printf '\\033[31mred\\033[0m\\n'; exec sleep 1000");
			await workbench.untilRows("it runs", has("colours running"));
			await workbench.inline("colours", "Follow in Terminal");
			await workbench.untilTerminal("red");
			await page.locator(".terminal-wrapper.active .xterm-rows .xterm-fg-1", { hasText: "red" }).first().waitFor();
			await shot("terminal");
			await page.locator(".terminal-wrapper.active .xterm-helper-textarea").focus();
			await page.keyboard.press("Control+c");
			await page.locator(".terminal-wrapper.active").waitFor({ state: "detached" });
			assert.match(await chore("ps"), /colours .*running/);
			await workbench.untilRows("it runs on", has("colours running"));
			await chore("stop", "colours");
		},
	},
];
