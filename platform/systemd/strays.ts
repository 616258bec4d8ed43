/** Units that chore made, and whose jobs are gone: somebody deleted a state folder, or forgot a job that could not be reached. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Stray } from "../contract.ts";
import { isChoreError } from "../errors.ts";
import type { Systemd } from "./requests.ts";
import type { UnitRow } from "./status.ts";
import { jobInToken } from "./unit.ts";

/** @param systemctl the command by which people reach this manager */
export async function findStrays(systemd: Systemd, systemctl: string): Promise<readonly Stray[]> {
	const rows = await systemd.listUnitsByPattern("*.service");
	const ours = rows.flatMap((row) => {
		const jobId = jobInToken(row.description);
		return jobId === undefined ? [] : [{ row, jobId }];
	});
	const folders = await Promise.all(ours.map(({ row }) => folderOf(systemd, row)));
	return ours.flatMap(({ row, jobId }, index) => {
		const folder = folders[index];
		// Of a unit that is not understood, or has gone meanwhile, nothing is claimed.
		return folder === undefined || existsSync(dirname(dirname(folder))) ? [] : [stray(row, jobId, systemctl)];
	});
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
	return { name: row.name, jobId, active, cure: `${systemctl} ${active ? "stop" : "reset-failed"} ${quoted(row.name)}` };
}

function quoted(name: string): string {
	return /^[A-Za-z0-9:_.@-]+$/.test(name) ? name : `'${name}'`;
}

/** The last word of the hook: as it is, or as unit.ts spells it. @param commands ExecStopPost (org.freedesktop.systemd1(5)) */
export function runFolder(commands: unknown): string | undefined {
	const [command] = (commands ?? []) as readonly (readonly unknown[])[];
	const words = command?.[1] as readonly string[] | undefined;
	const last = words?.at(-1);
	if (words === undefined || last === undefined) return undefined;
	if (words.at(-2) !== "-c") return last.startsWith("/") ? last : undefined;
	const spelt = /"`printf '([^']*)'`"$/.exec(last)?.[1];
	return spelt?.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
