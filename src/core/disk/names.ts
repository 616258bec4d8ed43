/**
 * Names of jobs. `names/<name>/` holds one symbolic link a claim, numbered, that says the job's id; the highest is the
 * holder of the name. Of any number that make the link of the next number one wins, and only as long as that of the
 * holder it found is still there: a slow claimant cannot win a number that was given out before, nor in a folder that was
 * made anew.
 */
import { rmdirSync, rmSync } from "node:fs";
import { errnoOf } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { hasEnded } from "../job.ts";
import { examine, hasRecordedEnd } from "../settle/settle.ts";
import { claimLink, makePrivateFolder, readLink, readNames, readText } from "./files.ts";
import { isCreatorAlive } from "./place.ts";
import { isId, isName, markOf, type Session } from "./session.ts";

/**
 * Takes a name for a job whose active mark is there already.
 * @returns undefined when it is ours, else the id of the active job that has it
 */
export async function claimName(context: Context, name: string, id: string): Promise<string | undefined> {
	for (;;) {
		const claim = holderToReplace(context.session, name);
		if (claim.holder !== undefined && (await isActive(context, claim.holder))) return claim.holder;
		if (take(claim, id)) return undefined;
	}
}

/**
 * Takes a name that is free, or the same with -2, -3 … A job that ended unseen may still count as active here: nobody
 * asked for exactly that name, and a thousand jobs of one program are not asked after one by one. Without a wait in
 * it: of many starts in one process each has its name before the next looks for one.
 */
export function claimFreeName(session: Session, base: string, id: string): string {
	const numbered = (number: number): string => (number === 1 ? base : `${base}-${number}`);
	const isFree = (number: number): boolean => {
		const holder = holderOf(session, numbered(number));
		return holder === undefined || !seemsActive(session, holder);
	};
	const given = lastGiven(session);
	for (;;) {
		const number = isFree(1) ? 1 : firstWhere(isFree, (given.get(base) ?? 1) + 1);
		const claim = holderToReplace(session, numbered(number));
		if (claim.holder !== undefined && seemsActive(session, claim.holder)) continue;
		if (!take(claim, id)) continue;
		given.set(base, number);
		return numbered(number);
	}
}

/** A name as it was found: only the number after that of the holder can be won. */
interface Claim {
	readonly folder: string;
	readonly mine: number;
	readonly holder: string | undefined;
}

function holderToReplace(session: Session, name: string): Claim {
	const folder = `${session.names}/${name}`;
	makePrivateFolder(folder);
	const top = highest(folder);
	return { folder, mine: top + 1, holder: entry(folder, top) };
}

/** @returns false when another was faster */
function take({ folder, mine, holder }: Claim, id: string): boolean {
	if (!claimLink(`${folder}/${mine}`, id)) return false;
	const all = numbers(folder);
	const followsHolder = mine === 1 || (all.includes(mine - 1) && entry(folder, mine - 1) === holder);
	const won = Math.max(...all) === mine && followsHolder;
	for (const number of all) if (won ? number < mine : number === mine) rmSync(`${folder}/${number}`, { force: true });
	return won;
}

/** Gives up the name of a job that is gone, unless another has taken it. */
export function forgetName(session: Session, name: string, id: string): void {
	if (!isName(name)) return;
	const folder = `${session.names}/${name}`;
	const top = highest(folder);
	if (entry(folder, top) !== id) return;
	rmSync(`${folder}/${top}`, { force: true });
	try {
		rmdirSync(folder);
	} catch (error) {
		if (errnoOf(error) === undefined) throw error; // somebody is taking it
	}
}

/** The number that this process gave last, by base name: after a thousand jobs of one program it need not look far. */
const given = new WeakMap<Session, Map<string, number>>();

function lastGiven(session: Session): Map<string, number> {
	const known = given.get(session) ?? new Map<string, number>();
	given.set(session, known);
	return known;
}

/** A number from the least on for which it is so, by doubling and halving: the first one where all before it are not. */
function firstWhere(isSo: (number: number) => boolean, least: number): number {
	if (isSo(least)) return least;
	let not = least;
	let so = least + 1;
	while (!isSo(so)) [not, so] = [so, so + 2 * (so - not)];
	while (so - not > 1) {
		const middle = (not + so) >> 1;
		if (isSo(middle)) so = middle;
		else not = middle;
	}
	return so;
}

/** By its files alone; nobody is asked. */
function seemsActive(session: Session, holder: string): boolean {
	const mark = readText(markOf(session, holder));
	return mark !== undefined && (isCreatorAlive(mark) || !hasRecordedEnd(session, holder));
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
	const mark = (): string | undefined => readText(markOf(context.session, id));
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
