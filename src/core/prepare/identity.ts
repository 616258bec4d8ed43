/**
 * Runs a job as another user or group, for root only. The start script gives up root's rights by setpriv(1) as its last step:
 * until then it needs them for files that only root can read. The record of the end stays root's, too.
 */
import { spawnSync } from "node:child_process";
import { ChoreError } from "../../../platform/errors.ts";
import type { Callers } from "./environment.ts";
import { findProgram } from "./precheck.ts";
import { quoted } from "./start-script.ts";

/** A user and group that are not the caller's. */
export interface Identity {
	/** A command that becomes that user and then runs the words that follow it. */
	readonly command: readonly [string, ...string[]];
	/** HOME, USER, LOGNAME and SHELL of the user, as systemd sets them for User= (systemd.exec(5)); empty if only a group is given. */
	readonly environment: Readonly<Record<string, string>>;
	/** For messages. */
	readonly name: string;
}

/** Variables that name folders and sockets of the caller, which another user cannot enter. */
const OF_THE_CALLER = /^(XDG_RUNTIME_DIR|DBUS_SESSION_BUS_ADDRESS|XDG_(CONFIG|DATA|STATE|CACHE)_HOME)$/;

/**
 * @param user name or number of passwd(5)
 * @param group name or number; if undefined the user's own
 * @returns undefined if user and group are the caller's already
 * @throws ChoreError INVALID_ARGUMENT if there is no such user or group, or the caller is not root
 */
export function findIdentity(user: string | undefined, group: string | undefined): Identity | undefined {
	if (user === undefined && group === undefined) return undefined;
	const [name = "", , userId, ownGroupId, , home = "", shell = ""] = user === undefined ? [] : lookUp("passwd", "user", user);
	const groupId = group === undefined ? ownGroupId : lookUp("group", "group", group)[2];
	const isCaller = (userId === undefined || Number(userId) === process.geteuid?.()) && Number(groupId) === process.getegid?.();
	if (isCaller) return undefined;
	if (process.geteuid?.() !== 0) {
		throw new ChoreError("INVALID_ARGUMENT", "only root can run a job as another user or group than its own", {
			hint: "start it as that user",
		});
	}
	const users = userId === undefined ? ["--keep-groups"] : ["--reuid", userId, "--init-groups"];
	return {
		command: [setpriv(), "--regid", String(groupId), ...users, "--inh-caps=-all", "--"],
		environment: userId === undefined ? {} : { HOME: home, USER: name, LOGNAME: name, SHELL: shell || "/bin/sh" },
		name: name || String(group),
	};
}

/** The caller's variables, with those of the other user added and those that only the caller can use left out. */
export function environmentAs({ environment }: Identity, callers: Callers): Callers {
	if (environment["USER"] === undefined) return callers;
	const kept = callers.variables.filter(([name]) => !OF_THE_CALLER.test(name));
	return { ...callers, variables: [...kept, ...Object.entries(environment)] };
}

/** Tries to become that user, in a short process. @throws ChoreError if that fails, or the user cannot run the program */
export function checkIdentity({ command: [program, ...words], name }: Identity, jobsProgram: string): void {
	// Read from its input, since Node can give a program no argument that is not UTF-8.
	const script = Buffer.concat([Buffer.from("[ -x "), quoted(jobsProgram), Buffer.from(" ] || exit 9\n")]);
	const { status, stderr, error } = spawnSync(program, [...words, "/bin/sh"], {
		cwd: "/",
		encoding: "utf8",
		input: script,
		stdio: ["pipe", "ignore", "pipe"],
	});
	if (status === 0) return;
	if (status === 9) {
		throw new ChoreError("COMMAND_NOT_EXECUTABLE", `${name} cannot run ${jobsProgram}: permission denied (EACCES)`, {
			hint: "the program, and every folder that it is in, must be open to that user",
		});
	}
	throw new ChoreError("OPTION_UNSUPPORTED", `a job cannot be run as ${name} here: ${stderr?.trim() || error?.message || status}`, {
		hint: "start it as that user",
		cause: error,
	});
}

/** The fields of an entry, by name or number, from all databases of the system (getent(1)). */
function lookUp(database: "passwd" | "group", what: string, key: string): readonly string[] {
	const { status, stdout } = spawnSync("getent", ["--", database, key], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
	if (key !== "" && status === 0) return stdout.split("\n", 1)[0]?.split(":") ?? [];
	throw new ChoreError("INVALID_ARGUMENT", `there is no ${what} ${JSON.stringify(key)}`, { hint: `getent ${database} lists them` });
}

function setpriv(): string {
	try {
		return findProgram("setpriv", "/", undefined);
	} catch (cause) {
		throw new ChoreError("OPTION_UNSUPPORTED", "a job cannot be run as another user here: there is no setpriv(1), which is in util-linux", {
			hint: "start it as that user",
			cause,
		});
	}
}
