/** Limits how many jobs are active at once. */
import { ChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { activeIds } from "../disk/session.ts";
import { isIdle } from "../job.ts";
import { examine } from "../settle/settle.ts";

/** @throws ChoreError TOO_MANY_JOBS */
export async function checkRoom(context: Context): Promise<void> {
	const { session, maxJobs } = context;
	if (activeIds(session).length < maxJobs) return;
	// Some of them may have ended. Those that are unknown may be over, or take up room elsewhere.
	const others = new Set(
		(await examine(context, activeIds(session))).filter((job) => isIdle(job) || job.state === "unknown").map(({ id }) => id),
	);
	const active = activeIds(session).filter((id) => !others.has(id)).length;
	if (active < maxJobs) return;
	throw new ChoreError(
		"TOO_MANY_JOBS",
		`${active} jobs are active in session ${JSON.stringify(session.name)}, and the limit is ${maxJobs}`,
		{ hint: "stop some, or raise max_jobs in config.toml" },
	);
}
