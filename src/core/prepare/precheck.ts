/**
 * Checks whether a program can be started, and says why not. Supervisors do not say: systemd has one exit code for a missing
 * file, a missing x bit and a missing interpreter. Starts nothing.
 */
import { accessSync, constants, existsSync, type Stats, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { ChoreError, errnoOf } from "../../../platform/errors.ts";
import { pathOf } from "../exact-text.ts";
import { formatOf } from "./binary-formats.ts";
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
		if (!existsSync(pathOf(program))) continue; // most folders do not have it, and an error with its stack costs more than a look
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
	checkReadable(path, "the job's input", "--stdin takes null, fifo, or a file that can be read");
}

/** @throws ChoreError INVALID_ARGUMENT with the reason why `what` cannot be read from there */
export function checkReadable(path: string, what: string, hint: string): void {
	const wrong = inputFault(path);
	if (wrong !== null) throw new ChoreError("INVALID_ARGUMENT", `cannot read ${what} from ${path}: ${wrong}`, { hint });
}

function inputFault(path: string): string | null {
	try {
		accessSync(pathOf(path), constants.R_OK);
		return null;
	} catch (error) {
		const errno = errnoOf(error) ?? "";
		return errno === "ENOENT" ? "no such file (ENOENT)" : errno === "EACCES" ? "permission denied (EACCES)" : errno;
	}
}

/** What a start script needs. */
export interface Needs {
	readonly program: string;
	readonly directory: string;
	readonly stdin: "null" | "fifo" | { readonly file: string };
}

/**
 * Checks again after a run that may not have started, by its exit code or by what the start script says.
 * @returns what is wrong; null if nothing is
 */
export function startFault({ program, directory, stdin }: Needs): string | null {
	const wrongDirectory = directoryFault(directory);
	if (wrongDirectory !== null) return `cannot run in ${directory}: ${wrongDirectory}`;
	const wrong = programFault(program);
	if (wrong !== null) return `cannot run ${program}: ${wrong.text}`;
	if (typeof stdin !== "object") return null;
	const wrongInput = inputFault(stdin.file);
	return wrongInput === null ? null : `cannot read its input from ${stdin.file}: ${wrongInput}`;
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
	const unfit = /interpreter|ENOEXEC/.test(fault.text)
		? "it was made for another system, or what it needs is not installed"
		: "is it a program? chmod +x makes a script executable";
	const hint = fault.code === "COMMAND_NOT_FOUND" ? missing : unfit;
	return new ChoreError(fault.code, `cannot run ${JSON.stringify(word.toWellFormed())}: ${fault.text}`, { hint });
}

/** The kernel follows no longer chain of scripts that interpret scripts. */
const DEEPEST = 5;

function programFault(program: string, depth = 0): ProgramFault | null {
	const wrong = fileFault(program);
	if (wrong !== null) return wrong;
	const format = formatOf(program);
	const notExecutable = (text: string): ProgramFault => ({ code: "COMMAND_NOT_EXECUTABLE", text, isThere: true });
	if (format.kind === "foreign") return notExecutable(`it is ${format.what} (ENOEXEC)`);
	if (format.kind === "unknown") return null;
	const needed = format.kind === "script" ? format.interpreter : format.loader;
	if (!isAbsolute(needed) || depth === DEEPEST) return null;
	const missing = format.kind === "script" ? programFault(needed, depth + 1) : fileFault(needed);
	return missing === null ? null : notExecutable(`its interpreter ${needed} cannot be run: ${missing.text}`);
}

/** What is wrong with a file, whatever is in it. */
function fileFault(path: string): ProgramFault | null {
	let found: Stats | undefined;
	try {
		found = statSync(pathOf(path));
		if (!found.isFile()) return { code: "COMMAND_NOT_EXECUTABLE", text: "it is not a file (EACCES)", isThere: false };
		accessSync(pathOf(path), constants.X_OK);
		return null;
	} catch (error) {
		const errno = errnoOf(error) ?? "";
		const isThere = found !== undefined;
		if (errno === "EACCES") {
			const isForAll = found !== undefined && (found.mode & 0o111) === 0o111;
			const text = isForAll
				? "its file system does not allow it, such as one that is mounted noexec (EACCES)"
				: "permission denied (EACCES)";
			return { code: "COMMAND_NOT_EXECUTABLE", text, isThere };
		}
		if (errno === "ENOENT") return { code: "COMMAND_NOT_FOUND", text: "no such file or directory (ENOENT)", isThere };
		return {
			code: "COMMAND_NOT_FOUND",
			text: errno === "ELOOP" ? "too many symbolic links (ELOOP)" : `it cannot be found (${errno})`,
			isThere,
		};
	}
}

function directoryFault(path: string): string | null {
	try {
		if (!statSync(pathOf(path)).isDirectory()) return "it is not a directory (ENOTDIR)";
		accessSync(pathOf(path), constants.X_OK);
		return null;
	} catch (error) {
		const errno = errnoOf(error) ?? "";
		return errno === "ENOENT" ? "no such directory (ENOENT)" : errno === "EACCES" ? "permission denied (EACCES)" : errno;
	}
}
