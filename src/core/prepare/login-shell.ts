/**
 * The arguments for a login shell that make it print its variables. Each family of shells has its own options and quotes.
 * The same cases as VS Code's `shellEnv.ts`.
 */
import { basename } from "node:path";

/**
 * The arguments with which the shell prints its variables as a JSON object between two marks. The shell is interactive, as
 * in a terminal.
 *
 * @param shell its path: the name tells the family
 * @param node the path of Node, which prints them; absolute, of any characters
 * @param mark letters and digits
 */
export function loginShellArguments(shell: string, node: string, mark: string): readonly [...options: string[], command: string] {
	const program = `process.stdout.write("${mark}" + JSON.stringify(process.env) + "${mark}")`;
	const name = basename(shell);
	switch (name) {
		case "csh":
		case "bsd-csh":
		case "tcsh":
			// csh takes -l only as its sole argument. It expands "!" (history) in single quotes, too.
			return ["-ic", `${bourneQuoted(node).replaceAll("!", "\\!")} -e '${program}'`];
		case "fish":
			return ["-i", "-l", "-c", `'${node.replace(/[\\']/g, "\\$&")}' -e '${program}'`];
		case "nu":
			// In nushell only double quotes have escapes, those of JSON; ^ says that the word is a program.
			return ["-i", "-l", "-c", `^${JSON.stringify(node)} -e '${program}'`];
		case "xonsh":
			return ["-i", "-l", "-c", `import os, json; print("${mark}" + json.dumps(dict(os.environ)) + "${mark}")`];
		case "pwsh":
		case "pwsh-preview":
		case "powershell":
			// Double quotes in arguments of programs are lost before PowerShell 7.3.
			return ["-Login", "-Command", `& '${node.replaceAll("'", "''")}' -e '${program.replaceAll('"', "''")}'`];
		default:
			return ["-i", "-l", "-c", `${bourneQuoted(node)} -e '${program}'`];
	}
}

function bourneQuoted(word: string): string {
	return `'${word.replaceAll("'", "'\\''")}'`;
}
