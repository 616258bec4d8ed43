/** Takes a name for a job that is being started: the one that was asked for, or a free one. */
import { ChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { take } from "../disk/claims.ts";
import { readText } from "../disk/files.ts";
import { isScheduled } from "../disk/mark.ts";
import { holderOf, holderToReplace } from "../disk/names.ts";
import { isCreatorAlive } from "../disk/place.ts";
import { markOf, type Session } from "../disk/session.ts";
import { hasEnded, shortId } from "../job.ts";
import { examine, hasRecordedEnd } from "../settle/settle.ts";

/**
 * Takes a name for a job whose active mark exists already.
 * @returns undefined on success, else the id of the active job that holds the name
 */
export async function claimName(context: Context, name: string, id: string): Promise<string | undefined> {
	for (;;) {
		const claim = holderToReplace(context.session, name);
		if (claim.holder !== undefined && (await isActive(context, claim.holder))) return claim.holder;
		if (take(claim, id)) return undefined;
	}
}

/** Takes a job's own name again if another job has held it since. Its active mark exists already. @throws ChoreError NAME_IN_USE */
export async function reclaimName(context: Context, { id, name }: { readonly id: string; readonly name: string }): Promise<void> {
	if (holderOf(context.session, name) === id) return;
	const holder = await claimName(context, name, id);
	if (holder === undefined) return;
	throw new ChoreError("NAME_IN_USE", `the name "${name}" is in use by another job by now (${shortId(holder)})`, {
		hint: `stop that one with \`chore stop ${shortId(holder)}\`, or start a new job under another name`,
	});
}

/**
 * Takes the name `base` if it is free, else with -2, -3 … Asks no platform, so a job that has ended without a record may
 * still count as active here; the name was not asked for, so any free one will do. Synchronous, so that each of many starts
 * in one process has its name before the next looks for one.
 */
export function claimFreeName(session: Session, base: string, id: string): string {
	const numbered = (number: number): string => (number === 1 ? base : `${base}-${number}`);
	/** The holder of the last name that was found free: to look at it takes ten files. */
	let over: string | undefined;
	const isFree = (number: number): boolean => {
		const holder = holderOf(session, numbered(number));
		if (holder !== undefined && seemsActive(session, holder)) return false;
		over = holder;
		return true;
	};
	const given = lastGiven(session);
	for (;;) {
		const number = isFree(1) ? 1 : firstWhere(isFree, (given.get(base) ?? 1) + 1);
		const claim = holderToReplace(session, numbered(number));
		if (claim.holder !== undefined && claim.holder !== over && seemsActive(session, claim.holder)) continue;
		if (!take(claim, id)) continue;
		given.set(base, number);
		return numbered(number);
	}
}

/** By session and base name: the number that this process gave last. The search for the next begins there. */
const given = new WeakMap<Session, Map<string, number>>();

function lastGiven(session: Session): Map<string, number> {
	const known = given.get(session) ?? new Map<string, number>();
	given.set(session, known);
	return known;
}

/**
 * A number from `least` on for which `isSo` is true, by galloping and then binary search. The first such number, if `isSo`
 * is false for all before it.
 */
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

/** Whether a job counts as active by its files. */
function seemsActive(session: Session, holder: string): boolean {
	if (isScheduled(session, holder)) return true;
	const mark = readText(markOf(session, holder));
	return mark !== undefined && (isCreatorAlive(mark) || !hasRecordedEnd(session, holder));
}

/** Whether a job has not ended: it runs, waits, is being started, is run by a schedule, or is unknown. */
async function isActive(context: Context, id: string): Promise<boolean> {
	const mark = (): string | undefined => readText(markOf(context.session, id));
	if (isScheduled(context.session, id)) return true;
	if (mark() === undefined) return false;
	const [job] = await examine(context, [id]);
	// A mark without a job, or the mark of a living process on an ended job: a process is starting it.
	return job === undefined ? mark() !== undefined : !hasEnded(job) || isCreatorAlive(mark());
}
