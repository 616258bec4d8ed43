/** Lists the jobs of a session. Without a filter it reads the active jobs and the end of the ledger only. */
import { existsSync } from "node:fs";
import { ChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { readNames } from "../disk/files.ts";
import { recentEvents } from "../disk/ledger.ts";
import { activeIds, changedSettings, isId, type Session, scheduledIds } from "../disk/session.ts";
import { latestRun, readEnd } from "../disk/store.ts";
import { hasEnded, type Job, type JobState } from "../job.ts";
import { examine } from "../settle/settle.ts";
import { jobIds } from "./resolve.ts";

/** Which jobs to list. Default: the active ones, and the 10 that ended last within 24 hours. */
export interface JobFilter {
	/** All jobs of the session. */
	readonly all?: boolean | undefined;
	/** Only jobs in one of these states. Reads all jobs, or of a page as many as that takes. */
	readonly states?: readonly JobState[] | undefined;
	/**
	 * A page of all jobs: at most so many, 1 to 1,000. With this or `after` the order is that of the ids, the newest first, whatever
	 * the state; so no job is twice or missing in the pages, though others are made and end meanwhile.
	 */
	readonly limit?: number | undefined;
	/** The jobs older than the one with this full id, the last of the page before. It may be removed by now. */
	readonly after?: string | undefined;
}

const MOST_OF_A_PAGE = 1000;

const RECENT_COUNT = 10;
const RECENT_MS = 24 * 60 * 60 * 1000;

/** How much of the end of the ledger is searched for recent ends: several hundred events. */
const LEDGER_BYTES = 128 * 1024;

/** After this many records the event loop gets a turn. */
const SLICE = 500;

/** @see Chore.list in chore.ts */
export async function list(context: Context, filter: JobFilter = {}): Promise<Job[]> {
	const { session } = context;
	if (filter.limit !== undefined || filter.after !== undefined) return page(context, filter);
	const active = [...new Set([...activeIds(session), ...scheduledIds(session)])];
	const jobs = await examine(context, active);
	const known = new Set([...active, ...jobs.map(({ id }) => id)]);
	if (filter.all || filter.states !== undefined) {
		jobs.push(
			...(await ended(
				context,
				jobIds(session).filter((id) => !known.has(id)),
			)),
		);
	} else {
		const fresh = jobs.filter(hasEnded).length;
		jobs.push(...(await ended(context, recentlyEnded(session, known).slice(0, Math.max(0, RECENT_COUNT - fresh)))));
	}
	const { states } = filter;
	return (states === undefined ? jobs : jobs.filter(({ state }) => states.includes(state))).sort(inOrder);
}

async function page(context: Context, { states, limit = MOST_OF_A_PAGE, after }: JobFilter): Promise<Job[]> {
	const { session } = context;
	if (!(Number.isInteger(limit) && limit >= 1 && limit <= MOST_OF_A_PAGE))
		throw new ChoreError("INVALID_ARGUMENT", `a page has 1 to ${MOST_OF_A_PAGE} jobs, not ${limit}`);
	if (after !== undefined && !isId(after))
		throw new ChoreError("INVALID_ARGUMENT", `a page begins after the full id of a job, not after ${JSON.stringify(after.slice(0, 70))}`);
	const ids = jobIds(session).reverse();
	const active = new Set([...activeIds(session), ...scheduledIds(session)]);
	const jobs: Job[] = [];
	let next = after === undefined ? 0 : ids.findIndex((id) => id < after);
	while (next >= 0 && next < ids.length && jobs.length < limit) {
		const some = ids.slice(next, next + limit);
		next += some.length;
		const found = [
			...(await examine(
				context,
				some.filter((id) => active.has(id)),
			)),
			...(await ended(
				context,
				some.filter((id) => !active.has(id)),
			)),
		];
		jobs.push(...found.filter(({ state }) => states?.includes(state) ?? true).sort((one, other) => (other.id < one.id ? -1 : 1)));
	}
	return jobs.slice(0, limit);
}

/** The jobs with these ids, which have no active mark. Most have a snapshot of their end on disk; the others are examined. */
export async function ended(context: Context, ids: readonly string[]): Promise<Job[]> {
	const jobs: Job[] = [];
	const others: string[] = [];
	for (const [index, id] of ids.entries()) {
		if (index % SLICE === SLICE - 1) await new Promise((resume) => setImmediate(resume));
		const job = endedJob(context.session, id);
		if (job === undefined) others.push(id);
		else jobs.push(job);
	}
	return [...jobs, ...(await examine(context, others))];
}

function endedJob(session: Session, id: string): Job | undefined {
	if (existsSync(changedSettings(session, id))) return undefined;
	// Most jobs have one run, so read that first.
	const first = readEnd(session, id, 1);
	const latest = latestRun(session, id);
	return latest === 1 ? first : readEnd(session, id, latest);
}

/** The ids of jobs that ended within RECENT_MS by the ledger, the latest end first. */
function recentlyEnded(session: Session, known: ReadonlySet<string>): string[] {
	const since = new Date(Date.now() - RECENT_MS).toISOString();
	const ids = new Set<string>();
	for (const { event, id, at } of recentEvents(session, LEDGER_BYTES).reverse()) {
		if (at >= since && (event === "exited" || event === "lost") && !known.has(id)) ids.add(id);
	}
	const present = new Set(ids.size === 0 ? [] : readNames(session.jobs));
	return [...ids].filter((id) => present.has(id));
}

/** Active jobs first, the newest at the top; then the ended ones, the latest end at the top. */
function inOrder(one: Job, other: Job): number {
	const over = Number(hasEnded(one)) - Number(hasEnded(other));
	if (over !== 0) return over;
	const key = (job: Job): string => `${hasEnded(job) ? (job.endedAt ?? job.createdAt) : job.createdAt} ${job.id}`;
	// RFC 3339 in UTC sorts as text. Not by localeCompare(), whose first call takes milliseconds to load the rules of a language.
	return key(other) < key(one) ? -1 : 1;
}
