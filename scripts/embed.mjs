// Turns each embedded script (the platforms' *.sh, the completions) into a module that exports its text, since tsc copies
// only modules and a bundle cannot read files. A shell reads the *.sh for each job, so of their comments only the first
// line is kept: it says what the script is. Likewise the schema by which the API checks what it is sent.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

for (const folder of ["platform", "src"]) {
	for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
		if (!/\.(sh|bash|zsh|fish)$/.test(name)) continue;
		const source = readFileSync(`${folder}/${name}`, "utf8");
		const text = name.endsWith(".sh") ? source.replace(/(?<=\n)[ \t]*#.*\n/g, "") : source;
		writeModule(`${folder}/${name}.ts`, text);
	}
}
writeModule("src/api/api.schema.json.ts", JSON.stringify(JSON.parse(readFileSync("schema/api.schema.json", "utf8"))));

function writeModule(path, text) {
	const module = `export const text: string = ${JSON.stringify(text)};\n`;
	let present = "";
	try {
		present = readFileSync(path, "utf8");
	} catch {}
	if (present !== module) writeFileSync(path, module);
}
