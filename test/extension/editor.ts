/** Makes `import "vscode"` find the stub beside this file: to be imported before any part of the extension is. */
import { register } from "node:module";

const stub = new URL("./vscode.js", import.meta.url).href;
const hook = `export async function resolve(specifier, context, next) {
	return specifier === "vscode" ? { url: ${JSON.stringify(stub)}, shortCircuit: true } : next(specifier, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
