/** Finds the jobs that a command is for: those named, or with --all every active one. */
import { isIdle } from "../../index.ts";
import type { Invocation } from "../command.ts";
import { UsageError } from "../failure.ts";

/** @throws UsageError when neither or both are given */
export async function referencesOrAll(
	{ chore, options }: Invocation<{ readonly all?: boolean }>,
	words: readonly string[],
): Promise<readonly string[]> {
	if (options.all && words.length > 0)
		throw new UsageError("--all and names of jobs exclude each other", "--all means every active job of the session");
	if (!options.all && words.length === 0)
		throw new UsageError("no job was named", "give names or ids, or --all for every active job; `chore ps` lists them");
	if (!options.all) return words;
	return (await chore.list()).filter((job) => !isIdle(job) && job.state !== "unknown").map(({ id }) => id);
}
