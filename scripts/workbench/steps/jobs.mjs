// Steps with jobs in the sidebar: they are started, reported, stopped and forgotten.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { has, hasNot, hasText } from "../page.mjs";

export const jobs = [
	{
		title: "the sidebar opens on a welcome with one button",
		act: async ({ page, shot }) => {
			const buttons = page.locator(".part.sidebar .welcome-view-content .monaco-button");
			await buttons.first().waitFor();
			assert.deepEqual(await buttons.allTextContents(), ["Run Command…"]);
			await shot("welcome");
		},
	},
	{
		title: "a command from the palette becomes a job, and its failure is told once, with what can be done",
		act: async ({ workbench, page, folders, shot }) => {
			await workbench.command("Chore: Run Command…");
			await workbench.type("A line of shell", "echo hello from the palette; while ! test -e go; do sleep 0.05; done; exit 3");
			await workbench.untilRows("it runs", has("echo running · echo hello"));
			await shot("running");
			writeFileSync(join(folders.workspace, "go"), "");
			await workbench.untilRows("it failed", has("echo failed, exit code 3 · echo hello"));
			const toast = workbench.toast("failed, exit code 3");
			await toast.first().waitFor();
			assert.equal(await toast.count(), 1);
			assert.deepEqual(await toast.locator(".monaco-button").allTextContents(), ["Show Log", "Run Again"]);
			await shot("failed");
			await page.keyboard.press("Escape");
			await workbench.clearNotifications();
		},
	},
	{
		title: "a command that was typed before is offered again",
		act: async ({ workbench, page }) => {
			await workbench.command("Chore: Run Command…");
			await workbench.type("A line of shell", "exec sleep 1001");
			await workbench.untilRows("it runs", hasText("running · exec sleep 1001"));
			await workbench.command("Chore: Run Command…");
			const entries = page.locator(".quick-input-widget:visible .quick-input-list .monaco-list-row .label-name");
			await workbench.until("the last line is on top", async () => (await entries.allTextContents())[0] === "exec sleep 1001");
			await page.keyboard.press("Enter");
			const twice = (rows) => rows.filter((row) => row.includes("exec sleep 1001") && row.includes("running")).length === 2;
			await workbench.untilRows("it runs twice", twice);
		},
	},
	{
		title: "a job that the command line starts appears, and its end shows",
		act: async ({ workbench, run, chore, folders }) => {
			const id = await run("-n", "outside", "-c", "while ! test -e out; do sleep 0.02; done");
			await workbench.untilRows("it is there", has("outside running"));
			writeFileSync(join(folders.workspace, "out"), "");
			await chore("wait", id);
			await workbench.untilRows("its end shows", has("outside succeeded"));
		},
	},
	{
		title: "hostile text is shown literally, in rows, tooltips and messages",
		act: async ({ workbench, page, run, shot }) => {
			const hostile = "$(bug) [go](command:workbench.action.quit) **b** <i>";
			await run("-n", "hostile", "--description", hostile, "-c", `: '${hostile}\n\u001b[31m'; exit 1`);
			const [row] = (await workbench.untilRows("the row", has("hostile failed"))).filter(has("hostile failed").one);
			assert.equal(row.replaceAll("\u200b", ""), `hostile failed, exit code 1 · : '${hostile}\\n\\x1b[31m'; exit 1`);
			assert.equal(await workbench.row("hostile failed").locator(".label-description .codicon").count(), 0);
			await workbench.toast("hostile").first().waitFor();
			assert.equal(await workbench.toast("hostile").locator(".notification-list-item-message").locator("a, .codicon").count(), 0);
			await workbench.clearNotifications();
			await workbench.row("hostile failed").locator(".label-name").hover();
			const hover = page.locator(".monaco-hover:visible", { hasText: "Directory" });
			await hover.waitFor();
			assert.ok((await hover.textContent()).includes("[go](command:workbench.action.quit)"));
			assert.equal(await hover.locator("a").count(), 0);
			await shot("hover");
			await page.mouse.move(700, 200);
			await hover.waitFor({ state: "hidden" });
		},
	},
	{
		title: "the menu of a row offers what can be done, what ends the job last",
		act: async ({ workbench, page, run, shot }) => {
			await run("-n", "menu", "--", "sleep", "1000");
			await workbench.untilRows("it runs", has("menu running"));
			await workbench.row("menu running").click({ button: "right" });
			const entries = page.locator(".monaco-menu .action-item:not(.disabled) .action-label[aria-label]");
			await entries.first().waitFor();
			const labels = (await entries.evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")))).filter(Boolean);
			for (const wanted of ["Show Log", "Follow in Terminal", "Open Log File", "Restart", "Send Signal…", "Notify When Done", "Copy"])
				assert.ok(labels.includes(wanted), `${wanted} is not among ${labels}`);
			assert.equal(labels.at(-1), "Stop");
			assert.ok(!labels.includes("Run Again") && !labels.includes("Forget"), labels.join());
			await shot("menu");
			await workbench.choose("Notify When Done");
		},
	},
	{
		title: "the button of a row stops its job, after a question, and who asked is told",
		act: async ({ workbench, page, run, shot, chore }) => {
			if (!(await workbench.rows()).some(has("menu running").one)) await run("-n", "menu", "--", "sleep", "1000");
			await workbench.untilRows("it runs", has("menu running"));
			await workbench.inline("menu running", "Stop");
			await page.locator(".monaco-dialog-box", { hasText: "Stop menu?" }).waitFor();
			await shot("question");
			await workbench.answer("Stop");
			await workbench.untilRows("it is stopped", has("menu stopped"));
			assert.match(await chore("ps", "-a"), /menu .*stopped/);
			if (await workbench.toast("menu").count()) await workbench.clearNotifications();
		},
	},
	{
		title: "Notify When Done tells the end of a job that went well",
		act: async ({ workbench, run, folders }) => {
			await run("-n", "awaited", "-c", "while ! test -e awaited; do sleep 0.05; done");
			await workbench.untilRows("it runs", has("awaited running"));
			await workbench.row("awaited running").click({ button: "right" });
			await workbench.choose("Notify When Done");
			writeFileSync(join(folders.workspace, "awaited"), "");
			await workbench
				.toast(/awaited .* succeeded/)
				.first()
				.waitFor();
			await workbench.clearNotifications();
		},
	},
	{
		title: "the Delete key forgets a job, after a question",
		act: async ({ workbench, page, run }) => {
			await run("-n", "forgotten", "--", "true");
			await workbench.untilRows("it is over", has("forgotten succeeded"));
			// With its state: for a moment the job may still be in the view of running jobs.
			const row = workbench.row("forgotten succeeded");
			await row.click();
			await workbench.until("the row has the keyboard", () => row.evaluate((element) => element.matches(".focused.selected")));
			await page.keyboard.press("Delete");
			await page.locator(".monaco-dialog-box", { hasText: "Forget forgotten?" }).waitFor();
			await workbench.answer("Forget");
			await workbench.untilRows("it is gone", hasNot("forgotten"));
		},
	},
	{
		title: "the Delete key acts on the row that the arrow keys went to, and on the selected ones if it is among them",
		act: async ({ workbench, page, run }) => {
			for (const name of ["key-1", "key-2", "key-3"]) {
				await run("-n", name, "--", "true");
				await workbench.untilRows("it is over", has(`${name} succeeded`));
			}
			const forgets = async (question) => {
				await page.keyboard.press("Delete");
				await page.locator(".monaco-dialog-box", { hasText: question }).waitFor();
				await page.locator(".monaco-dialog-box .monaco-button", { hasText: "Cancel" }).click();
				await page.locator(".monaco-dialog-box").waitFor({ state: "detached" });
			};
			await workbench.row("key-3 succeeded").click();
			await forgets("Forget key-3?");
			await page.keyboard.press("ArrowDown");
			await forgets("Forget key-2?");
			await page.keyboard.press("Shift+ArrowDown");
			await forgets("Forget 2 finished jobs?");
			// Two others are selected, and stay so.
			await page.keyboard.press("ArrowUp");
			await page.keyboard.press("Delete");
			await page.locator(".monaco-dialog-box", { hasText: "Forget key-2?" }).waitFor();
			await workbench.answer("Forget");
			await workbench.untilRows("that one is gone", (rows) => hasNot("key-2")(rows) && has("key-3")(rows) && has("key-1")(rows));
		},
	},
	{
		title: "the filter shows what it is given, says so, and has it in the box again",
		act: async ({ workbench, page, run, shot }) => {
			await run("-n", "needle", "--", "true");
			await workbench.untilRows("it is there", has("needle succeeded"));
			await workbench.command("Chore: Filter…");
			await workbench.typeText("needle");
			await workbench.untilRows("only that is shown", (rows) => rows.length === 1 && has("needle")(rows));
			await page.locator(".part.sidebar .pane-header .description", { hasText: "filter: needle" }).first().waitFor();
			await shot("filter");
			await workbench.command("Chore: Filter…");
			await workbench.until("the box has it", async () => (await workbench.box().inputValue()) === "needle");
			await page.keyboard.press("Escape");
			await workbench.command("Chore: Clear Filter");
			await workbench.untilRows("all are shown", (rows) => rows.length > 1);
		},
	},
	{
		title: "the status bar counts and lists jobs, and the badge counts what failed unseen",
		act: async ({ workbench, page, run, chore, shot }) => {
			await workbench.explorer();
			await run("-n", "counted", "--", "sleep", "1000");
			await run("-n", "unseen", "--", "false");
			const item = page.locator('.statusbar-item[id$="chore.status"]');
			await workbench.until("it counts", async () => /jobs? runs?, 1 failed/.test((await item.getAttribute("aria-label")) ?? ""));
			await workbench.until("the badge counts", async () =>
				/1/.test((await workbench.tab.locator("xpath=..").locator(".badge").textContent()) ?? ""),
			);
			await shot("badge");
			await item.click();
			await page.locator(".quick-input-list .monaco-list-row", { hasText: "counted" }).waitFor();
			await shot("jobs");
			await page.keyboard.press("Escape");
			await workbench.clearNotifications();
			await workbench.openSidebar();
			await workbench.until("the failure was seen", async () => !(await item.getAttribute("aria-label"))?.includes("failed"));
			await chore("stop", "counted");
		},
	},
	{
		title: "the selected text of a file runs as a job",
		act: async ({ workbench, page, folders }) => {
			writeFileSync(join(folders.workspace, "notes.txt"), "echo from the selection\n");
			await workbench.explorer();
			await workbench.openFile("notes.txt");
			await page.keyboard.press("Control+a");
			await workbench.command("Chore: Run Selection as Job");
			await workbench.openSidebar();
			await workbench.untilRows("it ran", hasText("succeeded · echo from the selection"));
			await workbench.command("View: Close All Editors");
		},
	},
];
