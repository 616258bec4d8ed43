// Makes the .vsix of the extension from dist/. Uses no network. `npm run package -- FILE` names the file, by default
// chore-jobs-VERSION.vsix in the root; `-- FILE VERSION` gives it another version than that of package.json.
import { readFileSync, statSync } from "node:fs";
import { createVSIX } from "@vscode/vsce";

const { name, version } = JSON.parse(readFileSync("package.json", "utf8"));
const packagePath = process.argv[2] ?? `${name}-${version}.vsix`;
await createVSIX({
	packagePath,
	...(process.argv[3] === undefined ? {} : { version: process.argv[3], updatePackageJson: false }),
	// All dependencies are bundled.
	dependencies: false,
	// package.json names no repository yet; see CONTRIBUTING.md on publishing.
	allowMissingRepository: true,
	rewriteRelativeLinks: false,
});
console.log(`${packagePath}: ${Math.ceil(statSync(packagePath).size / 1000)} kB`);
