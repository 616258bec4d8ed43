// Runs the suite of test/workbench in a desktop VS Code: the one that VSCODE_EXECUTABLE_PATH names, or with
// VSCODE_TEST_DOWNLOAD=1 one that is downloaded. Without either it is skipped, with a message.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runTests } from "@vscode/test-electron";
import { bundleSuite } from "./bundle.mjs";
import { cleanUp, environment, makeFolders, ROOT, SETTINGS } from "./rig.mjs";

const vscodeExecutablePath = process.env["VSCODE_EXECUTABLE_PATH"];
if (vscodeExecutablePath === undefined && process.env["VSCODE_TEST_DOWNLOAD"] !== "1") {
	console.log("skipped: VSCODE_EXECUTABLE_PATH names no desktop VS Code, and VSCODE_TEST_DOWNLOAD is not 1");
	console.log("0 passed, 0 failed, 1 skipped");
	process.exit(0);
}
const folders = makeFolders();
const report = join(folders.base, "report.json");
mkdirSync(join(folders.data, "User"));
writeFileSync(join(folders.data, "User/settings.json"), JSON.stringify(SETTINGS));
let failed = true;
try {
	const code = await runTests({
		...(vscodeExecutablePath === undefined ? { version: process.env["VSCODE_TEST_VERSION"] ?? "stable" } : { vscodeExecutablePath }),
		extensionDevelopmentPath: ROOT,
		extensionTestsPath: await bundleSuite(),
		extensionTestsEnv: environment(folders, { CHORE_TEST_REPORT: report }),
		launchArgs: [
			...[folders.workspace, "--user-data-dir", folders.data, "--extensions-dir", folders.extensions, "--disable-gpu"],
			...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
		],
	});
	const result = JSON.parse(readFileSync(report, "utf8"));
	console.log(result.lines.join("\n"));
	console.log(`${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`);
	failed = code !== 0 || result.failed > 0 || result.passed === 0;
} catch (error) {
	console.error(error);
	console.log("0 passed, 1 failed");
} finally {
	await cleanUp(folders);
}
process.exit(failed ? 1 : 0);
