// Starts a code-server on loopback and a browser for a test, with a temporary home folder for both and for the jobs.
import { execFile, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

export const ROOT = resolve(import.meta.dirname, "../..");

const START_MS = 60_000;

/** Settings without animations, questions and update checks. */
export const SETTINGS = {
	"chat.disableAIFeatures": true,
	"extensions.autoCheckUpdates": false,
	"extensions.autoUpdate": false,
	"extensions.ignoreRecommendations": true,
	"git.enabled": false,
	"security.workspace.trust.enabled": false,
	"telemetry.telemetryLevel": "off",
	"terminal.integrated.gpuAcceleration": "off",
	"update.mode": "none",
	"window.confirmBeforeClose": "never",
	"workbench.enableExperiments": false,
	"workbench.reduceMotion": "on",
	"workbench.secondarySideBar.defaultVisibility": "hidden",
	"workbench.startupEditor": "none",
	"workbench.tips.enabled": false,
	"workbench.welcomePage.walkthroughs.openOnInstall": false,
};

/**
 * Makes the folders of one test, all below one with a short name: the paths of sockets must not be long.
 * @param options.workspace the name of the folder that is opened
 * @param options.manager from manager.mjs: the systemd user manager that runs the jobs; without it they run on posix
 */
export function makeFolders({ manager, workspace = "wörk space" } = {}) {
	const base = mkdtempSync(join(tmpdir(), "cw-"));
	const folders = {
		base,
		data: join(base, "data"),
		extensions: join(base, "ext"),
		home: join(base, "home"),
		state: join(base, "state"),
		workspace: join(base, workspace),
		config: join(base, "config.yaml"),
		manager,
	};
	for (const name of ["data", "extensions", "home", "workspace"]) mkdirSync(folders[name]);
	writeFileSync(join(folders.home, ".bash_profile"), 'export FROM_PROFILE="of the login shell"\n');
	// Without this code-server would use the file in the real home folder.
	writeFileSync(folders.config, "auth: none\ncert: false\n");
	manager?.give(base);
	return folders;
}

/** The environment of the server, which the extension and its jobs inherit. */
export function environment(folders, more = {}) {
	const own = folders.manager === undefined ? { ...process.env } : {};
	for (const name of Object.keys(own)) if (/^(VSCODE|ELECTRON|CHORE)_/.test(name)) delete own[name];
	// With NODE_EXTRA_CA_CERTS each start of Node takes much longer.
	for (const name of ["NODE_OPTIONS", "NODE_EXTRA_CA_CERTS", "PORT"]) delete own[name];
	return {
		...own,
		HOME: folders.home,
		SHELL: "/bin/bash",
		CHORE_HOME: folders.state,
		CHORE_PLATFORM: folders.manager === undefined ? "posix" : "systemd",
		// No extension gallery, so that no request is made.
		EXTENSIONS_GALLERY: JSON.stringify({ serviceUrl: "" }),
		...more,
	};
}

function flags(folders) {
	return ["--config", folders.config, "--user-data-dir", folders.data, "--extensions-dir", folders.extensions];
}

export function installExtension(workbench, folders, vsix) {
	const rest = [workbench.entry, ...flags(folders), "--install-extension", vsix];
	const { status, stdout, stderr } = spawnSync(workbench.node, rest, { env: environment(folders), encoding: "utf8" });
	if (status !== 0) throw new Error(`the extension was not installed: ${stdout}${stderr}`);
}

/** Starts code-server. `port` 0 means any free port. @returns its address, and `stop` */
export async function startServer(workbench, folders, { port = 0, settings = {}, variables = {}, rest = [] } = {}) {
	mkdirSync(join(folders.data, "User"), { recursive: true });
	writeFileSync(join(folders.data, "User/settings.json"), JSON.stringify({ ...SETTINGS, ...settings }, null, "\t"));
	folders.manager?.give(folders.data);
	const arguments_ = ["--auth", "none", "--bind-addr", `127.0.0.1:${port}`, "--disable-telemetry", "--disable-update-check"];
	const trust = settings["security.workspace.trust.enabled"] === true ? [] : ["--disable-workspace-trust"];
	const words = [workbench.entry, ...flags(folders), ...arguments_, ...trust, "--disable-getting-started-override", ...rest];
	const [program, ...wordsOf] = runWords(folders, variables, workbench.node, words);
	const child = spawn(program, wordsOf, { env: environment(folders, variables), stdio: ["ignore", "pipe", "pipe"], detached: true });
	let log = "";
	const url = await new Promise((found, failed) => {
		const timer = setTimeout(() => failed(new Error(`code-server did not start within ${START_MS} ms\n${log}`)), START_MS);
		const read = (part) => {
			log += part;
			const [, address] = /HTTP server listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(log) ?? [];
			if (address === undefined) return;
			clearTimeout(timer);
			found(address);
		};
		child.stdout.on("data", read);
		child.stderr.on("data", read);
		child.once("exit", (code) => failed(new Error(`code-server ended with ${code}\n${log}`)));
	});
	return {
		url,
		manager: folders.manager,
		host: new URL(url).host,
		port: new URL(url).port,
		log: () => log,
		async stop() {
			child.removeAllListeners("exit");
			const gone = new Promise((done) => child.once("exit", done));
			// It leads a process group, which is signalled as a whole.
			if (child.exitCode === null) {
				kill(child.pid, "SIGTERM");
				await Promise.race([gone, new Promise((done) => setTimeout(done, 5000))]);
			}
			kill(child.pid, "SIGKILL");
		},
	};
}

/** The words that run a program as the user of the jobs, beside their manager. */
function runWords(folders, variables, program, words) {
	if (folders.manager === undefined) return [program, ...words];
	const [script, rest] = folders.manager.command(environment(folders, variables), program, ...words);
	return [script, ...rest];
}

function kill(group, signal) {
	try {
		process.kill(-group, signal);
	} catch {} // it has ended
}

export async function openBrowser(options = {}) {
	const executablePath = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => path && existsSync(path));
	if (executablePath === undefined) throw new Error("there is no chromium: apt-get install chromium, or set CHROMIUM");
	const browser = await chromium.launch({
		executablePath,
		args: [
			...["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update"],
			...["--disable-sync", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"],
		],
	});
	const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-US", ...options });
	await context.route(
		({ hostname }) => hostname !== "127.0.0.1",
		(route) => route.abort(),
	);
	return { browser, context, page: await context.newPage() };
}

/** Runs the command line of this checkout on the jobs of the test. @returns its stdout */
export async function chore(folders, ...rest) {
	const cli = join(ROOT, "dist/cli.cjs");
	const [program, ...words] = runWords(folders, {}, process.execPath, [folders.manager?.path(cli) ?? cli, ...rest]);
	const { stdout } = await promisify(execFile)(program, words, {
		env: environment(folders),
		cwd: folders.workspace,
		maxBuffer: 1e8,
	});
	return stdout.trim();
}

/** Stops and removes the jobs of a test and deletes its folders. */
export async function cleanUp(folders) {
	if (existsSync(folders.state)) {
		const jobs = JSON.parse(await chore(folders, "ps", "--json"));
		for (const { id, endedAt, state } of jobs) {
			if (endedAt === null && state !== "lost" && state !== "unknown") await chore(folders, "rm", "-f", id).catch(() => {});
		}
	}
	rmSync(folders.base, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
