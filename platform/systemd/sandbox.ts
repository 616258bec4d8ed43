/**
 * What a unit needs besides where properties take the file system or other things of the system from its processes. The
 * hook is one of them: it has to reach its own file and the folder of the job, or the end of the job is not recorded. Pure.
 */
import { posix } from "node:path";
import { ChoreError } from "../errors.ts";
import { flag, type Property, texts } from "./property.ts";

/** Those by which processes see another file system than the manager (systemd.exec(5), "Sandboxing"). */
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

/** Those besides that only root can have, or whoever is root in a user namespace. */
const PRIVILEGED = ["PrivateNetwork", "ProtectClock", "ProtectHostname"];

/** What PrivateTmp= and ProtectHome= replace. */
const TEMPORARY = ["/tmp", "/var/tmp"];
const HOMES = ["/home", "/root", "/run/user"];

/** rbind: with what is mounted below. */
const MS_REC = 16_384n;

export interface Places {
	/** Holds the start script and the run's folder. */
	readonly jobFolder: string;
	readonly hookPath: string;
	/** Whether the manager is root's. */
	readonly isPrivileged: boolean;
}

/**
 * The properties to be added to these.
 *
 * @throws ChoreError INVALID_ARGUMENT where one of them would hide the job's folder from the hook
 */
export function sandboxProperties(properties: readonly Property[], places: Places): readonly Property[] {
	const active = properties.filter(isActive);
	const mounts = active.filter(({ name }) => MOUNTS.includes(name));
	const added: Property[] = [];
	// Later systemd does the same by itself; 252 would leave such properties aside, and say nothing.
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

/** Whether there is an empty folder in the place of one that the path is in. */
function isReplaced(mounts: readonly Property[], path: string): boolean {
	return mounts.some(({ name, value }) => {
		if (name === "PrivateTmp") return TEMPORARY.some((folder) => isIn(path, folder));
		return name === "ProtectHome" && value === "tmpfs" && HOMES.some((folder) => isIn(path, folder));
	});
}

/** What is made inaccessible cannot be given back in part. */
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

/** systemd 252 does not read such paths as it wrote them. */
function spelt(path: string, forbidden: RegExp): string {
	if (!forbidden.test(path)) return path;
	throw new ChoreError("INVALID_ARGUMENT", `a job in ${JSON.stringify(path)} cannot have another file system than others`, {
		hint: "choose a state folder without blanks and quotes in its path: CHORE_HOME",
	});
}

function isIn(path: string, folder: string): boolean {
	return path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
}
