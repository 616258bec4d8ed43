/**
 * Names of jobs. `names/<name>/` holds one symbolic link a claim, numbered, that says the job's id; the highest is the
 * holder of the name. Of any number that make the link of the next number one wins, and only as long as that of the
 * holder it found is still there: a slow claimant cannot win a number that was given out before, nor in a folder that was
 * made anew.
 */
import { rmdirSync, rmSync } from "node:fs";
import { errnoOf } from "../../../platform/errors.ts";
import { claimLink, makePrivateFolder, readLink, readNames } from "./files.ts";
import { isId, isName, type Session } from "./session.ts";

/** A name as it was found: only the number after that of the holder can be won. */
export interface Claim {
	readonly folder: string;
	readonly mine: number;
	readonly holder: string | undefined;
}

/** Who holds a name, and the number that whoever takes it from that one has to win. Makes the folder of the name. */
export function holderToReplace(session: Session, name: string): Claim {
	const folder = `${session.names}/${name}`;
	makePrivateFolder(folder);
	const top = highest(folder);
	return { folder, mine: top + 1, holder: entry(folder, top) };
}

/** Makes a job the holder of a name. @returns false when another was faster */
export function take({ folder, mine, holder }: Claim, id: string): boolean {
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

function highest(folder: string): number {
	return Math.max(0, ...numbers(folder));
}

function numbers(folder: string): number[] {
	return readNames(folder)
		.filter((name) => /^[1-9][0-9]{0,14}$/.test(name))
		.map(Number);
}
