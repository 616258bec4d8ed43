// The parts of a workbench's page that a person would use, by what is on them.

/** However long a step takes within reason: it waits for what it wants to see. */
const PATIENCE_MS = 30_000;

export class Workbench {
	constructor(page) {
		this.page = page;
		page.setDefaultTimeout(PATIENCE_MS);
	}

	/** Opens the workbench on a folder, and waits until the extension is there. */
	async open(url, folder) {
		await this.page.goto(`${url}/?folder=${encodeURIComponent(folder)}`);
		await this.page.locator(".monaco-workbench .part.activitybar").waitFor({ timeout: 2 * PATIENCE_MS });
		await this.tab.waitFor({ timeout: 2 * PATIENCE_MS });
	}

	get tab() {
		return this.page.locator('.activitybar .composite-bar .action-label[aria-label^="Chore"]');
	}

	async openSidebar() {
		await this.tab.waitFor();
		if (!(await this.page.locator(".part.sidebar .composite.title", { hasText: "Chore" }).isVisible())) await this.tab.click();
		await this.page.locator(".part.sidebar .pane-header", { hasText: "Running" }).waitFor();
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

	row(text) {
		return this.page.locator(".part.sidebar .pane-body .monaco-list-row", { hasText: text }).first();
	}

	/** @param fits is given the rows, and says whether they are as they should be */
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

	/** Runs a command of the palette by its title. */
	async command(title) {
		await this.page.keyboard.press("F1");
		const box = this.page.locator(".quick-input-widget:visible .quick-input-box input");
		await box.waitFor();
		await box.fill(`>${title}`);
		// The first of the list may be another that is more often used.
		const exactly = new RegExp(`^${title.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
		const label = this.page.locator(".quick-input-list .monaco-list-row .label-name", { hasText: exactly });
		await label.first().click();
	}

	/** Types into the box that a command shows. */
	async type(placeholder, text) {
		const box = this.page.locator(`.quick-input-widget:visible .quick-input-box input[placeholder*="${placeholder}"]`);
		await box.waitFor();
		await box.fill(text);
		await this.page.locator(".quick-input-list .monaco-list-row.focused").first().waitFor();
		await this.page.keyboard.press("Enter");
	}

	/** Presses a button of a row that is there while the pointer is on it. */
	async inline(text, action) {
		await this.row(text).hover();
		await this.row(text).locator(`.action-label[aria-label^="${action}"]`).click();
	}

	async answer(button) {
		await this.page.locator(".monaco-dialog-box .monaco-button", { hasText: button }).first().click();
	}

	/** What the output panel shows. The editor draws blanks as U+00A0, and only the lines that are in sight. */
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

	/** What the terminal in sight shows. */
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
