// Bundles the suite of test/workbench into one file that the extension host can load.
import { join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "./rig.mjs";

/** @returns the path of the module whose `run` VS Code calls */
export async function bundleSuite() {
	const outfile = join(ROOT, "dist-test/workbench.cjs");
	await build({
		entryPoints: [join(ROOT, "test/workbench/index.ts")],
		bundle: true,
		platform: "node",
		format: "cjs",
		target: "node20",
		outfile,
		external: ["vscode", "mocha", "x11", "usocket"],
		logLevel: "warning",
	});
	return outfile;
}
