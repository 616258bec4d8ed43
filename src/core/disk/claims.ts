/**
 * Which job holds a place that one job at a time may hold. A folder has numbered symbolic links whose target is a job's id; the link
 * with the highest number is the holder. To take the place, make the link of the next number: only one process can. It wins only if
 * the link of the holder that it found still exists, so that a slow process cannot take a number that was in use before.
 */
import { rmdirSync } from "node:fs";
import { ChoreError, errnoOf } from "../../../platform/errors.ts";
import { shellWord } from "../../../platform/shell-word.ts";
import { claimLink, readLink, readNames, removeQuietly } from "./files.ts";
import { makePrivateFolder } from "./private-folder.ts";
import { isId } from "./session.ts";

/** chore never counts this far: a link with such a number was made by something else. */
const MOST_CLAIMS = 1e12;

/** The holder of a place, and the number of the link that can replace it. */
export interface Claim {
	readonly folder: string;
	readonly mine: number;
	readonly holder: string | undefined;
}

/** Finds the holder of a place, before `take`. Makes the folder. @param what it is, in messages: "the name web" */
export function claimOf(folder: string, what: string): Claim {
	makePrivateFolder(folder);
	const top = highest(folder);
	if (top >= MOST_CLAIMS) {
		throw new ChoreError("STATE_UNUSABLE", `${what} cannot be taken: ${folder}/${top} was not made by chore`, {
			hint: `rm -r ${shellWord(folder)} makes it free`,
		});
	}
	return { folder, mine: top + 1, holder: entry(folder, top) };
}

/** Makes a job the holder of the place. @returns false if another process has taken it since `claimOf` */
export function take({ folder, mine, holder }: Claim, id: string): boolean {
	if (!claimLink(`${folder}/${mine}`, id)) return false;
	const all = numbers(folder);
	const followsHolder = mine === 1 || (all.includes(mine - 1) && entry(folder, mine - 1) === holder);
	const won = Math.max(...all) === mine && followsHolder;
	for (const number of all) if (won ? number < mine : number === mine) removeQuietly(`${folder}/${number}`);
	return won;
}

/** Frees the place of a removed job, unless another job holds it by now. */
export function leave(folder: string, id: string): void {
	const top = highest(folder);
	if (entry(folder, top) !== id) return;
	removeQuietly(`${folder}/${top}`);
	try {
		rmdirSync(folder);
	} catch (error) {
		if (errnoOf(error) === undefined) throw error; // not empty: another process is taking the place
	}
}

/** The id of the job that holds a place, ended or not; undefined for a free one. The job may be removed by now. */
export function holderIn(folder: string): string | undefined {
	for (let tries = 0; tries < 10; tries++) {
		const top = highest(folder);
		if (top === 0) return undefined;
		const holder = entry(folder, top);
		if (holder !== undefined) return holder;
	}
	return undefined;
}

/** The id in a link; undefined for a link that is gone or damaged. */
function entry(folder: string, number: number): string | undefined {
	const id = readLink(`${folder}/${number}`) ?? "";
	return isId(id) ? id : undefined;
}

function highest(folder: string): number {
	return Math.max(0, ...numbers(folder));
}

function numbers(folder: string): number[] {
	return readNames(folder)
		.filter((name) => /^[1-9][0-9]{0,14}$/.test(name))
		.map(Number);
}
