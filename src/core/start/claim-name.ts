/** Takes a name for a job that is being started: one that was asked for, or one that is free. */
import type { Context } from "../context.ts";
import { readText } from "../disk/files.ts";
import { holderOf, holderToReplace, take } from "../disk/names.ts";
import { isCreatorAlive } from "../disk/place.ts";
import { markOf, type Session } from "../disk/session.ts";
import { hasEnded } from "../job.ts";
import { examine, hasRecordedEnd } from "../settle/settle.ts";

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

/** Whether a job is not over: it runs, waits, is being made, or cannot be asked. */
async function isActive(context: Context, id: string): Promise<boolean> {
	const mark = (): string | undefined => readText(markOf(context.session, id));
	if (mark() === undefined) return false;
	const [job] = await examine(context, [id]);
	// Without a job but with its mark, or over and being started again: somebody is at work on it.
	return job === undefined ? mark() !== undefined : !hasEnded(job) || isCreatorAlive(mark());
}
