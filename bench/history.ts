/** Compares a session with many ended jobs to one without; both have the same number of live jobs. */
import type { Benchmark } from "./support/benchmark.ts";
import { makePast } from "./support/past.ts";
import { command } from "./support/scene.ts";
import { inTurns, timed } from "./support/timing.ts";

const ENDED = 10_000;
const LIVE = 100;

export const history: Benchmark = {
	name: "history",
	platforms: ["posix", "systemd"],
	async measure(scene) {
		const [old, young] = [scene.newSession(), scene.newSession()];
		await makePast(scene, old, ENDED);
		for (const session of [old, young]) await scene.live(await scene.open(session), LIVE);
		const cost =
			(session: string, ...words: readonly string[]) =>
			() =>
				timed(command(...words), scene.environment(session)).ms;
		const [long = 0, all = 0, runs = 0, allRuns = 0, short = 0] = await inTurns(
			scene.rounds(15),
			cost(old, "ps"),
			cost(old, "ps", "-a", "--json"),
			cost(old, "history"),
			cost(old, "history", "-a", "--json"),
			cost(young, "ps"),
		);
		const peer = { name: `ps, none ended, ${LIVE} live`, value: short };
		const row = (what: string, chore: number, atMost: number | undefined) => ({
			what: `${what}, ${ENDED} ended, ${LIVE} live`,
			unit: "ms" as const,
			chore,
			peer,
			bound: atMost === undefined ? null : { of: "ratio" as const, atMost },
		});
		return [
			row("ps", long, 1.2),
			row("ps -a --json", all, 8),
			row("history", runs, undefined),
			row("history -a --json", allRuns, undefined),
		];
	},
};
