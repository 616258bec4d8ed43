/** Asks the platforms about jobs without a recorded end, and reports those whose files and platform disagree. Changes nothing. */
import { existsSync } from "node:fs";
import type { Observation } from "../../../platform/contract.ts";
import { isChoreError } from "../../../platform/errors.ts";
import { shellWord } from "../../../platform/shell-word.ts";
import { readText } from "../disk/files.ts";
import { distanceOf, isCreatorAlive } from "../disk/place.ts";
import { jobFolder, markOf, type Session } from "../disk/session.ts";
import type { StoredRun } from "../disk/store.ts";
import { shortId } from "../job.ts";
import type { Platforms } from "../platforms.ts";
import { observeElsewhere } from "../settle/elsewhere.ts";
import { hasRecordedEnd } from "../settle/settle.ts";
import type { Findings } from "./finding.ts";
import { ANSWER_MS, within } from "./within.ts";

/** The platforms. `silent` has those that did not answer before, with the reason: they are not asked again. */
export interface Askable {
	readonly platforms: Platforms;
	readonly silent: ReadonlyMap<string, string>;
}

export async function askAfter(session: Session, live: readonly StoredRun[], askable: Askable, findings: Findings): Promise<void> {
	const here: StoredRun[] = [];
	for (const stored of live) {
		const away = distanceOf(stored);
		if (away === "here") here.push(stored);
		else if (away === "earlier-boot") willBeLost(stored, "the machine was restarted while it ran", findings);
		else await tellElsewhere(session, stored, askable, findings);
	}
	for (const name of new Set(here.map(({ run }) => run.handle.platform))) {
		const runs = here.filter(({ run }) => run.handle.platform === name);
		const observed = await ask(name, runs, askable);
		if (typeof observed === "object") {
			for (const [index, stored] of runs.entries()) tell(session, stored, observed[index] ?? { kind: "absent" }, findings);
		} else {
			const which = runs.length === 1 ? "an active job is" : `${runs.length} active jobs are`;
			findings.problem("unreachable", `${which} on ${name}, which cannot be asked: ${observed}`, null);
		}
	}
}

async function tellElsewhere(session: Session, stored: StoredRun, { platforms }: Askable, findings: Findings): Promise<void> {
	const [seen] = await observeElsewhere({ session, platforms }, stored.run.handle.platform, [stored]);
	if (seen?.kind === "absent") willBeLost(stored, "nobody recorded how it ended", findings);
	if (seen?.kind !== "unreachable") return;
	const cure = findings.command(`rm -f ${shortId(stored.job.id)}`);
	findings.note("unreachable", `${nameOf(stored)} is unknown: ${seen.reason}`, `if it is gone for good: ${cure}`);
}

/** @returns the observation of each run, or why the platform did not answer */
async function ask(name: string, runs: readonly StoredRun[], { platforms, silent }: Askable): Promise<readonly Observation[] | string> {
	try {
		return silent.get(name) ?? (await within(ANSWER_MS, `the platform ${name}`, observe(name, runs, platforms)));
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return error.message;
	}
}

async function observe(name: string, runs: readonly StoredRun[], platforms: Platforms): Promise<readonly Observation[]> {
	const platform = await platforms.get(name);
	const first = await platform.inspect(runs.map(({ run }) => run.handle));
	// A run may have been started or have ended since its files were read, so "absent" must be seen twice.
	return first.every(({ kind }) => kind !== "absent") ? first : platform.inspect(runs.map(({ run }) => run.handle));
}

function tell(session: Session, stored: StoredRun, observation: Observation, findings: Findings): void {
	const { id } = stored.job;
	const isAtWork = [`${stored.folder}/starting`, markOf(session, id)].some((path) => isCreatorAlive(readText(path)));
	if (isAtWork || hasRecordedEnd(session, id) || !existsSync(jobFolder(session, id))) return;
	if (observation.kind === "absent") {
		willBeLost(stored, "nobody recorded how it ended", findings);
		return;
	}
	if (observation.kind === "unreachable")
		findings.problem("unreachable", `${nameOf(stored)} cannot be asked after: ${observation.reason}`, null);
	if (observation.kind === "unsupervised") {
		const what = `${nameOf(stored)} runs on, but what watched it is gone: how it ends will not be known`;
		findings.problem("unsupervised", what, findings.command(`stop ${shortId(id)}`));
	}
	const mark = markOf(session, id);
	if (observation.kind !== "ended" && !existsSync(mark)) {
		findings.problem("mark", `${nameOf(stored)} is active, but not marked so: ps does not show it`, `touch ${shellWord(mark)}`);
	}
}

function willBeLost(stored: StoredRun, why: string, findings: Findings): void {
	findings.problem(
		"lost",
		`${nameOf(stored)} is gone, and ${why}: it will be shown as lost`,
		findings.command(`status ${shortId(stored.job.id)}`),
	);
}

/** The name and short id of a job, for messages. */
export function nameOf({ job }: StoredRun): string {
	return `${job.name} (${shortId(job.id)})`;
}
