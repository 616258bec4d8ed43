// Measures the extension in a real workbench and prints one table: each line a median with its bound.
//   npm run bench:editor [-- EDITOR ROUNDS]
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVSIX } from "@vscode/vsce";
import { installWorkbench } from "./install.mjs";
import { Workbench } from "./page.mjs";
import { chore, cleanUp, installExtension, makeFolders, openBrowser, ROOT, startServer } from "./rig.mjs";
import { runSuite } from "./suite.mjs";

const [editor = "1.139", rounds = "5"] = process.argv.slice(2);

const [vsix] = readdirSync(ROOT).filter((name) => name.endsWith(".vsix"));
if (vsix === undefined) throw new Error("there is no .vsix: npm run build && npm run package");
const rows = [...(await inWindows()), ...(await inHost())];
console.log(`\nVS Code ${editor}, medians of ${rounds}`);
const width = Math.max(...rows.map(({ what }) => what.length));
for (const { what, value, unit, bound } of rows) {
	const amount = `${value.toFixed(unit === "×" ? 2 : 0)} ${unit}`.padStart(9);
	console.log(`${what.padEnd(width)} ${amount}  ≤ ${bound} ${unit}  ${value <= bound ? "met" : "missed"}`);
}

/** Measures what a person sees. Opens new windows for each round. */
async function inWindows() {
	const installed = installWorkbench(editor);
	const folders = makeFolders();
	const times = { activation: [], bareActivation: [], rows: [], bare: [], start: [], end: [] };
	let server;
	const inWindow = async (use) => {
		const { browser, page } = await openBrowser();
		try {
			const workbench = new Workbench(page);
			await workbench.open(server.url, { folder: folders.workspace });
			await page.locator('.activitybar .action-label[aria-label^="Bare"]').waitFor();
			return await use({ page, workbench });
		} finally {
			await browser.close();
		}
	};
	try {
		installExtension(installed, folders, join(ROOT, vsix));
		installExtension(installed, folders, await bareExtension(folders.base));
		await chore(folders, "run", "-q", "-n", "old", "--", "true");
		server = await startServer(installed, folders);
		for (let round = 0; round < Number(rounds); round++) {
			// Each in a window of its own: the first view that is opened also loads what all views need.
			await inWindow(async ({ page, workbench }) => {
				times.bare.push(await clickToRow(page, "Bare", "nothing"));
				times.bareActivation.push(await activation(page, workbench, "Bare"));
			});
			await inWindow(async ({ page, workbench }) => {
				times.rows.push(await clickToRow(page, "Chore", "old"));
				times.activation.push(await activation(page, workbench, "Chore"));
				await workbench.openSidebar();
				const [start, end] = await startAndEnd(page, folders, round);
				times.start.push(start);
				times.end.push(end);
			});
		}
	} finally {
		await server?.stop();
		await cleanUp(folders);
	}
	return [
		{
			what: `activation, as the editor tells it (an extension of four lines: ${median(times.bareActivation)} ms)`,
			value: median(times.activation),
			unit: "ms",
			bound: 100,
		},
		{
			what: `click to rows (${Math.round(median(times.rows))} ms), against a tree of one row that has nothing behind it`,
			value: median(times.rows) / median(times.bare),
			unit: "×",
			bound: 1.5,
		},
		{ what: "a job that the command line started is a row", value: median(times.start), unit: "ms", bound: 500 },
		{ what: "a job that ended is a row of the other view", value: median(times.end), unit: "ms", bound: 500 },
	];
}

/** Runs the tests of the suite that measure inside the extension host. */
async function inHost() {
	const results = await runSuite(editor, "2,000 jobs|50 MB");
	const measures = Object.assign({}, ...results.map((result) => result.measures ?? {}));
	if (results.some(({ failed }) => failed > 0) || Object.keys(measures).length === 0)
		throw new Error("the suite failed: nothing was measured");
	return Object.entries(measures).map(([what, value]) => ({ what, value, unit: "ms", bound: 100 }));
}

/** Milliseconds from a click on the icon of a view container until a row is drawn. */
async function clickToRow(page, title, row) {
	const tab = page.locator(`.activitybar .composite-bar .action-label[aria-label^="${title}"]`).locator("xpath=..");
	const begun = performance.now();
	await tab.click();
	await untilDrawn(page, ".part.sidebar .pane-body .monaco-list-row", row);
	return performance.now() - begun;
}

async function untilDrawn(page, selector, text) {
	await page.waitForFunction(
		([selector, text]) => [...document.querySelectorAll(selector)].some((one) => one.textContent?.startsWith(text)),
		[selector, text],
		{ polling: "raf" },
	);
}

/** Milliseconds that "Show Running Extensions" reports: to load the code, to get the stored state, and to call `activate`. */
async function activation(page, workbench, title) {
	await workbench.command("Developer: Show Running Extensions");
	const list = page.locator(".runtime-extensions-editor .monaco-list").first();
	await list.locator(".monaco-list-row").first().waitFor();
	const row = list.locator(".monaco-list-row", { hasText: title }).first();
	await workbench.until("the row of the extension", async () => {
		if (await row.isVisible()) return true;
		// Rows out of sight do not exist in the page: scroll.
		await list.hover();
		await page.mouse.wheel(0, 60);
		return false;
	});
	const time = Number(/(\d+)\s*ms/.exec(await row.locator(".activation-time").textContent())?.[1]);
	await workbench.command("View: Close All Editors");
	return time;
}

/** Milliseconds from the return of `chore run` until the job has a row, and from its end until the row is in the other view. */
async function startAndEnd(page, folders, round) {
	const selector = ".part.sidebar .pane-body .monaco-list-row";
	const name = `measured-${round}`;
	const file = join(folders.workspace, name);
	const seen = untilDrawn(page, selector, name).then(() => performance.now());
	await chore(folders, "run", "-q", "-n", name, "-c", `while ! test -e ${name}; do sleep 0.01; done`);
	const started = performance.now();
	const start = Math.max(0, (await seen) - started);
	const over = untilDrawn(page, selector, `${name}succeeded`).then(() => performance.now());
	const ended = performance.now();
	writeFileSync(file, "");
	return [start, (await over) - ended];
}

/** Makes an extension that has only a view container and a tree of one row, to compare with. @returns the path of its .vsix */
async function bareExtension(base) {
	const folder = mkdtempSync(join(tmpdir(), "cb-"));
	const manifest = {
		...{ name: "bare", displayName: "Bare", version: "1.0.0", publisher: "chore-test", engines: { vscode: "^1.100.0" }, main: "main.js" },
		contributes: {
			viewsContainers: { activitybar: [{ id: "bare", title: "Bare", icon: "icon.svg" }] },
			views: { bare: [{ id: "bare.tree", name: "Bare" }] },
		},
	};
	const main = `const vscode = require("vscode");
exports.activate = () => vscode.window.createTreeView("bare.tree", { treeDataProvider: { getChildren: () => ["nothing"], getTreeItem: (row) => new vscode.TreeItem(row) } });`;
	const files = {
		"package.json": JSON.stringify(manifest),
		"main.js": main,
		"icon.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24"/>',
		LICENSE: "none",
		"README.md": "bare",
	};
	mkdirSync(folder, { recursive: true });
	for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
	const packagePath = join(base, "bare.vsix");
	await createVSIX({ cwd: folder, packagePath, dependencies: false, allowMissingRepository: true, skipLicense: true });
	rmSync(folder, { recursive: true });
	return packagePath;
}

function median(values) {
	const sorted = [...values].sort((one, other) => one - other);
	return sorted[Math.floor(sorted.length / 2)];
}
