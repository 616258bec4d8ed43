/**
 * Finds the variables that the user's login shell sets, for the editor: a program started from a desktop lacks the PATH of
 * nvm, rbenv or Homebrew, and what ~/.profile sets.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { homedir, userInfo } from "node:os";
import { ChoreError } from "../../../platform/errors.ts";
import { Silence } from "../../../platform/silence.ts";
import { loginShellArguments } from "./login-shell.ts";

export interface LoginEnvironmentOptions {
	/** The shell, an absolute path. Default: $SHELL, else the one of passwd(5), else /bin/sh. */
	readonly shell?: string | undefined;
	/** The environment of the shell. Default: `process.env`. */
	readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
	/** Gives up after this many milliseconds. Default 10,000. */
	readonly timeoutMs?: number | undefined;
}

const DEFAULT_TIMEOUT_MS = 10_000;

/** Variables that come from the way in which the shell is run here, not from the user's settings. */
const OWN: ReadonlySet<string> = new Set(["ELECTRON_RUN_AS_NODE", "SHLVL", "_"]);

/**
 * Runs the user's shell as an interactive login shell: many people set PATH in files that only such a shell reads.
 *
 * @returns the variables that a new terminal would have
 * @throws ChoreError TIMED_OUT when the shell's start files take too long, COMMAND_NOT_EXECUTABLE when it prints no environment
 */
export async function loginEnvironment(options: LoginEnvironmentOptions = {}): Promise<Readonly<Record<string, string>>> {
	const { environment = process.env, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
	const shell = options.shell ?? (environment["SHELL"] || shellOfUser());
	// Start files may print anything, so the answer stands between two marks that cannot be guessed.
	const mark = randomUUID().replaceAll("-", "");
	const rest = loginShellArguments(shell, process.execPath, mark);
	const { output, ending } = await outputOf(shell, rest, {
		environment: { ...environment, ELECTRON_RUN_AS_NODE: "1" },
		timeoutMs,
		mark,
	});
	const [, found] = output.split(mark);
	if (found === undefined || output.split(mark).length !== 3) {
		throw new ChoreError("COMMAND_NOT_EXECUTABLE", `the login shell ${shell} did not tell its environment: ${ending}`, {
			hint: `\`${[shell, ...rest.slice(0, -1)].join(" ")} env\` shows what is wrong`,
		});
	}
	const variables: Record<string, string> = JSON.parse(found);
	return Object.fromEntries(Object.entries(variables).filter(([name]) => !OWN.has(name)));
}

function shellOfUser(): string {
	try {
		return userInfo().shell || "/bin/sh";
	} catch {
		return "/bin/sh"; // no entry in passwd(5): containers
	}
}

function folderOfUser(): string {
	try {
		return homedir();
	} catch {
		return "/";
	}
}

/**
 * Runs a shell in a process session of its own, so that it cannot use this process's terminal.
 *
 * @returns what it prints up to the second mark, or all of it, and how it ended, in words
 */
function outputOf(
	program: string,
	rest: readonly string[],
	options: { readonly environment: Readonly<Record<string, string | undefined>>; readonly timeoutMs: number; readonly mark: string },
): Promise<{ readonly output: string; readonly ending: string }> {
	return new Promise((resolve, reject) => {
		const child = spawn(program, rest, {
			cwd: folderOfUser(),
			env: options.environment,
			detached: true,
			stdio: ["ignore", "pipe", "ignore"],
		});
		const silence = new Silence(options.timeoutMs, () => {
			endGroup(child.pid);
			reject(
				new ChoreError("TIMED_OUT", `the login shell ${program} did not start within ${options.timeoutMs} ms`, {
					hint: `\`time ${[program, ...rest.slice(0, -1)].join(" ")} true\` shows how long its start files take`,
				}),
			);
		});
		const parts: Buffer[] = [];
		let ending = "";
		const finish = (): void => {
			silence[Symbol.dispose]();
			child.stdout.destroy();
			resolve({ output: Buffer.concat(parts).toString("utf8"), ending });
		};
		child.stdout.on("data", (part: Buffer) => {
			parts.push(part);
			// Do not wait for the end of the pipe: a process that a start file left in the background may keep it open.
			if (Buffer.concat(parts).toString("latin1").split(options.mark).length > 2) finish();
		});
		child.on("exit", (code, signal) => {
			ending = signal ?? `exit code ${code}`;
		});
		child.on("close", finish);
		child.on("error", (cause) => {
			silence[Symbol.dispose]();
			reject(new ChoreError("COMMAND_NOT_EXECUTABLE", `the login shell ${program} cannot be run`, { hint: "set SHELL to a shell", cause }));
		});
	});
}

/** Ends the shell and what its start files started. */
function endGroup(pid: number | undefined): void {
	if (pid === undefined) return;
	try {
		process.kill(-pid, "SIGKILL");
	} catch {} // it has ended
}
