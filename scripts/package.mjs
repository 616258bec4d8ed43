// Makes the .vsix of the extension from what is built, without asking anybody outside of this machine.
// `npm run package -- FILE` names it; otherwise it is chore-jobs-VERSION.vsix, in the root. `-- FILE VERSION` makes it one of
// another version than package.json has.
import { readFileSync, statSync } from "node:fs";
import { createVSIX } from "@vscode/vsce";

const { name, version } = JSON.parse(readFileSync("package.json", "utf8"));
const packagePath = process.argv[2] ?? `${name}-${version}.vsix`;
await createVSIX({
	packagePath,
	...(process.argv[3] === undefined ? {} : { version: process.argv[3], updatePackageJson: false }),
	// All is bundled.
	dependencies: false,
	// There is no address of the repository yet; see CONTRIBUTING.md on publishing.
	allowMissingRepository: true,
	rewriteRelativeLinks: false,
});
console.log(`${packagePath}: ${Math.ceil(statSync(packagePath).size / 1000)} kB`);
