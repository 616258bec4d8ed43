/**
 * Names of jobs. `names/<name>/` holds one symbolic link a claim, numbered, that says the job's id; the highest is the
 * holder of the name. Of any number that make the link of the next number one wins; that of the highest number is never
 * removed, so that a slow claimant cannot win a number that was given out before.
 */
import { rmSync } from "node:fs";
import type { Context } from "./context.ts";
import { claimLink, makePrivateFolder, readLink, readNames, readText } from "./files.ts";
import { hasEnded } from "./job.ts";
import { isCreatorAlive } from "./place.ts";
import { isId, type Session } from "./session.ts";
import { examine, hasRecordedEnd } from "./settle.ts";

/**
 * Takes a name for a job whose active mark is there already.
 * @returns undefined when it is ours, else the id of the active job that has it
 */
export async function claimName(context: Context, name: string, id: string): Promise<string | undefined> {
	for (;;) {
		const holder = await claimFrom(context.session, name, id, (holder) => isActive(context, holder));
		if (holder !== "lost the race") return holder;
	}
}

/**
 * Takes a name that is free, or the same with -2, -3 … A job that ended unseen may still count as active here: nobody
 * asked for exactly that name, and a thousand jobs of one program are not asked after one by one.
 */
export async function claimFreeName(session: Session, base: string, id: string): Promise<string> {
	const seemsActive = (holder: string): boolean => {
		const mark = readText(`${session.active}/${holder}`);
		return mark !== undefined && (isCreatorAlive(mark) || !hasRecordedEnd(session, holder));
	};
	const numbered = (number: number): string => (number === 1 ? base : `${base}-${number}`);
	const isFree = (number: number): boolean => {
		const holder = holderOf(session, numbered(number));
		return holder === undefined || !seemsActive(holder);
	};
	for (;;) {
		const name = numbered(firstWhere(isFree));
		if ((await claimFrom(session, name, id, seemsActive)) === undefined) return name;
	}
}

/** One try. The check of the holder and the link belong together: only the number after the holder's can be won. */
async function claimFrom(
	session: Session,
	name: string,
	id: string,
	isTaken: (holder: string) => boolean | Promise<boolean>,
): Promise<string | undefined> {
	const folder = `${session.names}/${name}`;
	makePrivateFolder(folder);
	const top = highest(folder);
	const holder = entry(folder, top);
	if (holder !== undefined && (await isTaken(holder))) return holder;
	const mine = top + 1;
	if (!claimLink(`${folder}/${mine}`, id)) return "lost the race";
	if (highest(folder) === mine) {
		for (const number of numbers(folder)) if (number < mine) rmSync(`${folder}/${number}`, { force: true });
		return undefined;
	}
	rmSync(`${folder}/${mine}`, { force: true });
	return "lost the race";
}

/** A number from 1 on for which it is so, by doubling and halving: the first one where all before it are not. */
function firstWhere(isSo: (number: number) => boolean): number {
	if (isSo(1)) return 1;
	let not = 1;
	let so = 2;
	while (!isSo(so)) [not, so] = [so, so * 2];
	while (so - not > 1) {
		const middle = (not + so) >> 1;
		if (isSo(middle)) so = middle;
		else not = middle;
	}
	return so;
}

/** The id of the job that holds a name, ended or not; undefined for a name never used. The job may be removed by now. */
export function holderOf(session: Session, name: string): string | undefined {
	const folder = `${session.names}/${name}`;
	for (let tries = 0; tries < 10; tries++) {
		const top = highest(folder);
		if (top === 0) return undefined;
		const holder = entry(folder, top);
		if (holder !== undefined) return holder;
	}
	return undefined;
}

/** The id in an entry; undefined for one that is gone, and for one that is damaged: nobody holds the name by that. */
function entry(folder: string, number: number): string | undefined {
	const id = readLink(`${folder}/${number}`) ?? "";
	return isId(id) ? id : undefined;
}

/** Whether a job is not over: it runs, waits, is being made, or cannot be asked. */
async function isActive(context: Context, id: string): Promise<boolean> {
	const mark = (): string | undefined => readText(`${context.session.active}/${id}`);
	if (mark() === undefined) return false;
	const [job] = await examine(context, [id]);
	// Without a job but with its mark, or over and being started again: somebody is at work on it.
	return job === undefined ? mark() !== undefined : !hasEnded(job) || isCreatorAlive(mark());
}

function highest(folder: string): number {
	return Math.max(0, ...numbers(folder));
}

function numbers(folder: string): number[] {
	return readNames(folder)
		.filter((name) => /^[1-9][0-9]*$/.test(name))
		.map(Number);
}
