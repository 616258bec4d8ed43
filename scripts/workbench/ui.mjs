// Installs the .vsix into real workbenches and uses it as a person would: all of them, or those that are named. What it
// saw is kept in .cache/screenshots.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installWorkbench, WORKBENCHES } from "./install.mjs";
import { Workbench } from "./page.mjs";
import { chore, cleanUp, installExtension, makeFolders, openBrowser, ROOT, startServer } from "./rig.mjs";

const SCREENSHOTS = join(ROOT, ".cache/screenshots");

const [vsix = ""] = readdirSync(ROOT).filter((name) => name.endsWith(".vsix"));
if (vsix === "") throw new Error("there is no .vsix: npm run build && npm run package");
mkdirSync(SCREENSHOTS, { recursive: true });
let passed = 0;
let failed = 0;
for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(WORKBENCHES)) {
	console.log(`\n# the extension in VS Code ${name}`);
	await useIn(name);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

async function useIn(name) {
	const installed = installWorkbench(name);
	const folders = makeFolders();
	const url = { port: 0, server: undefined };
	let opened;
	const shot = (what) => opened.page.screenshot({ path: join(SCREENSHOTS, `${name}-${what}.png`) });
	/** One thing that a person does, and sees. Without it the next ones mean nothing. */
	const step = async (title, act) => {
		const begun = performance.now();
		try {
			await act();
		} catch (error) {
			failed++;
			console.log(`✖ ${title}\n${error.stack}`);
			await shot("failure").catch(() => {});
			throw error;
		}
		passed++;
		console.log(`✔ ${title} (${Math.round(performance.now() - begun)} ms)`);
	};
	try {
		installExtension(installed, folders, join(ROOT, vsix));
		writeFileSync(join(folders.workspace, "notes.txt"), "echo from the selection\n");
		mkdirSync(join(folders.workspace, ".vscode"));
		const task = { label: "serve", type: "chore", command: "echo serving; exec sleep 1000", problemMatcher: [] };
		writeFileSync(join(folders.workspace, ".vscode/tasks.json"), JSON.stringify({ version: "2.0.0", tasks: [task] }));
		url.server = await startServer(installed, folders);
		opened = await openBrowser();
		const workbench = new Workbench(opened.page);
		await steps({ workbench, folders, step, shot, url, installed, page: opened.page });
	} catch (error) {
		if (failed === 0) {
			failed++;
			console.error(error);
		}
		console.error(url.server?.log().slice(-2000));
	} finally {
		await opened?.browser.close().catch(() => {});
		await url.server?.stop();
		await cleanUp(folders);
	}
}

async function steps({ workbench, folders, step, shot, url, installed, page }) {
	const run = (...rest) => chore(folders, "run", "-q", ...rest);
	const has = (beginning) => (rows) => rows.some((row) => row.startsWith(beginning));
	const hasNot = (beginning) => (rows) => !rows.some((row) => row.startsWith(beginning));

	await step("the sidebar opens on a welcome with one button", async () => {
		await workbench.open(url.server.url, folders.workspace);
		await workbench.openSidebar();
		const buttons = page.locator(".part.sidebar .welcome-view-content .monaco-button");
		await buttons.first().waitFor();
		assert.deepEqual(await buttons.allTextContents(), ["Run Command…"]);
		await shot("welcome");
	});

	await step("a command from the palette becomes a job, and ends", async () => {
		await workbench.command("Chore: Run Command…");
		await workbench.type("A line of shell", "echo hello from the palette; while ! test -e go; do sleep 0.05; done; exit 3");
		await workbench.untilRows("it runs", has("echo running · echo hello"));
		await shot("running");
		writeFileSync(join(folders.workspace, "go"), "");
		await workbench.untilRows("it failed", has("echo failed, exit code 3 · echo hello"));
	});

	await step("a failure is told once, with what can be done", async () => {
		const toast = page.locator(".notifications-toasts .notification-list-item", { hasText: "failed, exit code 3" });
		await toast.first().waitFor();
		assert.equal(await toast.count(), 1);
		assert.deepEqual(await toast.locator(".monaco-button").allTextContents(), ["Show Log", "Run Again"]);
		await shot("failed");
		await workbench.command("Notifications: Clear All Notifications");
	});

	await step("a click shows the log, and the keyboard stays in the tree", async () => {
		await workbench.row("hello from the palette").click();
		await workbench.untilOutput("hello from the palette");
		await workbench.untilOutput("[chore: echo, failed, exit code 3, ended");
		assert.ok(await page.evaluate(() => document.activeElement?.closest(".part.sidebar") !== null));
		await shot("log");
	});

	await step("a job that the command line starts appears, and its end shows", async () => {
		const begun = performance.now();
		const id = await run("-n", "outside", "-c", "while ! test -e out; do sleep 0.02; done");
		await workbench.untilRows("it is there", has("outside running"));
		console.log(`  command to row: ${Math.round(performance.now() - begun)} ms, the command itself included`);
		writeFileSync(join(folders.workspace, "out"), "");
		await chore(folders, "wait", id);
		const ended = performance.now();
		await workbench.untilRows("its end shows", has("outside succeeded"));
		console.log(`  end to row: ${Math.round(performance.now() - ended)} ms`);
	});

	await step("icons, links, markdown and line breaks in a command are shown as they are", async () => {
		const words = "echo $(rocket) **bold** [link](command:workbench.action.quit)\necho two";
		await run("-n", "hostile", "--description", "$(bug) <b>", "-c", `: '${words}'`);
		const rows = await workbench.untilRows("it is there", has("hostile succeeded"));
		const shown = rows.find((row) => row.startsWith("hostile")).replaceAll("\u200b", "");
		assert.ok(shown.includes("$(rocket) **bold** [link](command:workbench.action.quit)\\necho two"), shown);
		assert.equal(await workbench.row("hostile").locator(".label-description .codicon, .label-name .codicon").count(), 0);
		const hover = page.locator(".workbench-hover:visible", { hasText: "hostile" });
		await workbench.until("its tooltip shows", async () => {
			await workbench.row("outside").hover();
			await workbench.row("hostile").hover();
			return hover.waitFor({ timeout: 3000 }).then(
				() => true,
				() => false,
			);
		});
		assert.equal(await hover.locator("a[href*=command], .codicon-bug, .codicon-rocket").count(), 0);
		await shot("tooltip");
		await page.keyboard.press("Escape");
	});

	await step("a terminal follows a job in colour, and Ctrl-C leaves it running", async () => {
		await run("-n", "colours", "-c", 'printf "\\033[31mred\\033[0m\\n"; exec sleep 1000');
		await workbench.untilRows("it runs", has("colours running"));
		await workbench.inline("colours", "Follow in Terminal");
		await workbench.untilTerminal("red");
		await page.locator(".terminal-wrapper.active .xterm-rows .xterm-fg-1", { hasText: "red" }).first().waitFor();
		await shot("terminal");
		await page.locator(".terminal-wrapper.active .xterm-helper-textarea").focus();
		await page.keyboard.press("Control+c");
		await page.locator(".terminal-wrapper.active").waitFor({ state: "detached" });
		assert.equal(JSON.parse(await chore(folders, "status", "--json", "colours"))[0].job?.state ?? "running", "running");
		await workbench.untilRows("it runs on", has("colours running"));
	});

	await step("the button of a row stops its job, after a question", async () => {
		await workbench.inline("colours", "Stop");
		await page.locator(".monaco-dialog-box", { hasText: "Stop colours?" }).waitFor();
		await shot("question");
		await workbench.answer("Stop");
		await workbench.untilRows("it is stopped", has("colours stopped"));
	});

	await step("the Delete key forgets a job, after a question", async () => {
		await workbench.row("colours").click();
		await page.keyboard.press("Delete");
		await workbench.answer("Forget");
		await workbench.untilRows("it is gone", hasNot("colours"));
	});

	await step("a job that runs while the window is reloaded is found again, with its log", async () => {
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
	});

	await step("a job that runs while the server is started anew is found again", async () => {
		const port = new URL(url.server.url).port;
		await url.server.stop();
		assert.match(await chore(folders, "ps"), /lasting .*running/);
		url.server = await startServer(installed, folders, { port });
		await workbench.open(url.server.url, folders.workspace);
		await workbench.openSidebar();
		await workbench.untilRows("it is found", has("lasting running"));
		await chore(folders, "stop", "lasting");
		await workbench.untilRows("its end shows", has("lasting stopped"));
	});

	await step("a task run again after a reload finds its job", async () => {
		const runTask = async () => {
			await workbench.command("Tasks: Run Task");
			await workbench.type("Select the task to run", "serve");
			await workbench.untilTerminal("serving");
		};
		await runTask();
		await workbench.untilRows("its job is there", has("serve running"));
		await page.reload();
		await workbench.openSidebar();
		await workbench.untilRows("it is found", has("serve running"));
		await runTask();
		await shot("task");
		const jobs = JSON.parse(await chore(folders, "ps", "-a", "--json"));
		assert.equal(jobs.filter(({ name }) => name.startsWith("serve")).length, 1);
		await chore(folders, "stop", "serve");
	});

	await step("the status bar tells how many run, and lists them", async () => {
		await run("-n", "counted", "--", "sleep", "1000");
		const item = page.locator('.statusbar-item[id$="chore.status"]');
		await workbench.until("it counts", async () => (await item.getAttribute("aria-label").catch(() => ""))?.includes("1 job runs"));
		await item.click();
		await page.locator(".quick-input-list .monaco-list-row", { hasText: "counted" }).waitFor();
		await shot("jobs");
		await page.keyboard.press("Escape");
		await chore(folders, "stop", "counted");
	});

	await step("of 2,000 finished jobs the newest are shown, and more on request", async () => {
		manyJobs(join(folders.state, "default/jobs"), 2000);
		const begun = performance.now();
		await workbench.command("Chore: Refresh");
		await workbench.command("Chore: Filter…");
		const box = page.locator(".quick-input-widget:visible .quick-input-box input");
		await box.fill("copied");
		await page.keyboard.press("Enter");
		await workbench.untilRows("they are there", (rows) => rows.length > 5 && rows.every((row) => row.startsWith("copied")));
		console.log(`  read and drawn: ${Math.round(performance.now() - begun)} ms`);
		await workbench.row("copied").click();
		await page.keyboard.press("End");
		await workbench.row("Show more").waitFor();
		await shot("many");
		await workbench.command("Chore: Clear Filter");
	});

	await step("a state folder that is not ours alone is one row with the reason, and can be tried again", async () => {
		chmodSync(folders.state, 0o777);
		await page.reload();
		await workbench.openSidebar();
		const rows = await workbench.untilRows("the row", has("Jobs cannot be shown"));
		assert.equal(rows.length, 1, rows.join("; "));
		assert.equal(await page.locator(".notifications-toasts .notification-list-item").count(), 0);
		await shot("unusable");
		chmodSync(folders.state, 0o700);
		await workbench.row("Jobs cannot be shown").click();
		await workbench.untilRows("the jobs are back", (all) => all.length > 5 && hasNot("Jobs cannot")(all));
	});

	await step("the views can be told apart in light, dark and high contrast", async () => {
		for (const theme of ["Light Modern", "Dark Modern", "Dark High Contrast", "Light High Contrast"]) {
			await workbench.command("Preferences: Color Theme");
			const box = page.locator(".quick-input-widget:visible .quick-input-box input");
			await box.fill(theme);
			await page.locator(".quick-input-list .monaco-list-row.focused", { hasText: theme }).first().waitFor();
			await page.keyboard.press("Enter");
			await page.locator(".quick-input-widget:visible").waitFor({ state: "hidden" });
			await shot(theme.toLowerCase().replaceAll(" ", "-"));
		}
	});
}

/** Copies of a finished job, as its files are: thousands of starts would take minutes, and prove nothing more. */
function manyJobs(folder, count) {
	const [id] = readdirSync(folder);
	const text = (path) => readFileSync(join(folder, id, path), "utf8");
	const paths = ["job.json", "runs/1/run.json", "runs/1/end.json", "runs/1/exit", "runs/1/started", "runs/1/output"];
	const files = Object.fromEntries(paths.map((path) => [path, text(path)]));
	const name = JSON.parse(files["job.json"]).name;
	for (let number = 0; number < count; number++) {
		const copy = id.slice(0, -6) + String(100_000 + number);
		mkdirSync(join(folder, copy, "runs/1"), { recursive: true, mode: 0o700 });
		for (const [path, content] of Object.entries(files)) {
			writeFileSync(join(folder, copy, path), content.replaceAll(id, copy).replaceAll(`"name":"${name}"`, '"name":"copied"'));
		}
	}
}
