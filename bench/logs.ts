/** Reading what a job wrote: the end of much must cost no more than the end of nothing, and all of it little more than cat(1). */
import { statfsSync, truncateSync } from "node:fs";
import type { Benchmark } from "./support/benchmark.ts";
import { fill, MEBIBYTE } from "./support/fill.ts";
import { command } from "./support/scene.ts";
import { inTurns, timed } from "./support/timing.ts";

const TAIL_MEBIBYTES = 2048;
const WHOLE_MEBIBYTES = 1024;

export const logs: Benchmark = {
	name: "logs",
	platforms: ["posix"],
	async measure(scene) {
		const { bavail, bsize } = statfsSync(scene.folder);
		if (bavail * bsize < 2 * TAIL_MEBIBYTES * MEBIBYTE) {
			return [{ what: "logs", reason: `less than ${2 * TAIL_MEBIBYTES} MiB are free in ${scene.folder}` }];
		}
		const session = scene.newSession();
		const chore = await scene.open(session);
		const empty = await chore.run({ command: ["true"], name: "empty" });
		const { id, output } = await chore.run({ command: ["true"], name: "full" });
		for (const job of [empty.id, id]) await chore.wait(job);
		const [log = ""] = output.paths;
		fill(log, TAIL_MEBIBYTES);

		const environment = scene.environment(session);
		const tail = (name: string) => () => timed(command("logs", "-n", "10", name), environment).ms;
		const [full = 0, none = 0] = await inTurns(scene.rounds(15), tail("full"), tail("empty"));

		truncateSync(log, WHOLE_MEBIBYTES * MEBIBYTE);
		const piped = (words: readonly string[]) => () =>
			(WHOLE_MEBIBYTES * 1.048576 * 1000) / timed(["sh", "-c", '"$@" | cat >/dev/null', "sh", ...words], environment).ms;
		const [whole = 0, cat = 0] = await inTurns(scene.rounds(5), piped(command("logs", "full")), piped(["cat", log]));
		return [
			{
				what: `logs -n 10 of ${TAIL_MEBIBYTES} MiB`,
				unit: "ms",
				chore: full,
				peer: { name: "of an empty log", value: none },
				bound: { of: "ratio", atMost: 1.1 },
			},
			{
				what: `logs of ${WHOLE_MEBIBYTES} MiB into a pipe`,
				unit: "MB/s",
				chore: whole,
				peer: { name: "cat", value: cat },
				bound: { of: "ratio", atLeast: 0.7 },
			},
		];
	},
};
