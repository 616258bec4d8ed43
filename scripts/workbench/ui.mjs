// Installs the .vsix into real workbenches, all or those named as arguments, and uses it in a browser as a person does.
// Several workbenches run at the same time. Screenshots are kept in .cache/screenshots. CHORE_TEST_ONLY is a regular
// expression: only steps with a matching title run.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { installWorkbench, WORKBENCHES } from "./install.mjs";
import { startManager } from "./manager.mjs";
import { Workbench } from "./page.mjs";
import { chore, cleanUp, installExtension, makeFolders, openBrowser, ROOT, startServer } from "./rig.mjs";
import { elsewhere } from "./steps/elsewhere.mjs";
import { host } from "./steps/host.mjs";
import { jobs } from "./steps/jobs.mjs";
import { logs } from "./steps/logs.mjs";
import { looks } from "./steps/looks.mjs";
import { pictures } from "./steps/pictures.mjs";
import { schedules, untrustedSchedules } from "./steps/schedules.mjs";
import { survival } from "./steps/survival.mjs";
import { trouble, untrusted } from "./steps/trouble.mjs";

const SCREENSHOTS = join(ROOT, ".cache/screenshots");

/** The time limit of one step. Each wait inside of it has a minute (page.mjs). */
const STEP_MS = 4 * 60_000;
/** How many lines of the page's console are printed when a step fails. */
const LAST_WORDS = 20;

const TRUST = { "security.workspace.trust.enabled": true, "security.workspace.trust.startupPrompt": "never" };

/** Each group has its own server, browser and jobs, which run on posix, or on a systemd of their own. Its steps run one after another. */
const GROUPS = [
	{ steps: [...jobs, ...logs, ...survival, ...elsewhere, ...host, ...looks] },
	{ steps: trouble, variables: { CHORE_PLATFORM: "systemd", DBUS_SESSION_BUS_ADDRESS: "", XDG_RUNTIME_DIR: "/nonexistent" } },
	{ steps: untrusted, settings: TRUST },
	{ steps: schedules, onSystemd: true },
	{ steps: untrustedSchedules, onSystemd: true, settings: TRUST },
	{ steps: pictures, workspace: "app" },
];

const { name: packageName, version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const vsix = `${packageName}-${version}.vsix`;
if (!existsSync(join(ROOT, vsix))) throw new Error(`there is no ${vsix}: npm run build && npm run package`);
mkdirSync(SCREENSHOTS, { recursive: true });
const only = new RegExp(process.env["CHORE_TEST_ONLY"] ?? "");
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(WORKBENCHES);
if (names.length > 1) {
	// Before any of them starts, so that installations do not run at the same time.
	for (const name of names) installWorkbench(name);
	const codes = await Promise.all(names.map(apart));
	process.exit(codes.every((code) => code === 0) ? 0 : 1);
}
let passed = 0;
let failed = 0;
let skipped = 0;
for (const group of GROUPS) await useIn(names[0], group);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 || passed + skipped === 0 ? 1 : 0);

/** Runs one workbench in a process of its own and puts its name before each line of output. @returns the exit code */
function apart(name) {
	const child = spawn(process.execPath, [import.meta.filename, name], { stdio: ["ignore", "pipe", "inherit"] });
	createInterface(child.stdout).on("line", (line) => console.log(`${name.padEnd(5)} ${line}`));
	return new Promise((resolve) => child.once("close", (code) => resolve(code ?? 1)));
}

async function useIn(name, { steps, workspace, variables, settings, onSystemd = false }) {
	const wanted = steps.filter(({ title, editors = [name] }) => only.test(title) && editors.includes(name));
	if (wanted.length === 0) return;
	const installed = installWorkbench(name);
	const manager = onSystemd ? startManager() : undefined;
	if (manager?.skip !== undefined) {
		skipped += wanted.length;
		for (const { title } of wanted) console.log(`﹣ ${title}: ${manager.skip}`);
		return;
	}
	const workbench = manager?.shown(installed) ?? installed;
	const folders = makeFolders({ manager, workspace });
	const tools = { name, folders, installed: workbench, server: undefined, page: undefined, workbench: undefined };
	Object.assign(tools, {
		chore: (...rest) => chore(folders, ...rest),
		run: (...rest) => chore(folders, "run", "-q", ...rest),
		shot: (what) => tools.page.screenshot({ path: join(SCREENSHOTS, `${name}-${what}.png`) }),
		/** Starts the server; after a stop, on the same port. */
		start: async () => {
			tools.server = await startServer(workbench, folders, { port: tools.server?.port ?? 0, variables, settings });
		},
		/** Opens the test's folder in the workbench, and the sidebar. */
		open: async () => {
			await tools.workbench.open(tools.server.url, { folder: folders.workspace });
			await tools.workbench.openSidebar();
		},
	});
	let browser;
	try {
		installExtension(installed, folders, join(ROOT, vsix));
		manager?.give(folders.base);
		await tools.start();
		({ browser, page: tools.page, context: tools.context } = await openBrowser());
		tools.said = [];
		tools.page.on("console", (message) => tools.said.push(`${message.type()}: ${message.text()}`.slice(0, 300)));
		tools.page.on("pageerror", (error) => tools.said.push(`error: ${error.message}`.slice(0, 300)));
		tools.workbench = new Workbench(tools.page);
		await tools.open();
		for (const step of wanted) await take(step, tools);
	} catch (error) {
		failed++;
		console.error(error);
		console.error(tools.server?.log().slice(-2000));
	} finally {
		await browser?.close().catch(() => {});
		await tools.server?.stop();
		await cleanUp(folders);
		manager?.stop();
	}
}

/** Runs one step and prints its result. */
async function take({ title, act }, tools) {
	const begun = performance.now();
	let timer;
	const limit = new Promise((_, fail) => {
		timer = setTimeout(() => fail(new Error(`the step was not done after ${STEP_MS / 60_000} minutes`)), STEP_MS);
	});
	try {
		await Promise.race([act(tools), limit]);
		passed++;
		console.log(`✔ ${title} (${Math.round(performance.now() - begun)} ms)`);
	} catch (error) {
		failed++;
		console.log(`✖ ${title}\n${String(error.stack).slice(0, 3000)}`);
		for (const line of tools.said.slice(-LAST_WORDS)) console.log(`    the page said: ${line}`);
		await tools.shot(`failure-${failed}`).catch(() => {});
		// A new window for the next step.
		await tools.open();
	} finally {
		clearTimeout(timer);
	}
}
