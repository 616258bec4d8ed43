/**
 * Finds the variables that the user's login shell sets, for the editor: a program started from a desktop lacks the PATH of
 * nvm, rbenv or Homebrew, and what ~/.profile sets.
 */
import { randomUUID } from "node:crypto";
import { homedir, userInfo } from "node:os";
import { ChoreError } from "../../../platform/errors.ts";
import { type ProgramEnd, runProgram } from "../../../platform/program.ts";
import { isDoubtful } from "../exact-text.ts";
import { loginShellArguments } from "./login-shell.ts";

/** Which shell `loginEnvironment` asks, and for how long. */
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
 * @returns the variables that a new terminal would have, without those that may have bytes that are not UTF-8
 * @throws ChoreError TIMED_OUT when the shell's start files take too long, COMMAND_NOT_EXECUTABLE when it prints no environment
 */
export async function loginEnvironment(options: LoginEnvironmentOptions = {}): Promise<Readonly<Record<string, string>>> {
	const { environment = process.env, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
	const shell = options.shell ?? (environment["SHELL"] || shellOfUser());
	// Start files may print anything, so the answer stands between two marks that cannot be guessed.
	const mark = randomUUID().replaceAll("-", "");
	const rest = loginShellArguments(shell, process.execPath, mark);
	const partsOf = (out: Buffer): readonly string[] => out.toString("utf8").split(mark);
	// Apart, so that it cannot use our terminal.
	const end = await runProgram(shell, rest, {
		environment: { ...environment, ELECTRON_RUN_AS_NODE: "1" },
		directory: folderOfUser(),
		apart: true,
		patienceMs: timeoutMs,
		isEnough: (out) => partsOf(out).length > 2,
	});
	if (end.kind === "not run") {
		throw new ChoreError("COMMAND_NOT_EXECUTABLE", `the login shell ${shell} cannot be run`, {
			hint: "set SHELL to a shell",
			cause: end.error,
		});
	}
	if (end.kind === "overdue") {
		throw new ChoreError("TIMED_OUT", `the login shell ${shell} did not start within ${timeoutMs} ms`, {
			hint: `\`time ${[shell, ...rest.slice(0, -1)].join(" ")} true\` shows how long its start files take`,
		});
	}
	const [, found, ...others] = partsOf(end.out);
	if (found === undefined || others.length !== 1) {
		throw new ChoreError("COMMAND_NOT_EXECUTABLE", `the login shell ${shell} did not tell its environment: ${endingOf(end)}`, {
			hint: `\`${[shell, ...rest.slice(0, -1)].join(" ")} env\` shows what is wrong`,
		});
	}
	const variables: Record<string, string> = JSON.parse(found);
	return Object.fromEntries(Object.entries(variables).filter(([name, value]) => !OWN.has(name) && !isDoubtful(`${name}${value}`)));
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

/** How the shell ended, for the message. */
function endingOf(end: ProgramEnd): string {
	return end.kind === "ended" ? (end.signal ?? `exit code ${end.code}`) : "";
}
