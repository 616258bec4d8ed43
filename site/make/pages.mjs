// Makes site/pages/, all that VitePress builds, from the sources in the repository. Called from the root by scripts/site.mjs.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, posix } from "node:path";
import { Application } from "typedoc";
import { manualPage } from "./manual.mjs";
import { changeLinks, isPicture, pageOf } from "./places.mjs";
import { schemaPage } from "./schema.mjs";

const PAGES = "site/pages";
const FIRST = ["README.md", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md", "man/chore.1", "man/chore.7", "schema/chore.schema.json"];

rmSync(PAGES, { recursive: true, force: true });
// First: it empties its folder.
await library();

/** Every file that is linked to has a page, and so do those that it links to. */
const wanted = new Set([...FIRST, ...readdirSync("site/guides").map((name) => `site/guides/${name}`)]);
for (const file of wanted) if (file !== "src/index.ts") make(file);

for (const [from, to] of [
	["schema/chore.schema.json", "chore.schema.json"],
	["media/chore.svg", "chore.svg"],
])
	copy(from, `public/${to}`);

function make(file) {
	const page = pageOf(file);
	if (isPicture(file)) copy(file, page);
	else write(page, contentOf(file));
}

function contentOf(file) {
	if (file.startsWith("man/")) return manualPage(file);
	if (file.startsWith("schema/")) return schemaPage(file);
	const text = readFileSync(file, "utf8");
	if (!file.endsWith(".md")) return `# ${file}\n\n${"`".repeat(4)}${extname(file).slice(1)}\n${text}\n${"`".repeat(4)}\n`;
	return changeLinks(text, file, (target, anchor) => {
		wanted.add(target);
		const to = pageOf(target);
		const path = isPicture(target) ? `/${target}` : relative(pageOf(file), to);
		return anchor === "" ? path : `${path}#${anchor}`;
	});
}

/** The reference of the library, from the comments in the sources: a page each for what src/index.ts exports. */
async function library() {
	const app = await Application.bootstrapWithPlugins({
		plugin: ["typedoc-plugin-markdown"],
		entryPoints: ["src/index.ts"],
		tsconfig: "site/typedoc.json",
		readme: "none",
		name: "The library",
		out: `${PAGES}/reference/library`,
		sort: ["source-order"],
		disableSources: true,
		excludePrivate: true,
		excludeInternal: true,
		hidePageHeader: true,
		hideBreadcrumbs: true,
		useCodeBlocks: true,
		parametersFormat: "table",
		interfacePropertiesFormat: "table",
		expandObjects: true,
		entryFileName: "index",
		navigationJson: `${PAGES}/reference/library.json`,
		logLevel: "Warn",
	});
	const project = await app.convert();
	if (project === undefined) throw new Error("TypeDoc could not read src/index.ts");
	await app.generateOutputs(project);
}

function relative(from, to) {
	const path = posix.relative(posix.dirname(from), to);
	return path.startsWith(".") ? path : `./${path}`;
}

function write(page, text) {
	mkdirSync(dirname(`${PAGES}/${page}`), { recursive: true });
	writeFileSync(`${PAGES}/${page}`, text);
}

function copy(from, to) {
	mkdirSync(dirname(`${PAGES}/${to}`), { recursive: true });
	copyFileSync(from, `${PAGES}/${to}`);
}
