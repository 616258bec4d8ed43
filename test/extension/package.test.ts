/** The extension as users get it: which files, how large, and that nothing of the command line is in it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { build } from "esbuild";
import { unzipTo } from "../support/unzip.ts";

describe("the .vsix", () => {
	const folder = mkdtempSync(join(tmpdir(), "chore-vsix-"));
	const vsix = join(folder, "chore.vsix");
	before(() => {
		execFileSync(process.execPath, ["scripts/package.mjs", vsix], { stdio: "ignore" });
		unzipTo(readFileSync(vsix), folder);
	});
	after(() => rmSync(folder, { recursive: true, force: true }));

	test("holds these files and no others", () => {
		const files = readdirSync(join(folder, "extension"), { recursive: true, withFileTypes: true })
			.filter((entry) => entry.isFile())
			.map((entry) => join(entry.parentPath, entry.name).slice(join(folder, "extension/").length))
			.sort();
		assert.deepEqual(files, [
			"LICENSE.txt",
			"changelog.md",
			"dist/client.cjs",
			"dist/core-next-times.cjs",
			"dist/extension.cjs",
			"dist/platform-launchd.cjs",
			"dist/platform-posix.cjs",
			"dist/platform-systemd-manager.cjs",
			"dist/platform-systemd.cjs",
			"media/chore.svg",
			"media/icon.png",
			"media/walkthrough/log.svg",
			"media/walkthrough/reload.svg",
			"media/walkthrough/run.svg",
			"media/walkthrough/task.svg",
			"package.json",
			"readme.md",
		]);
	});

	test("is smaller than 400 kB", () => {
		const { size } = statSync(vsix);
		assert.ok(size < 400_000, `${size} bytes`);
	});

	test("names only files that it holds", () => {
		const text = readFileSync(join(folder, "extension/package.json"), "utf8");
		const manifest = JSON.parse(text);
		const named = [manifest.main, manifest.icon, ...[...text.matchAll(/"(media\/[^"]+)"/g)].map(([, path]) => path)];
		for (const path of named) assert.ok(statSync(join(folder, "extension", path)).isFile(), path);
	});

	test("needs nothing but the editor and Node", () => {
		for (const name of readdirSync(join(folder, "extension/dist"))) {
			const text = readFileSync(join(folder, "extension/dist", name), "utf8");
			const needed = [...text.matchAll(/require\("([^"]+)"\)/g)].map(([, module = ""]) => module);
			const foreign = needed.filter(
				(module) => !/^(node:|\.\/(client|(platform|core)-[a-z-]+)\.cjs$)/.test(module) && !BUILTIN_OR_LEFT_OUT.has(module),
			);
			assert.deepEqual(foreign, [], name);
		}
	});
});

/** Of Node without its prefix, the editor, and two modules that dbus-next asks for only where they are installed. */
const BUILTIN_OR_LEFT_OUT: ReadonlySet<string> = new Set([...builtinModules, "vscode", "x11", "usocket"]);

test("the extension holds nothing of the command line", async () => {
	const { metafile } = await build({
		entryPoints: ["extension/main.ts"],
		bundle: true,
		platform: "node",
		write: false,
		metafile: true,
		external: ["vscode", "x11", "usocket"],
	});
	const inputs = Object.keys(metafile.inputs);
	assert.ok(inputs.includes("src/core/start/run.ts"));
	assert.deepEqual(
		inputs.filter((path) => /^src\/cli\/|node_modules\/(commander|smol-toml|string-width)\//.test(path)),
		[],
	);
});

describe("the manifest", () => {
	const manifest = JSON.parse(readFileSync("package.json", "utf8"));
	const { commands, menus, submenus, keybindings, viewsWelcome, walkthroughs } = manifest.contributes;
	const names = new Set(commands.map(({ command }: { readonly command: string }) => command));

	test("names commands in menus, keys and links that there are, each registered by the extension", () => {
		const source = readFileSync("extension/commands/commands.ts", "utf8");
		const entries = [...Object.values(menus).flat(), ...keybindings] as readonly { readonly command?: string; readonly submenu?: string }[];
		for (const { command, submenu } of entries) {
			if (command !== undefined) assert.ok(names.has(command), command);
			else
				assert.ok(
					submenus.some(({ id }: { readonly id: string }) => id === submenu),
					submenu,
				);
		}
		const links = [...JSON.stringify([viewsWelcome, walkthroughs]).matchAll(/command:(chore\.[\w.]+)/g)].map(([, name = ""]) => name);
		assert.ok(links.length > 0);
		for (const link of links) assert.ok(names.has(link) || link.endsWith(".focus"), link);
		for (const name of names) {
			const word = String(name).slice("chore.".length);
			const registered = word.startsWith("groupBy.") ? source.includes(`"${word.slice("groupBy.".length)}"`) : source.includes(`"${word}"`);
			assert.ok(registered, word);
		}
	});

	test("puts a submenu into a menu once: the editor drops it from there on", () => {
		for (const entries of Object.values(menus) as (readonly { readonly submenu?: string }[])[]) {
			const there = entries.flatMap(({ submenu }) => submenu ?? []);
			assert.equal(there.length, new Set(there).size, there.join());
		}
	});

	test("puts at most two actions on a row, and what ends something last", () => {
		const inline = menus["view/item/context"].filter(({ group }: { readonly group: string }) => group.startsWith("inline"));
		const states = ["job active running", "job active unknown", "job ended failed", "failure"];
		for (const state of [...states, "schedule idle armed ran", "schedule idle paused new", "schedule active armed ran"]) {
			const shown = inline.filter(({ when }: { readonly when: string }) => {
				const [, pattern] = /viewItem =~ \/(.*)\//.exec(when) ?? [];
				return pattern === undefined ? when.includes(`viewItem == ${state}`) : new RegExp(pattern).test(state);
			});
			assert.ok(shown.length >= 1 && shown.length <= 2, state);
		}
		const ending = ["chore.stop", "chore.forget", "chore.forgetAll", "chore.removeScheduled"];
		for (const { command, group } of [...menus["view/item/context"], ...menus["view/title"]]) {
			if (group.startsWith("inline")) continue;
			assert.equal(ending.includes(command), group.startsWith("9_end"), `${command} ${group}`);
		}
	});

	test("is not started with every window, and disables what starts a job, sends it input or changes a schedule where the workspace is not trusted", () => {
		assert.ok(!manifest.activationEvents.includes("*"));
		assert.equal(manifest.capabilities.untrustedWorkspaces.supported, "limited");
		const jobs = ["run", "schedule", "runSelection", "restart", "rerun", "editAndRerun", "send"];
		const schedules = ["runNow", "editSchedule", "pauseSchedule", "resumeSchedule", "removeScheduled"];
		for (const name of [...jobs, ...schedules]) {
			const { enablement } = commands.find(({ command }: { readonly command: string }) => command === `chore.${name}`);
			assert.equal(enablement, "isWorkspaceTrusted && !chore.readOnly", name);
		}
	});

	test("offers nothing that changes jobs where a server lets them be seen only, and no file where they are on another machine", () => {
		const harmless = ["showJobs", "showLog", "openLogFile", "followInTerminal", "copyName", "copyId", "copyCommand", "notify"];
		const ofViews = ["filter", "clearFilter", "groupBy.none", "groupBy.session", "groupBy.folder", "refresh", "doctor", "showMore"];
		const changing = new Set([...names].filter((name) => ![...harmless, ...ofViews].includes(String(name).slice("chore.".length))));
		for (const { command, enablement = "" } of commands)
			assert.equal(enablement.endsWith("!chore.readOnly"), changing.has(command), command);
		const menu = [...menus["view/item/context"], ...menus["view/title"], ...menus["editor/context"]];
		for (const { command, when } of menu) {
			assert.equal(when.includes("!chore.readOnly"), changing.has(command), `${command}: ${when}`);
			assert.equal(when.includes("!chore.remote"), command === "chore.openLogFile" || when.includes("failure && !chore"), command);
		}
	});

	test("takes no state folder, platform or other machine from a workspace, whose own jobs would be started from there", () => {
		const { properties } = manifest.contributes.configuration;
		for (const name of ["chore.home", "chore.platform", "chore.host"]) {
			assert.equal(properties[name].scope, "machine", name);
			assert.ok(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.includes(name), name);
		}
	});

	test("names the oldest editor that its types are of", () => {
		assert.equal(manifest.engines.vscode, `^${manifest.devDependencies["@types/vscode"]}`);
	});
});
