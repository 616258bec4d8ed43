// Builds the site into site/dist, from the guides, the manual pages, the sources of the library and the other documents.
// `site.mjs --serve` shows it then. Its generator has packages of its own in site/, which are installed when they are missing.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import "./embed.mjs";

if (changed("site/node_modules/.package-lock.json") < changed("site/package-lock.json")) run("npm", "ci", "--prefix", "site");
run(process.execPath, "site/make/pages.mjs");
run("site/node_modules/.bin/vitepress", "build", "site");
if (process.argv.includes("--serve")) run("site/node_modules/.bin/vitepress", "preview", "site");

/** When a file was written; 0 where there is none. */
function changed(file) {
	return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Runs a program with its output shown. Ends this process if it fails. */
function run(program, ...words) {
	const { status, signal, error } = spawnSync(program, words, { stdio: "inherit" });
	if (status === 0) return;
	console.error(`site: ${program} ${words[0]}: ${error?.message ?? signal ?? `exit ${status}`}`);
	process.exit(1);
}
