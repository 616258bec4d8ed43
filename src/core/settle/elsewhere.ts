/**
 * What can be known of runs that were started in another pid namespace (container) or on another machine. Their platform is
 * not asked as for runs that are here: pids mean nothing, and another container may have another supervisor.
 */
import type { Observation, Platform } from "../../../platform/contract.ts";
import { isChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { isOnLocalDisk } from "../disk/file-systems.ts";
import { readText } from "../disk/files.ts";
import { distanceOf, here, isCreatorAlive, type Place } from "../disk/place.ts";
import { isName, markOf, type Session } from "../disk/session.ts";
import type { StoredRun } from "../disk/store.ts";

/**
 * One observation for each run, in the same order: "absent" only for a run that is proved to be over. That is so if the state
 * folder is on a local disk, so that the run can only have been on this kernel, and the platform can see that it is not.
 */
export async function observeElsewhere(
	{ session, platforms }: Pick<Context, "session" | "platforms">,
	name: string,
	runs: readonly StoredRun[],
): Promise<readonly Observation[]> {
	// Before the platform is asked: a start that is finished meanwhile is then seen there.
	const starting = new Set(runs.filter((stored) => isCreatorAlive(starter(session, stored))));
	let platform: Platform | undefined;
	try {
		platform = await platforms.get(name);
	} catch (error) {
		if (!isChoreError(error)) throw error; // not available here
	}
	const lives = (await platform?.lives?.(runs.map(({ run, folder }) => ({ handle: run.handle, runFolder: folder })))) ?? [];
	const observations = runs.map(async (stored, index): Promise<Observation> => {
		const isAlive = lives[index];
		// It is on this kernel and in this namespace, so this is its machine, which had another name then.
		const isHere = isAlive === true && stored.run.place.pidNamespace === here().pidNamespace;
		if (isHere && platform !== undefined) return (await platform.inspect([stored.run.handle]))[0] ?? { kind: "absent" };
		const isOver = isAlive === false && !starting.has(stored) && isOnLocalDisk(stored.folder);
		return isOver ? { kind: "absent" } : { kind: "unreachable", reason: why(stored, isAlive === true) };
	});
	return Promise.all(observations);
}

/**
 * The mark of the process that is starting this run; undefined or empty when none is. Where a schedule has started it, even a first
 * run has its own: that of the job is overwritten by whoever fires at the same time, and makes no run.
 */
export function starter(session: Session, { job, run, folder }: StoredRun): string | undefined {
	return readText(`${folder}/starting`) ?? (run.run === 1 ? readText(markOf(session, job.id)) : undefined);
}

/** Why a run is unknown, in words for people. */
function why({ run, folder }: StoredRun, isAlive: boolean): string {
	if (isAlive) return "it runs in another container (pid namespace), and can be reached only there";
	const where = distanceOf({ run, folder }) === "other-namespace" ? "in another container (pid namespace)" : machine(run.place);
	return `it was started ${where} and can be asked after only there`;
}

function machine(there: Place): string {
	const host = there.host !== undefined && isName(there.host) ? there.host : "another name";
	// Either two machines that were cloned, or one that was given another name and restarted.
	if (there.machine === here().machine) return `on ${host}, which has the machine-id of this host, ${here().host},`;
	return there.host === undefined ? "on another machine" : `on another machine (${host})`;
}
