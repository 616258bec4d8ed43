/** Forgetting jobs: as a command of its own, and behind the answer of others. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import type { Benchmark } from "./support/benchmark.ts";
import { makePast } from "./support/past.ts";
import type { Row } from "./support/row.ts";
import { command, type Scene } from "./support/scene.ts";
import { inTurns, textOf, timed } from "./support/timing.ts";

const ENDED = 10_000;
const PRUNED = 5000;

const HOUR_MS = 3_600_000;

export const prune: Benchmark = {
	name: "prune",
	platforms: ["posix"],
	measure: async (scene) => {
		const session = scene.newSession();
		await makePast(scene, session, ENDED);
		return [...(await passingRows(scene, session)), await pruneRow(scene, session)];
	},
};

/** `ps` of a session with a long past: with nothing to prune, with jobs to be looked at, and with jobs to be forgotten. */
async function passingRows(scene: Scene, session: string): Promise<readonly Row[]> {
	const path = join(scene.sessionFolder(session), "sweep.json");
	const due = sweepState();
	const ps = (state: object) => (): number => {
		writeFileSync(path, JSON.stringify(state));
		return timed(command("ps"), scene.environment(session)).ms;
	};
	const going = oldest(scene, session, 1000);
	const [resting = 0, looking = 0, pruning = 0, never = 0] = await inTurns(
		scene.rounds(25),
		ps({ ...due, restUntilMs: Date.now() + HOUR_MS }),
		ps(due),
		() => ps({ ...due, going: going.splice(0, 30) })(),
		// What a later version has begun is left to that.
		ps({ format: 2 }),
	);
	const peer = { name: "ps that does not prune", value: never };
	const row = (what: string, chore: number, bound: Row["bound"]): Row => ({
		what: `${what}, ${ENDED} ended`,
		unit: "ms",
		chore,
		peer,
		bound,
	});
	return [
		row("ps, nothing to prune", resting, { of: "ratio", atMost: 1.1 }),
		row("ps, looking for what to prune", looking, { of: "excess", atMost: 20 }),
		row("ps, pruning", pruning, { of: "excess", atMost: 20 }),
	];
}

/** As if the clock had been steady for long, and nothing looked at. */
function sweepState(): object {
	const uptimeMs = uptime() * 1000;
	const bootId = textOf("/proc/sys/kernel/random/boot_id").trim();
	const clock = { bootId, offsetMs: Date.now() - uptimeMs, steadySinceMs: uptimeMs - 9 * HOUR_MS };
	return { format: 1, restUntilMs: 0, clock, next: [], after: "", jobs: 0, bytes: 0, oldest: [], going: [], isMore: false };
}

function oldest(scene: Scene, session: string, count: number): { readonly id: string }[] {
	const jobs = join(scene.sessionFolder(session), "jobs");
	const ended = (id: string): number => statSync(join(jobs, id, "runs", "1", "end.json")).mtimeMs;
	return readdirSync(jobs)
		.sort()
		.slice(0, count)
		.map((id) => ({ id, endedAtMs: ended(id), bytes: 0, leastAgeMs: 0 }));
}

/** Beside rm(1), of copies of the same folders. */
async function pruneRow(scene: Scene, session: string): Promise<Row> {
	const jobs = join(scene.sessionFolder(session), "jobs");
	const copies = join(scene.folder, "copies");
	const paths = readdirSync(jobs)
		.sort()
		.map((id) => join(jobs, id));
	mkdirSync(copies);
	for (let first = 0; first < PRUNED; first += 500) execFileSync("cp", ["-a", ...paths.slice(first, first + 500), copies]);
	const kept = paths.length - PRUNED;
	const { ms: ours } = timed(command("prune", "--keep-jobs", String(kept)), scene.environment(session));
	const { ms: bare } = timed(["rm", "-r", copies], process.env);
	rmSync(copies, { recursive: true, force: true });
	return {
		what: `prune, ${PRUNED} of ${kept + PRUNED} ended`,
		unit: "ms",
		chore: ours,
		peer: { name: "rm -r of as many", value: bare },
		bound: { of: "ratio", atMost: 2 },
		rest: "of each job its records are read, a link keeps it from being started, its name is freed and a line goes to the ledger",
	};
}
