/** Whether logind kills a user's processes at logout (logind.conf(5), KillUserProcesses=). Reads files only. */
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import type { LogoutFate } from "../contract.ts";
import { errnoOf } from "../errors.ts";
import { hasLogind, lingers, userName } from "../linger.ts";

/** What logind.conf says of processes that outlive their session. */
export interface LogindSettings {
	readonly killUserProcesses: boolean;
	/** Empty: all users. */
	readonly killOnlyUsers: readonly string[];
	readonly killExcludeUsers: readonly string[];
}

/** In order of precedence; a drop-in in an earlier folder hides one of the same name in a later one (systemd.unit(5)). */
const FOLDERS: readonly string[] = ["/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd"];

/** What decides whether a new job survives the logout. */
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
		lingers: lingers(user),
		settings: parseLogind(configurationTexts(FOLDERS)),
	});
}

/** For `chore doctor`: what logind does to processes that outlive their session. */
export function logindWords(): string {
	if (!hasLogind()) return "not running: nothing ends processes at logout";
	const { killUserProcesses, killOnlyUsers, killExcludeUsers } = parseLogind(configurationTexts(FOLDERS));
	if (!killUserProcesses) return "KillUserProcesses=no";
	const only = killOnlyUsers.length === 0 ? "" : `, only of ${killOnlyUsers.join(", ")}`;
	const not = killExcludeUsers.length === 0 ? "" : `, not of ${killExcludeUsers.join(", ")}`;
	return `KillUserProcesses=yes${only}${not}`;
}

/** What happens at logout to a job that is started in these surroundings. */
export function logoutFate({ user, sessionId, cgroup, lingers, settings }: Surroundings): LogoutFate {
	// Some desktops run terminals as units of the user's manager: everything started there ends with the manager.
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
 * Reads the settings from the texts of logind.conf and its drop-ins.
 *
 * @param texts in the order in which logind applies them: a later one wins
 */
export function parseLogind(texts: readonly string[]): LogindSettings {
	// Each distribution builds logind with a default of its own and shows that default as a comment in logind.conf.
	const shown = texts.map((text) => /^#\s*KillUserProcesses=(\S+)$/m.exec(text)?.[1]).find((word) => word !== undefined);
	let killUserProcesses = truth(shown ?? "no") ?? false;
	let killOnlyUsers: readonly string[] = [];
	let killExcludeUsers: readonly string[] = ["root"];
	// A second assignment adds to a list; an empty value empties it.
	const extended = (list: readonly string[], words: string) => (words === "" ? [] : [...list, ...words.split(/\s+/)]);
	for (const [key, value] of texts.flatMap(assignmentsOfLogin)) {
		if (key === "KillUserProcesses") killUserProcesses = truth(value) ?? killUserProcesses;
		if (key === "KillOnlyUsers") killOnlyUsers = extended(killOnlyUsers, value);
		if (key === "KillExcludeUsers") killExcludeUsers = extended(killExcludeUsers, value);
	}
	return { killUserProcesses, killOnlyUsers, killExcludeUsers };
}

/**
 * The texts of the files that logind reads, in the order in which it applies them: the first logind.conf that exists, then
 * the drop-ins of all folders, sorted by file name.
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
