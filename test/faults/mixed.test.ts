/**
 * Eight users of one session at once, each with one verb after the other, chosen at random. No command is killed here, so
 * nothing may be lost, doubled, or told as a bug.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import type { LedgerEvent } from "../../src/core/disk/ledger.ts";
import { processesNaming } from "../support/clean-up.ts";
import { assertNoBug, Cli, type Outcome } from "../support/cli.ts";
import { eventually, HANGS_MS, isEmpty } from "../support/eventually.ts";
import { randomFrom, testBySeed } from "../support/random.ts";
import { rounds } from "../support/rounds.ts";

const WORKERS = 8;
/** How many each does. */
const VERBS = rounds(12);

/** The errors that a verb may end with while other processes act on the same jobs. */
const FAIR = new Set([
	"JOB_NOT_FOUND",
	"JOB_ACTIVE",
	"JOB_NOT_ACTIVE",
	"JOB_AMBIGUOUS",
	"NAME_IN_USE",
	"TIMED_OUT",
	"NO_OUTPUT",
	"JOB_UNREADABLE",
]);

const TITLE = "eight processes of mixed verbs on one session lose nothing, and tell each end once";
testBySeed(TITLE, { timeout: HANGS_MS + VERBS * 4000 }, async (seed, context) => {
	context.diagnostic(`${WORKERS} × ${VERBS} verbs`);
	await using cli = new Cli();
	const codes = new Map<string, number>();
	const work = async (worker: number): Promise<void> => {
		const below = randomFrom(seed + worker);
		const name = (): string => `name-${below(6)}`;
		for (let done = 0; done < VERBS; done++) {
			const words = [
				["run", "-n", name(), "-c", `sleep 0.0${below(9)}; exit ${below(3)}`],
				["run", "-n", name(), "--if-running", "replace", "sleep", "60"],
				["run", "--restart", "on-failure", "--restart-delay", "10ms", "--restart-max", "2", "-n", name(), "-c", "exit 1"],
				["run", "--wait", "-c", `exit ${below(3)}`],
				["ps", "-a"],
				["status", name()],
				["logs", name()],
				["stop", "--grace", "50ms", name()],
				["restart", "--grace", "50ms", name()],
				["start", name()],
				["pause", name()],
				["resume", name()],
				["kill", "-s", "CONT", name()],
				["wait", "--timeout", "50ms", name()],
				["rm", "-f", "--grace", "0", name()],
				["rm", name()],
				["prune", "--all"],
				["run", "-n", name(), "--if-running", "skip", "sleep", "60"],
			][below(18)] as readonly string[];
			const outcome = await cli.run(["--json", ...words]);
			assertNoBug(outcome);
			const code = codeOf(outcome);
			if (code !== undefined) {
				assert.ok(FAIR.has(code), `${words.join(" ")}: ${outcome.stderr}`);
				codes.set(code, (codes.get(code) ?? 0) + 1);
			}
		}
	};
	await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
	context.diagnostic(`refused: ${JSON.stringify(Object.fromEntries(codes))}`);

	for (const job of await cli.list()) assert.ok(job.state !== "lost" && job.state !== "unknown", JSON.stringify(job));
	const stopped = await cli.chore("stop", "--grace", "0", "--all");
	assertNoBug(stopped);
	assert.equal(stopped.status, 0, stopped.stderr);
	const jobs = await cli.list();
	assert.deepEqual(jobs.map(({ id }) => id).sort(), readdirSync(`${cli.state}/default/jobs`).sort(), "each job is listed, once");
	for (const job of jobs) assert.ok(["succeeded", "failed", "stopped"].includes(job.state), JSON.stringify(job));
	assert.deepEqual(readdirSync(`${cli.state}/default/active`), []);
	assert.deepEqual(readdirSync(`${cli.state}/default/trash`), []);
	await eventually("no process of a job is left", () => processesNaming(cli.folder), isEmpty);
	const ends = new Map<string, number>();
	for (const line of readFileSync(`${cli.state}/default/ledger.jsonl`, "utf8").trim().split("\n")) {
		const { event, id, run, state, exitCode } = JSON.parse(line) as LedgerEvent;
		if (event !== "exited" && event !== "lost") continue;
		assert.equal(event, "exited", line);
		const end = `${id} ${run} ${state} ${exitCode}`;
		ends.set(end, (ends.get(end) ?? 0) + 1);
	}
	for (const { id, run, state, exitCode } of jobs)
		assert.ok(ends.has(`${id} ${run} ${state} ${exitCode}`), `the ledger has the end of ${id}`);
	const runs = [...ends.keys()].map((end) => end.split(" ").slice(0, 2).join(" "));
	assert.equal(new Set(runs).size, runs.length, "no run has two different ends");
});

function codeOf({ stderr }: Outcome): string | undefined {
	return /\{"error":\{"code":"([A-Z_]+)"/.exec(stderr)?.[1];
}
