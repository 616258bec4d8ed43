/**
 * Checks whether a program can be started, and says why not. Supervisors do not say: systemd has one exit code for a missing
 * file, a missing x bit and a missing interpreter. Starts nothing.
 */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { ChoreError, errnoOf } from "../../../platform/errors.ts";
import { pathIn } from "./directory.ts";

/** The PATH for a job without one: that of confstr(3), _CS_PATH, and the folders of local programs. */
const DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/**
 * The absolute path of the program that a command names.
 *
 * @param word the command's first word: a path if it has a slash, else looked up in `path`
 * @param directory where the job will run; relative paths start there
 * @throws ChoreError COMMAND_NOT_FOUND (ENOENT), COMMAND_NOT_EXECUTABLE (EACCES, EISDIR, a missing interpreter)
 */
export function findProgram(word: string, directory: string, path: string | undefined): string {
	if (word === "")
		throw new ChoreError("COMMAND_NOT_FOUND", "the command is empty", { hint: "give a program to run: chore run -- PROGRAM [ARGUMENT…]" });
	if (word.includes("/")) {
		const program = pathIn(directory, word);
		const wrong = programFault(program);
		if (wrong !== null) throw notRunnable(word, wrong);
		return program;
	}
	let found: ProgramFault | undefined;
	for (const folder of (path ?? DEFAULT_PATH).split(":")) {
		const program = pathIn(directory, `${folder || "."}/${word}`);
		const wrong = programFault(program);
		if (wrong === null) return program;
		if (wrong.code === "COMMAND_NOT_EXECUTABLE" && wrong.isThere) found ??= { ...wrong, text: `${program}: ${wrong.text}` };
	}
	throw notRunnable(word, found ?? { code: "COMMAND_NOT_FOUND", text: "no such program in PATH", isThere: false });
}

/** @throws ChoreError DIRECTORY_UNUSABLE with the reason */
export function checkDirectory(path: string): void {
	const wrong = directoryFault(path);
	if (wrong !== null)
		throw new ChoreError("DIRECTORY_UNUSABLE", `cannot run in ${path}: ${wrong}`, { hint: "--working-directory chooses another" });
}

/** Checks the input file now: the job opens it itself, and could not report an error. @throws ChoreError INVALID_ARGUMENT with the reason */
export function checkInput(path: string): void {
	try {
		accessSync(path, constants.R_OK);
	} catch (error) {
		const errno = errnoOf(error) ?? "";
		const reason = errno === "ENOENT" ? "no such file (ENOENT)" : errno === "EACCES" ? "permission denied (EACCES)" : errno;
		throw new ChoreError("INVALID_ARGUMENT", `cannot read the job's input from ${path}: ${reason}`, {
			hint: "--stdin takes null, fifo, or a file that can be read",
		});
	}
}

/**
 * Checks the program again after a short run with an exit code that shells and supervisors use for their own failures.
 * @returns what is wrong; null if nothing is, so that the exit code came from the program
 */
export function startFault(program: string, directory: string): string | null {
	const wrongDirectory = directoryFault(directory);
	if (wrongDirectory !== null) return `cannot run in ${directory}: ${wrongDirectory}`;
	const wrong = programFault(program);
	return wrong === null ? null : `cannot run ${program}: ${wrong.text}`;
}

interface ProgramFault {
	readonly code: "COMMAND_NOT_FOUND" | "COMMAND_NOT_EXECUTABLE";
	readonly text: string;
	/** Whether the file itself was found. False also when its folder cannot be searched. */
	readonly isThere: boolean;
}

function notRunnable(word: string, fault: ProgramFault): ChoreError {
	const missing = word.includes("/")
		? "relative paths start at the job's directory"
		: "for a shell line with pipes or builtins use: chore run -c 'LINE'";
	const hint = fault.code === "COMMAND_NOT_FOUND" ? missing : "is it a program? chmod +x makes a script executable";
	return new ChoreError(fault.code, `cannot run ${JSON.stringify(word)}: ${fault.text}`, { hint });
}

function programFault(program: string): ProgramFault | null {
	let isThere = false;
	try {
		isThere = statSync(program).isFile();
		if (!isThere) return { code: "COMMAND_NOT_EXECUTABLE", text: "it is not a file (EACCES)", isThere };
		accessSync(program, constants.X_OK);
	} catch (error) {
		const errno = errnoOf(error) ?? "";
		if (errno === "EACCES") return { code: "COMMAND_NOT_EXECUTABLE", text: "permission denied (EACCES)", isThere };
		return {
			code: "COMMAND_NOT_FOUND",
			text: errno === "ENOENT" ? "no such file or directory (ENOENT)" : `it cannot be found (${errno})`,
			isThere,
		};
	}
	const interpreter = interpreterOf(program);
	if (interpreter === undefined || !isAbsolute(interpreter)) return null;
	try {
		accessSync(interpreter, constants.X_OK);
		return null;
	} catch {
		return { code: "COMMAND_NOT_EXECUTABLE", text: `its interpreter ${interpreter} cannot be run (ENOENT)`, isThere };
	}
}

/** The program in the first line of a script, `#!/path [argument]`; undefined for anything else. */
function interpreterOf(program: string): string | undefined {
	let file: number;
	try {
		file = openSync(program, constants.O_RDONLY);
	} catch {
		return undefined; // executable but not readable: exec(2) will tell
	}
	try {
		const buffer = Buffer.alloc(256);
		const length = readSync(file, buffer, 0, buffer.length, 0);
		return /^#![ \t]*([^ \t\n]+)/.exec(buffer.toString("utf8", 0, length))?.[1];
	} finally {
		closeSync(file);
	}
}

function directoryFault(path: string): string | null {
	try {
		if (!statSync(path).isDirectory()) return "it is not a directory (ENOTDIR)";
		accessSync(path, constants.X_OK);
		return null;
	} catch (error) {
		const errno = errnoOf(error) ?? "";
		return errno === "ENOENT" ? "no such directory (ENOENT)" : errno === "EACCES" ? "permission denied (EACCES)" : errno;
	}
}
