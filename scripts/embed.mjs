// Turns each script that is not ours to run but to hand on (*.sh of the platforms, completions) into a module that exports
// its text: tsc copies no other files, and bundles read none. Of the *.sh, which a shell reads for each job, only the first
// line of the comments goes along, to say what it is.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

for (const folder of ["platform", "src"]) {
	for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
		if (!/\.(sh|bash|zsh|fish)$/.test(name)) continue;
		const source = readFileSync(`${folder}/${name}`, "utf8");
		const text = name.endsWith(".sh") ? source.replace(/(?<=\n)[ \t]*#.*\n/g, "") : source;
		const module = `export const text: string = ${JSON.stringify(text)};\n`;
		const path = `${folder}/${name}.ts`;
		let present = "";
		try {
			present = readFileSync(path, "utf8");
		} catch {}
		if (present !== module) writeFileSync(path, module);
	}
}
