// Runs the suite of test/workbench inside the extension hosts of real workbenches: all of them, or those that are named.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "node:util";
import { bundleSuite } from "./bundle.mjs";
import { installWorkbench, WORKBENCHES } from "./install.mjs";
import { cleanUp, makeFolders, openBrowser, ROOT, startServer } from "./rig.mjs";

const LIMIT_MS = 180_000;

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(WORKBENCHES);
let failed = false;
const suite = await bundleSuite();
for (const name of names) {
	console.log(`\n# the suite in VS Code ${name}`);
	failed = !(await runIn(name)) || failed;
}
process.exit(failed ? 1 : 0);

async function runIn(name) {
	const workbench = installWorkbench(name);
	const folders = makeFolders();
	const report = join(folders.base, "report.json");
	// Built workbenches from some version on take "payload" only with their own smoke test's driver.
	const rest = name === "1.100" ? [] : ["--vscode-option", "enable-smoke-test-driver"];
	const lines = [];
	let server;
	let opened;
	try {
		server = await startServer(workbench, folders, {
			rest,
			variables: { CHORE_TEST_REPORT: report, CHORE_TEST_ONLY: process.env["CHORE_TEST_ONLY"] ?? "" },
		});
		opened = await openBrowser();
		const uri = (path) => `vscode-remote://${server.host}${path}`;
		const payload = JSON.stringify([
			["extensionDevelopmentPath", uri(ROOT)],
			["extensionTestsPath", uri(suite)],
			["skipWelcome", "true"],
		]);
		const over = new Promise((done, never) => {
			setTimeout(() => never(new Error(`the suite was not over after ${LIMIT_MS} ms`)), LIMIT_MS).unref();
			opened.context.exposeFunction("codeAutomationLog", (type, words) => lines.push(`${type}: ${format(...words)}`.slice(0, 500)));
			opened.context.exposeFunction("codeAutomationExit", done);
		});
		const query = `folder=${encodeURIComponent(folders.workspace)}&payload=${encodeURIComponent(payload)}`;
		await opened.page.goto(`${server.url}/?${query}`);
		await over;
	} catch (error) {
		console.error(error);
		mkdirSync(join(ROOT, ".cache/screenshots"), { recursive: true });
		await opened?.page.screenshot({ path: join(ROOT, `.cache/screenshots/suite-${name}-failure.png`) }).catch(() => {});
	}
	await opened?.browser.close().catch(() => {});
	await server?.stop();
	const result = readReport(report);
	await cleanUp(folders);
	if (result === undefined) {
		// An extension host that dies makes the workbench say that all is well: only the report counts.
		console.error(lines.slice(-30).join("\n"));
		console.error("the suite wrote no report: it did not load, or the extension host died");
		console.log("0 passed, 1 failed");
		return false;
	}
	console.log(result.lines.join("\n"));
	console.log(`${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`);
	return result.failed === 0 && result.passed > 0;
}

function readReport(path) {
	try {
		return JSON.parse(readFileSync(path, "utf8"));
	} catch {
		return undefined;
	}
}
