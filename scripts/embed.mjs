// Turns each embedded script (the platforms' *.sh, the completions) into a module that exports its text, since tsc copies
// only modules and a bundle cannot read files. A shell reads the *.sh for each job, so of their comments only the first
// line is kept: it says what the script is. Likewise the schema by which the API checks what it is sent, and the page of the
// server, whose program is bundled for browsers.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "esbuild";

for (const folder of ["platform", "src"]) {
	for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
		if (!/\.(sh|bash|zsh|fish)$/.test(name)) continue;
		const source = readFileSync(`${folder}/${name}`, "utf8");
		const text = name.endsWith(".sh") ? source.replace(/(?<=\n)[ \t]*#.*\n/g, "") : source;
		writeModule(`${folder}/${name}.ts`, text);
	}
}
writeModule("src/api/api.schema.json.ts", JSON.stringify(JSON.parse(readFileSync("schema/api.schema.json", "utf8"))));

const page = "src/api/page";
const minified = {
	bundle: true,
	minify: true,
	write: false,
	logLevel: "warning",
	target: ["chrome111", "firefox115", "safari16.4"],
	packages: "external",
	plugins: [{ name: "only-what-is-used", setup: onlyWhatIsUsed }],
};
const [program, style] = await Promise.all([
	build({ ...minified, entryPoints: [`${page}/browser/main.ts`], format: "esm" }),
	build({ ...minified, entryPoints: [`${page}/page.css`] }),
]);
writeModule(`${page}/page.js.ts`, program.outputFiles[0].text);
writeModule(`${page}/page.css.ts`, style.outputFiles[0].text);
writeModule(`${page}/index.html.ts`, readFileSync(`${page}/index.html`, "utf8"));

/** The words about jobs stand above the library, and the page uses nothing else of it. */
function onlyWhatIsUsed(builder) {
	builder.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => ({ path: resolve(resolveDir, path), sideEffects: false }));
}

function writeModule(path, text) {
	const module = `export const text: string = ${JSON.stringify(text)};\n`;
	let present = "";
	try {
		present = readFileSync(path, "utf8");
	} catch {}
	if (present !== module) writeFileSync(path, module);
}
