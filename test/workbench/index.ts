/**
 * The suite that runs inside the extension host: VS Code calls `run`, and takes a rejection for a failure. The
 * report alone is certain: VS Code reports a host that dies in a test as if all had passed.
 */
import { writeFileSync } from "node:fs";
import Mocha from "mocha";
import { workspace } from "vscode";
import { measures } from "./measures.ts";

/** No test waits for a length of time; this is how long one may take that waits for a fact. */
const LIMIT_MS = 120_000;

/** Which tests there are depends on what the window shows. */
const SCENES = {
	"a folder": [
		() => import("./jobs.ts"),
		() => import("./rows.ts"),
		() => import("./schedules.ts"),
		() => import("./logs.ts"),
		() => import("./tasks.ts"),
		() => import("./settings.ts"),
		() => import("./host.ts"),
		() => import("./speed.ts"),
	],
	"several folders": [() => import("./folders.ts")],
	"no folder": [() => import("./no-folder.ts")],
};

export async function run(): Promise<void> {
	const mocha = new Mocha({ ui: "tdd", color: false, timeout: LIMIT_MS, grep: new RegExp(process.env["CHORE_TEST_ONLY"] ?? "") });
	mocha.suite.emit("pre-require", globalThis, "", mocha);
	const folders = workspace.workspaceFolders?.length ?? 0;
	const scene = folders === 0 ? "no folder" : folders === 1 ? "a folder" : "several folders";
	for (const load of SCENES[scene]) await load();
	await new Promise<void>((resolve, reject) => {
		const lines: string[] = [];
		const count = { passed: 0, failed: 0, skipped: 0 };
		const runner = mocha.run((failures) => {
			const report = process.env["CHORE_TEST_REPORT"];
			if (report !== undefined) writeFileSync(report, JSON.stringify({ scene, ...count, lines, measures }));
			if (failures === 0) resolve();
			else reject(new Error(`${failures} tests failed, ${count.passed} passed`));
		});
		runner.on("pass", (test) => {
			count.passed++;
			lines.push(`✔ ${test.title} (${test.duration} ms)`);
		});
		runner.on("fail", (test, error) => {
			count.failed++;
			lines.push(`✖ ${test.fullTitle()}\n${String(error.stack ?? error).slice(0, 3000)}`);
		});
		runner.on("pending", (test) => {
			count.skipped++;
			lines.push(`﹣ ${test.title}`);
		});
	});
}
