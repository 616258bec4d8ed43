// Runs the suite of test/workbench inside the extension hosts of real workbenches: all, or those named as arguments. With
// a name that ends in "-systemd" a private systemd user manager runs the jobs, which needs root.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "node:util";
import { bundleSuite } from "./bundle.mjs";
import { installWorkbench, WORKBENCHES } from "./install.mjs";
import { startManager } from "./manager.mjs";
import { cleanUp, makeFolders, openBrowser, ROOT, startServer } from "./rig.mjs";

const LIMIT_MS = 300_000;

/** How often a workspace of several folders is opened. At the first time the editor sometimes shows none of them. */
const OPENINGS = 5;

if (process.argv[1] === import.meta.filename) {
	const results = [];
	for (const name of process.argv.length > 2 ? process.argv.slice(2) : [...Object.keys(WORKBENCHES), "1.139-systemd"]) {
		console.log(`\n# the suite in VS Code ${name}`);
		results.push(...(await runSuite(name, process.env["CHORE_TEST_ONLY"])));
	}
	const sum = (what) => results.reduce((total, result) => total + result[what], 0);
	console.log(`${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
	process.exit(sum("failed") > 0 || sum("passed") === 0 ? 1 : 0);
}

/**
 * Runs the suite in one workbench, once with each kind of window (scene).
 * @param only a regular expression that the titles of the tests must match
 * @returns for each scene how many tests passed, failed and were skipped, and what they measured
 */
export async function runSuite(name, only = "") {
	const suite = await bundleSuite();
	const version = name.replace("-systemd", "");
	const installed = installWorkbench(version);
	const manager = name.endsWith("-systemd") ? startManager() : undefined;
	if (manager?.skip !== undefined) {
		console.log(`skipped: ${manager.skip}`);
		return [{ passed: 0, failed: 0, skipped: 1 }];
	}
	const workbench = manager === undefined ? installed : manager.shown(installed);
	const folders = makeFolders({ manager });
	const scenes = { "a folder": `folder=${encodeURIComponent(folders.workspace)}` };
	if (manager === undefined) {
		const several = join(folders.base, "several folders.code-workspace");
		const second = join(folders.base, "zweiter Ördner");
		mkdirSync(second);
		writeFileSync(several, JSON.stringify({ folders: [{ path: folders.workspace }, { path: second }] }));
		scenes["several folders"] = `workspace=${encodeURIComponent(several)}`;
		scenes["no folder"] = "ew=true";
	}
	const report = join(folders.workspace, "../home/report.json");
	const results = [];
	let server;
	try {
		server = await startServer(workbench, folders, {
			// Newer workbenches read "payload" only with this option.
			rest: version === "1.100" ? [] : ["--vscode-option", "enable-smoke-test-driver"],
			variables: { CHORE_TEST_REPORT: report, CHORE_TEST_ONLY: only },
			// Lists must not open over the editor that the tests look at.
			settings: { "workbench.editor.useModal": "off" },
		});
		for (const [scene, query] of Object.entries(scenes)) {
			console.log(`## ${scene}`);
			results.push(await show({ name, suite, server, scene, query, report }));
		}
	} catch (error) {
		console.error(error);
		results.push({ passed: 0, failed: 1, skipped: 0 });
	}
	await server?.stop();
	await cleanUp(folders);
	manager?.stop();
	return results;
}

/** @returns how many tests passed, failed and were skipped */
async function show({ name, suite, server, scene, query, report }) {
	for (let opening = 1; ; opening++) {
		rmSync(report, { force: true });
		const { lines, error } = await open({ name, suite, server, query });
		const result = readReport(report);
		if (result === undefined) {
			// Only the report counts: when the extension host dies, the workbench reports success.
			console.error(lines.slice(-30).join("\n"));
			console.error(error ?? "the suite wrote no report: it did not load, or the extension host died");
			return { passed: 0, failed: 1, skipped: 0 };
		}
		if (result.scene !== scene && opening < OPENINGS) {
			console.log(`the editor showed ${result.scene}: opened again`);
			continue;
		}
		console.log(result.lines.join("\n"));
		console.log(`${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`);
		return result.scene === scene ? result : { passed: 0, failed: 1, skipped: 0 };
	}
}

async function open({ name, suite, server, query }) {
	const lines = [];
	const opened = await openBrowser();
	let timer;
	try {
		const path = (one) => (server.manager === undefined ? one : server.manager.path(one));
		const uri = (one) => `vscode-remote://${server.host}${path(one)}`;
		const payload = JSON.stringify([
			["extensionDevelopmentPath", uri(ROOT)],
			["extensionTestsPath", uri(suite)],
			["skipWelcome", "true"],
		]);
		const over = new Promise((done, never) => {
			timer = setTimeout(() => never(new Error(`the suite was not over after ${LIMIT_MS} ms`)), LIMIT_MS);
			opened.context.exposeFunction("codeAutomationLog", (type, words) => lines.push(`${type}: ${format(...words)}`.slice(0, 500)));
			opened.context.exposeFunction("codeAutomationExit", done);
		});
		await opened.page.goto(`${server.url}/?${query}&payload=${encodeURIComponent(payload)}`);
		await over;
		return { lines };
	} catch (error) {
		mkdirSync(join(ROOT, ".cache/screenshots"), { recursive: true });
		await opened.page.screenshot({ path: join(ROOT, `.cache/screenshots/suite-${name}-failure.png`) }).catch(() => {});
		return { lines, error };
	} finally {
		clearTimeout(timer);
		await opened.browser.close().catch(() => {});
	}
}

function readReport(path) {
	try {
		return JSON.parse(readFileSync(path, "utf8"));
	} catch {
		return undefined;
	}
}
