/**
 * Adds what a unit needs when its properties restrict the file system (ProtectSystem=, PrivateTmp=, …). The restrictions
 * also apply to the hook, which must reach its own file and the job's folder, or the end of the run is not recorded. Pure.
 */
import { posix } from "node:path";
import { ChoreError } from "../errors.ts";
import { flag, type Property, texts } from "./property.ts";

/** Properties that give the processes of a unit a file system of their own (systemd.exec(5), "Sandboxing"). */
const MOUNTS = [
	"PrivateTmp",
	"PrivateDevices",
	"ProtectSystem",
	"ProtectHome",
	"ProtectProc",
	"ProtectControlGroups",
	"ProtectKernelLogs",
	"ProtectKernelModules",
	"ProtectKernelTunables",
	"ReadOnlyPaths",
	"ReadWritePaths",
	"InaccessiblePaths",
];

/** Other properties that only root can use, or a user in a user namespace (PrivateUsers=). */
const PRIVILEGED = ["PrivateNetwork", "ProtectClock", "ProtectHostname"];

/** The folders that PrivateTmp= and ProtectHome= replace. */
const TEMPORARY = ["/tmp", "/var/tmp"];
const HOMES = ["/home", "/root", "/run/user"];

/** Makes a bind mount recursive (mount(2)). */
const MS_REC = 16_384n;

export interface Places {
	/** Holds the start script and the run's folder. */
	readonly jobFolder: string;
	readonly hookPath: string;
	/** Whether the manager runs as root. */
	readonly isPrivileged: boolean;
}

/**
 * The properties to add to those that the user asked for.
 *
 * @throws ChoreError INVALID_ARGUMENT when one of those would hide the job's folder from the hook
 */
export function sandboxProperties(properties: readonly Property[], places: Places): readonly Property[] {
	const active = properties.filter(isActive);
	const mounts = active.filter(({ name }) => MOUNTS.includes(name));
	const added: Property[] = [];
	// systemd 252 silently ignores such properties in a user manager without PrivateUsers=. Later versions add it themselves.
	const needsUsers = mounts.length > 0 || active.some(({ name }) => PRIVILEGED.includes(name));
	if (needsUsers && !places.isPrivileged && !properties.some(({ name }) => name === "PrivateUsers")) added.push(flag("PrivateUsers", true));
	if (mounts.length > 0) added.push(...access(mounts, places));
	return added;
}

function isActive({ value }: Property): boolean {
	return value !== false && value !== "no" && value !== "default";
}

function access(mounts: readonly Property[], { jobFolder, hookPath }: Places): readonly Property[] {
	for (const path of [jobFolder, hookPath]) refuseHiding(mounts, path);
	const writable = isReplaced(mounts, jobFolder)
		? bind("BindPaths", jobFolder)
		: texts("ReadWritePaths", [spelt(jobFolder, /["\\\p{Cc}]/u)]);
	const hookFolder = posix.dirname(hookPath);
	return isReplaced(mounts, hookFolder) ? [writable, bind("BindReadOnlyPaths", hookFolder)] : [writable];
}

/** Whether the properties put an empty folder in the place of one above this path. */
function isReplaced(mounts: readonly Property[], path: string): boolean {
	return mounts.some(({ name, value }) => {
		if (name === "PrivateTmp") return TEMPORARY.some((folder) => isIn(path, folder));
		return name === "ProtectHome" && value === "tmpfs" && HOMES.some((folder) => isIn(path, folder));
	});
}

/** Refuses what makes a folder above this path inaccessible: no other property can make a part of it accessible again. */
function refuseHiding(mounts: readonly Property[], path: string): void {
	for (const { name, value } of mounts) {
		const hidden = name === "InaccessiblePaths" ? (value as readonly string[]) : name === "ProtectHome" && value === "yes" ? HOMES : [];
		const folder = hidden.map((word) => posix.resolve(word.replace(/^-?\+?/, ""))).find((one) => isIn(path, one));
		if (folder === undefined) continue;
		throw new ChoreError("INVALID_ARGUMENT", `${name} would hide chore's own folder from the job: ${path} is in ${folder}`, {
			hint: name === "ProtectHome" ? "use ProtectHome=tmpfs" : "choose another state folder: CHORE_HOME",
		});
	}
}

function bind(name: string, path: string): Property {
	const source = spelt(path, /["'\\\s:\p{Cc}]/u);
	return { name, signature: "a(ssbt)", value: [[source, source, false, MS_REC]] };
}

/** @throws ChoreError INVALID_ARGUMENT for a path that systemd 252 writes into the unit's file and then reads differently */
function spelt(path: string, forbidden: RegExp): string {
	if (!forbidden.test(path)) return path;
	throw new ChoreError("INVALID_ARGUMENT", `a job in ${JSON.stringify(path)} cannot have another file system than others`, {
		hint: "choose a state folder without blanks and quotes in its path: CHORE_HOME",
	});
}

function isIn(path: string, folder: string): boolean {
	return path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
}
