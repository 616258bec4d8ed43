/**
 * Names of jobs. `names/<name>/` holds one file a claim, numbered; the highest is the holder of the name. A claim is
 * a link(2) to the next number, so of any number of claimants one wins; the file of the highest number is never
 * removed, so that a slow claimant cannot win a number that was given out before.
 */
import { rmSync } from "node:fs";
import type { Context } from "./context.ts";
import { claimFile, makePrivateFolder, readNames, readText } from "./files.ts";
import { hasEnded } from "./job.ts";
import type { Session } from "./session.ts";
import { examine } from "./settle.ts";

/**
 * Takes a name for a job whose active mark is there already.
 * @returns undefined when it is ours, else the id of the active job that has it
 */
export async function claimName(context: Context, name: string, id: string): Promise<string | undefined> {
	const { session } = context;
	const folder = `${session.names}/${name}`;
	for (;;) {
		makePrivateFolder(folder);
		const top = highest(folder);
		const holder = readText(`${folder}/${top}`)?.trim();
		if (holder !== undefined && holder !== id && (await isActive(context, holder))) return holder;
		const mine = top + 1;
		if (!claimFile(`${folder}/${mine}`, `${id}\n`, session.trash)) continue;
		if (highest(folder) === mine) {
			for (const number of numbers(folder)) if (number < mine) rmSync(`${folder}/${number}`, { force: true });
			return undefined;
		}
		rmSync(`${folder}/${mine}`, { force: true });
	}
}

/** The id of the job that holds a name, ended or not; undefined for a name never used. The job may be removed by now. */
export function holderOf(session: Session, name: string): string | undefined {
	const folder = `${session.names}/${name}`;
	for (let tries = 0; tries < 10; tries++) {
		const top = highest(folder);
		if (top === 0) return undefined;
		const holder = readText(`${folder}/${top}`)?.trim();
		if (holder !== undefined) return holder;
	}
	return undefined;
}

/** Whether a job is not over: it runs, waits, is being made, or cannot be asked. */
async function isActive(context: Context, id: string): Promise<boolean> {
	const marked = (): boolean => readText(`${context.session.active}/${id}`) !== undefined;
	if (!marked()) return false;
	const [job] = await examine(context, [id]);
	// Without a job but with its mark: its creator is still at work.
	return job === undefined ? marked() : !hasEnded(job);
}

function highest(folder: string): number {
	return Math.max(0, ...numbers(folder));
}

function numbers(folder: string): number[] {
	return readNames(folder)
		.filter((name) => /^[1-9][0-9]*$/.test(name))
		.map(Number);
}
