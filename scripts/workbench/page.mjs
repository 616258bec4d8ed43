// Finds and uses the parts of a workbench's page as a person does, by their labels.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** How long a step waits for what it wants to see. */
const PATIENCE_MS = 60_000;

/** How often a workspace of several folders is opened. At the first time the editor sometimes shows none of them. */
const OPENINGS = 5;

/** By name of a theme: the class that the page has while the theme is active. */
const THEMES = { "Light Modern": "vs", "Dark Modern": "vs-dark", "Dark High Contrast": "hc-black", "Light High Contrast": "hc-light" };

/** A function that tells whether one of the rows begins with this text. */
export function has(beginning) {
	const one = (row) => row.startsWith(beginning);
	return Object.assign((rows) => rows.some(one), { one });
}

/** A function that tells whether one of the rows holds this text. */
export function hasText(text) {
	return (rows) => rows.some((row) => row.includes(text));
}

export function hasNot(beginning) {
	return (rows) => !has(beginning)(rows);
}

function escaped(text) {
	return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

export class Workbench {
	constructor(page) {
		this.page = page;
		page.setDefaultTimeout(PATIENCE_MS);
	}

	/** Opens the workbench on a folder, a workspace or nothing, and waits until the extension is there. */
	async open(url, query) {
		await this.page.goto(`${url}/?${new URLSearchParams(query)}`);
		await this.page.locator(".monaco-workbench .part.activitybar").waitFor({ timeout: 2 * PATIENCE_MS });
		await this.tab.waitFor({ timeout: 2 * PATIENCE_MS });
	}

	/** Opens a workspace file and waits until the explorer shows one of its folders. @param folder the name of that folder */
	async openWorkspace(url, file, folder) {
		for (let opening = 1; ; opening++) {
			await this.open(url, { workspace: file });
			await this.explorer();
			const row = this.page.locator(".explorer-viewlet .monaco-list-row", { hasText: folder }).first();
			try {
				return await row.waitFor({ timeout: PATIENCE_MS / 3 });
			} catch (error) {
				if (opening === OPENINGS) throw error;
				console.log("  the editor showed no folders: opened again");
			}
		}
	}

	async explorer() {
		const list = this.page.locator(".part.sidebar .explorer-viewlet:visible");
		if (!(await list.isVisible())) await this.page.locator('.activitybar .composite-bar .action-label[aria-label^="Explorer"]').click();
		await list.waitFor();
	}

	/** Moves the pointer away, so that no tooltip covers anything. */
	async pointAway() {
		await this.page.mouse.move(800, 250);
		await this.page.locator(".monaco-hover:visible").waitFor({ state: "hidden" });
	}

	/** Opens a file from the explorer. */
	async openFile(name, parents = []) {
		const row = (text) =>
			this.page.locator(".explorer-viewlet .monaco-list-row", { hasText: new RegExp(`^\\s*${escaped(text)}\\s*$`) }).first();
		await this.pointAway();
		for (const parent of parents) {
			await row(parent).waitFor();
			if ((await row(parent).getAttribute("aria-expanded")) !== "true") await row(parent).click();
		}
		await row(name).dblclick();
		await this.page.locator(".part.editor .tab.active", { hasText: name }).waitFor();
		await this.page.locator(".part.editor .view-line").first().waitFor();
	}

	get tab() {
		return this.page.locator('.activitybar .composite-bar .action-label[aria-label^="Chore"]');
	}

	async openSidebar() {
		await this.tab.waitFor();
		// After a reload the editor may open the sidebar itself; then the click closes it, and another is needed.
		await this.insist("the sidebar shows the jobs", async (timeout) => {
			if (!(await this.page.locator(".part.sidebar .composite.title", { hasText: "Chore" }).isVisible()))
				// On the element around it: a badge may cover the icon.
				await this.tab.locator("xpath=..").click({ timeout });
			// One of these appears once the extension has read the jobs. Events after that are new to it.
			const content = this.page.locator(".part.sidebar .welcome-view-content, .part.sidebar .custom-view-tree-node-item");
			await content.first().waitFor({ timeout });
		});
	}

	/** The rows of both views, each as its label and description. */
	rows() {
		return this.page.evaluate(() =>
			[...document.querySelectorAll(".part.sidebar .pane-body .monaco-list-row")]
				.filter((row) => row.querySelector(".custom-view-tree-node-item") !== null)
				.map((row) =>
					[row.querySelector(".label-name")?.textContent, row.querySelector(".label-description")?.textContent].join(" ").trim(),
				),
		);
	}

	/** The first row that holds this text. The page has no blank between label and description, so blanks are optional. */
	row(text) {
		const pattern = new RegExp(escaped(text).replaceAll(" ", "\\s*"));
		return this.page.locator(".part.sidebar .pane-body .monaco-list-row", { hasText: pattern }).first();
	}

	/** Waits until `fits` returns true for the rows. */
	async untilRows(what, fits) {
		let rows = [];
		await this.until(what, async () => {
			rows = await this.rows();
			return fits(rows);
		}).catch((error) => {
			throw new Error(`${error.message}; the rows are ${JSON.stringify(rows)}`);
		});
		return rows;
	}

	async until(what, look) {
		const deadline = performance.now() + PATIENCE_MS;
		for (;;) {
			const seen = await look();
			if (seen) return seen;
			if (performance.now() > deadline) throw new Error(`never came true: ${what}`);
			await new Promise((resume) => setTimeout(resume, 20));
		}
	}

	/** The input box at the top of the window. */
	box() {
		return this.page.locator(".quick-input-widget:visible .quick-input-box input");
	}

	/** Runs a command of the palette by its title. */
	async command(title) {
		// By its exact title: the first entry of the list may be a similar one that was used more often.
		const exactly = new RegExp(`^${escaped(title)}$`);
		const label = this.page.locator(".quick-input-list .monaco-list-row .label-name", { hasText: exactly });
		await this.insist(`the palette offers ${title}`, async (timeout) => {
			await this.page.keyboard.press("F1");
			await this.box().fill(`>${title}`, { timeout });
			await label.first().click({ timeout });
		});
	}

	/** Tries again until `act` succeeds: the editor closes an input box when something else takes the focus, such as a terminal. */
	async insist(what, act) {
		const deadline = performance.now() + PATIENCE_MS;
		for (;;) {
			try {
				return await act(PATIENCE_MS / 5);
			} catch (error) {
				if (performance.now() > deadline) throw new Error(`never came true: ${what}`, { cause: error });
				await this.page.keyboard.press("Escape");
			}
		}
	}

	async runTask(label) {
		await this.insist(`the task ${label} is offered`, async (timeout) => {
			await this.command("Tasks: Run Task");
			const box = this.page.locator('.quick-input-widget:visible .quick-input-box input[placeholder*="Select the task to run"]');
			await box.fill(label, { timeout });
			await this.page.locator(".quick-input-list .monaco-list-row.focused", { hasText: label }).first().waitFor({ timeout });
			await this.page.keyboard.press("Enter");
		});
	}

	/** The number of running tasks in the status bar. Read in one call: the item disappears with the last task. */
	runningTasks() {
		return this.page.evaluate(() => {
			const item = document.querySelector('.statusbar-item[id="status.runningTasks"]');
			return item?.checkVisibility() ? Number(/\d+/.exec(item.textContent)?.[0] ?? 0) : 0;
		});
	}

	writeTasks(folders, tasks) {
		mkdirSync(join(folders.workspace, ".vscode"), { recursive: true });
		writeFileSync(join(folders.workspace, ".vscode/tasks.json"), JSON.stringify({ version: "2.0.0", tasks }));
	}

	async theme(name) {
		await this.command("Preferences: Color Theme");
		await this.box().fill(name);
		await this.page.locator(".quick-input-list .monaco-list-row.focused", { hasText: name }).first().waitFor();
		await this.page.keyboard.press("Enter");
		await this.page.locator(".quick-input-widget:visible").waitFor({ state: "hidden" });
		await this.page.locator(`.monaco-workbench.${THEMES[name]}`).waitFor();
	}

	/** The notifications with this text. */
	toast(text) {
		return this.page.locator(".notifications-toasts .notification-list-item", { hasText: text });
	}

	async clearNotifications() {
		await this.command("Notifications: Clear All Notifications");
		await this.until(
			"no message is left",
			async () => (await this.page.locator(".notifications-toasts .notification-list-item").count()) === 0,
		);
	}

	/** Types into the input box with this placeholder. */
	async type(placeholder, text) {
		const box = this.page.locator(`.quick-input-widget:visible .quick-input-box input[placeholder*="${placeholder}"]`);
		await box.waitFor();
		await box.fill(text);
		await this.page.locator(".quick-input-list .monaco-list-row.focused").first().waitFor();
		await this.page.keyboard.press("Enter");
	}

	/** Types into the input box that is open, unless it is the command palette. */
	async typeText(text) {
		await this.until(
			"it asks",
			async () =>
				!(
					await this.box()
						.inputValue()
						.catch(() => ">")
				).startsWith(">"),
		);
		await this.box().fill(text);
		await this.page.keyboard.press("Enter");
		await this.page.locator(".quick-input-widget:visible").waitFor({ state: "hidden" });
	}

	/** Chooses an entry of the open list by its text. Not by a click: the pointer may have opened a hover that lies over the entry. */
	async pick(label) {
		await this.page.locator(".quick-input-widget:visible .quick-input-list .monaco-list-row", { hasText: label }).waitFor();
		await this.box().fill(label);
		await this.page.locator(".quick-input-list .monaco-list-row.focused", { hasText: label }).waitFor();
		await this.page.keyboard.press("Enter");
	}

	/** Clicks an entry of the open menu, again until it closes: a menu that has just opened ignores clicks. */
	async choose(label) {
		const entry = this.page.locator(`.monaco-menu .action-label[aria-label="${label}"]`);
		await entry.waitFor();
		await this.until(`${label} is chosen`, async () => {
			await entry.click({ timeout: 1000 }).catch(() => {});
			return (await entry.count()) === 0;
		});
	}

	/** Clicks a button of a row that is visible only under the pointer. */
	async inline(text, action) {
		await this.row(text).hover();
		await this.row(text).locator(`.action-label[aria-label^="${action}"]`).click();
	}

	async answer(button) {
		await this.page.locator(".monaco-dialog-box .monaco-button", { hasText: button }).first().click();
	}

	/** The visible lines of the output panel. The editor draws blanks as U+00A0. */
	async output() {
		const lines = await this.page.locator(".part.panel .output-view .view-line, .part.panel .monaco-editor .view-line").allTextContents();
		return lines.map((line) => line.replaceAll("\u00a0", " ")).join("\n");
	}

	async untilOutput(text) {
		let last = "";
		await this.until(`the output shows ${JSON.stringify(text)}`, async () => {
			last = await this.output();
			return last.includes(text);
		}).catch((error) => {
			throw new Error(`${error.message}; it shows ${JSON.stringify(last)}`);
		});
	}

	/** The rows of the visible terminal. */
	terminal() {
		return this.page.locator(".part.panel .terminal-wrapper.active .xterm-rows, .terminal-wrapper.active .xterm-rows").first();
	}

	async untilTerminal(text) {
		await this.until(`the terminal shows ${JSON.stringify(text)}`, async () => {
			const shown = await this.page.locator(".terminal-wrapper.active .xterm-rows > div").allTextContents();
			return shown
				.map((line) => line.replaceAll("\u00a0", " "))
				.join("\n")
				.includes(text);
		});
	}
}
