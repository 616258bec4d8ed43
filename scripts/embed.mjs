// Turns each script that is not ours to run but to hand on (*.sh of the platforms, completions) into a module that exports
// its text: tsc copies no other files, and bundles read none.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

for (const folder of ["platform", "src"]) {
	for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
		if (!/\.(sh|bash|zsh|fish)$/.test(name)) continue;
		const module = `export const text: string = ${JSON.stringify(readFileSync(`${folder}/${name}`, "utf8"))};\n`;
		const path = `${folder}/${name}.ts`;
		let present = "";
		try {
			present = readFileSync(path, "utf8");
		} catch {}
		if (present !== module) writeFileSync(path, module);
	}
}
