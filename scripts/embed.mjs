// Turns each platform/**/*.sh into a module that exports its text: tsc copies no .sh, and bundles read no files.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

for (const name of readdirSync("platform", { recursive: true, encoding: "utf8" })) {
	if (!name.endsWith(".sh")) continue;
	const module = `export const text: string = ${JSON.stringify(readFileSync(`platform/${name}`, "utf8"))};\n`;
	const path = `platform/${name}.ts`;
	let present = "";
	try {
		present = readFileSync(path, "utf8");
	} catch {}
	if (present !== module) writeFileSync(path, module);
}
