/** Whether logind ends a user's processes with the session (logind.conf(5), KillUserProcesses=). Read from its files. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { basename } from "node:path";
import type { LogoutFate } from "../contract.ts";
import { errnoOf } from "../errors.ts";

/** What logind.conf says of processes that outlive their session. */
export interface LogindSettings {
	readonly killUserProcesses: boolean;
	/** Empty: all users. */
	readonly killOnlyUsers: readonly string[];
	readonly killExcludeUsers: readonly string[];
}

/** In order of precedence; a drop-in in an earlier folder hides one of the same name in a later one (systemd.unit(5)). */
const FOLDERS: readonly string[] = ["/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd"];

/** Where logind keeps the names of users whose manager outlives their sessions. */
const LINGER_FOLDER = "/var/lib/systemd/linger";

/** What the fate of a new job hangs on. */
export interface Surroundings {
	readonly user: string;
	/** $XDG_SESSION_ID, set by pam_systemd(8). */
	readonly sessionId: string | undefined;
	/** The text of /proc/self/cgroup, empty where there is none. */
	readonly cgroup: string;
	readonly lingers: boolean;
	readonly settings: LogindSettings;
}

/** What happens at logout to a job that is started now. */
export async function currentLogoutFate(): Promise<LogoutFate> {
	const user = userName();
	return logoutFate({
		user,
		sessionId: process.env["XDG_SESSION_ID"],
		cgroup: textOf("/proc/self/cgroup") ?? "",
		lingers: existsSync(`${LINGER_FOLDER}/${user}`),
		settings: parseLogind(configurationTexts(FOLDERS)),
	});
}

/** How logind treats what outlives a session, in words. */
export function logindWords(): string {
	// sd_booted(3), for logind: the folder is made when it starts.
	if (!existsSync("/run/systemd/seats")) return "not running: nothing ends processes at logout";
	const { killUserProcesses, killOnlyUsers, killExcludeUsers } = parseLogind(configurationTexts(FOLDERS));
	if (!killUserProcesses) return "KillUserProcesses=no";
	const only = killOnlyUsers.length === 0 ? "" : `, only of ${killOnlyUsers.join(", ")}`;
	const not = killExcludeUsers.length === 0 ? "" : `, not of ${killExcludeUsers.join(", ")}`;
	return `KillUserProcesses=yes${only}${not}`;
}

/** A user that is not in passwd(5), as in many containers, is in no list of logind's either. */
function userName(): string {
	try {
		return userInfo().username;
	} catch {
		return `uid ${process.geteuid?.()}`;
	}
}

/** What happens at logout to a job that is started in these surroundings. */
export function logoutFate({ user, sessionId, cgroup, lingers, settings }: Surroundings): LogoutFate {
	// Terminals of some desktops run as units of the user's own manager, and so does all that they start.
	if (/\/user@[0-9]+\.service(?:\/|$)/m.test(cgroup)) {
		if (lingers) return { survives: true };
		return {
			survives: false,
			reason: "this process belongs to the user's systemd manager, which ends with the last session",
			cure: "chore --platform systemd doctor --linger",
		};
	}
	if (!sessionId && !/\/session-[^/]+\.scope(?:\/|$)/m.test(cgroup)) return { survives: true };
	const { killUserProcesses, killOnlyUsers, killExcludeUsers } = settings;
	const isKilled = killUserProcesses && !killExcludeUsers.includes(user) && (killOnlyUsers.length === 0 || killOnlyUsers.includes(user));
	if (!isKilled) return { survives: true };
	return {
		survives: false,
		reason: "logind ends all processes of a session with it (KillUserProcesses=yes)",
		cure: "run jobs on systemd, after chore --platform systemd doctor --linger; or set KillUserProcesses=no in /etc/systemd/logind.conf",
	};
}

/**
 * Reads the texts of logind.conf and its drop-ins.
 *
 * @param texts in the order in which they are applied: a later one wins
 */
export function parseLogind(texts: readonly string[]): LogindSettings {
	// Distributions choose the default when they build logind; the file that they ship shows it as a comment.
	const shown = texts.map((text) => /^#\s*KillUserProcesses=(\S+)$/m.exec(text)?.[1]).find((word) => word !== undefined);
	let killUserProcesses = truth(shown ?? "no") ?? false;
	let killOnlyUsers: readonly string[] = [];
	let killExcludeUsers: readonly string[] = ["root"];
	// A list that is assigned again is extended, and emptied by an empty value.
	const extended = (list: readonly string[], words: string) => (words === "" ? [] : [...list, ...words.split(/\s+/)]);
	for (const [key, value] of texts.flatMap(assignmentsOfLogin)) {
		if (key === "KillUserProcesses") killUserProcesses = truth(value) ?? killUserProcesses;
		if (key === "KillOnlyUsers") killOnlyUsers = extended(killOnlyUsers, value);
		if (key === "KillExcludeUsers") killExcludeUsers = extended(killExcludeUsers, value);
	}
	return { killUserProcesses, killOnlyUsers, killExcludeUsers };
}

/**
 * The files that logind reads, in the order in which it applies them: the first logind.conf that there is, then the
 * drop-ins of all folders by name.
 */
export function configurationTexts(folders: readonly string[]): readonly string[] {
	const main = folders.map((folder) => textOf(`${folder}/logind.conf`)).find((text) => text !== undefined);
	const dropIns = new Map<string, string>();
	for (const folder of [...folders].reverse()) for (const path of dropInsOf(folder)) dropIns.set(basename(path), path);
	const inOrder = [...dropIns].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, path]) => textOf(path) ?? "");
	return [main ?? "", ...inOrder];
}

function assignmentsOfLogin(text: string): readonly (readonly [key: string, value: string])[] {
	let section = "";
	return text
		.replaceAll(/\\\n/g, " ")
		.split("\n")
		.flatMap((line): readonly (readonly [string, string])[] => {
			const trimmed = line.trim();
			if (trimmed.startsWith("[")) section = trimmed;
			const equals = trimmed.indexOf("=");
			if (section !== "[Login]" || equals < 1 || /^[#;]/.test(trimmed)) return [];
			return [[trimmed.slice(0, equals).trim(), trimmed.slice(equals + 1).trim()]];
		});
}

function truth(word: string): boolean | undefined {
	if (/^(?:1|yes|y|true|t|on)$/i.test(word)) return true;
	return /^(?:0|no|n|false|f|off)$/i.test(word) ? false : undefined;
}

function dropInsOf(folder: string): readonly string[] {
	try {
		return readdirSync(`${folder}/logind.conf.d`)
			.filter((name) => name.endsWith(".conf"))
			.map((name) => `${folder}/logind.conf.d/${name}`);
	} catch (error) {
		if (isOutOfReach(error)) return [];
		throw error;
	}
}

function textOf(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8");
	} catch (error) {
		if (isOutOfReach(error)) return undefined;
		throw error;
	}
}

function isOutOfReach(error: unknown): boolean {
	return ["ENOENT", "ENOTDIR", "EACCES", "EISDIR"].includes(errnoOf(error) ?? "");
}
