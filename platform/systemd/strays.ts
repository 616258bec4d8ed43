/** Finds units that chore started and whose job's folder is gone: it was deleted by hand, or by `chore rm` of a job out of reach. */
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { Stray } from "../contract.ts";
import { isChoreError } from "../errors.ts";
import { shellWord } from "../shell-word.ts";
import type { Systemd } from "./requests.ts";
import type { UnitRow } from "./status.ts";
import { jobInToken } from "./unit.ts";

/** See Platform.strays. @param systemctl the command for this manager, with its options */
export async function findStrays(systemd: Systemd, systemctl: string): Promise<readonly Stray[]> {
	const rows = await systemd.listUnitsByPattern("*.service");
	const ours = rows.flatMap((row) => {
		const jobId = jobInToken(row.description);
		return jobId === undefined ? [] : [{ row, jobId }];
	});
	const folders = await Promise.all(ours.map(({ row }) => folderOf(systemd, row)));
	const runs = ours.flatMap(({ row, jobId }, index) => {
		const folder = folders[index];
		// Skip a unit whose folder is not known.
		return folder === undefined || existsSync(dirname(dirname(folder))) ? [] : [stray(row, jobId, systemctl)];
	});
	return [...runs, ...(await strayWakers(systemd, systemctl))];
}

/** What wakes a job and was linked from a job's folder that is gone. A timer that is active fires on, and its service finds nothing. */
async function strayWakers(systemd: Systemd, systemctl: string): Promise<readonly Stray[]> {
	const folders = (await systemd.managerProperty("UnitPath")) as readonly string[];
	const links = folders.flatMap((folder) => namesIn(folder).map((name) => ({ name, folder, target: targetOf(`${folder}/${name}`) })));
	const dangling = links.flatMap(({ name, folder, target }) => {
		const job = target === undefined ? undefined : dirname(dirname(target));
		return job === undefined || existsSync(job) ? [] : [{ name, link: `${folder}/${name}`, jobId: basename(job) }];
	});
	const rows = dangling.length === 0 ? [] : await systemd.listUnitsByPattern("chore-*");
	return dangling.map(({ name, link, jobId }) => {
		const active = rows.some((row) => row.name === name && row.activeState === "active");
		// systemctl disables no unit whose file is gone.
		const remove = `rm -f ${shellWord(link)} ${shellWord(`${dirname(link)}/timers.target.wants/${name}`)}`;
		return { name, jobId, active, cure: active ? `${systemctl} stop ${shellWord(name)}; ${remove}` : remove };
	});
}

function namesIn(folder: string): readonly string[] {
	try {
		return readdirSync(folder).filter((name) => /^chore-.+-r[0-9]+\.(timer|service)$/.test(name));
	} catch {
		return []; // most of the manager's folders do not exist
	}
}

/** Where a link in the place of a unit's file leads to, if to the file of a schedule. */
function targetOf(path: string): string | undefined {
	try {
		const target = readlinkSync(path);
		return /\/jobs\/[^/]+\/schedule\/[^/]+$/.test(target) ? target : undefined;
	} catch {
		return undefined; // it is no link
	}
}

async function folderOf(systemd: Systemd, row: UnitRow): Promise<string | undefined> {
	try {
		return runFolder((await systemd.properties(row.path))["ExecStopPost"]);
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return undefined; // it ended meanwhile
	}
}

function stray(row: UnitRow, jobId: string, systemctl: string): Stray {
	const active = row.activeState !== "failed" && row.activeState !== "inactive";
	return { name: row.name, jobId, active, cure: `${systemctl} ${active ? "stop" : "reset-failed"} ${shellWord(row.name)}` };
}

/**
 * The folder of a unit's run: the last word of its hook, plain or spelt by unit.ts.
 *
 * @param commands its property ExecStopPost (org.freedesktop.systemd1(5))
 * @returns undefined for a command of another form
 */
export function runFolder(commands: unknown): string | undefined {
	const [command] = (commands ?? []) as readonly (readonly unknown[])[];
	const words = command?.[1] as readonly string[] | undefined;
	const last = words?.at(-1);
	if (words === undefined || last === undefined) return undefined;
	if (words.at(-2) !== "-c") return last.startsWith("/") ? last : undefined;
	const spelt = /"`printf '([^']*)'`"$/.exec(last)?.[1];
	return spelt?.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
