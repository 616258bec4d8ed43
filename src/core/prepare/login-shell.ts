/**
 * How a login shell is asked for its variables: interactively, as a terminal would start it, to run one command that prints
 * them. Each family of shells has its own options and its own quotes. The same cases as VS Code's own `shellEnv.ts`.
 */
import { basename } from "node:path";

/**
 * The arguments with which the shell prints, between two marks, its variables as a JSON object.
 *
 * @param shell its path: the family is known by the name
 * @param node the program that prints them, an absolute path that may hold any character
 * @param mark letters and digits
 */
export function loginShellArguments(shell: string, node: string, mark: string): readonly [...options: string[], command: string] {
	const program = `process.stdout.write("${mark}" + JSON.stringify(process.env) + "${mark}")`;
	const name = basename(shell);
	switch (name) {
		case "csh":
		case "bsd-csh":
		case "tcsh":
			// -l is allowed for nothing but itself. History is expanded in single quotes, too.
			return ["-ic", `${bourneQuoted(node).replaceAll("!", "\\!")} -e '${program}'`];
		case "fish":
			return ["-i", "-l", "-c", `'${node.replace(/[\\']/g, "\\$&")}' -e '${program}'`];
		case "nu":
			// Only the double quotes of nushell have escapes, which are those of JSON; ^ makes a word a program.
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
