/**
 * Rounds of commands, each with one process killed at a random instant: the command, the shim, or the job. At the end
 * every job is accounted for, once, and truly. The seed is printed; CHORE_TEST_SEED repeats it, `npm run soak`
 * and a quiet machine make for longer walks.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { LedgerEvent } from "../../src/core/disk/ledger.ts";
import type { Job } from "../../src/core/job.ts";
import { processesNaming } from "../support/clean-up.ts";
import { assertNoBug, Cli, type Outcome } from "../support/cli.ts";
import { eventually, HANGS_MS, isEmpty, kill } from "../support/eventually.ts";
import { randomFrom, testBySeed } from "../support/random.ts";
import { rounds } from "../support/rounds.ts";

const ROUNDS = rounds(60);
/** Made however slow the machine is. */
const LEAST_ROUNDS = 30;
/** Enough for a machine that does much else. */
const LIMIT_MS = 10_000 + ROUNDS * 200;

/** What is known of a job besides what chore says of it. */
interface Known {
	/** Its shim, or the command that was starting it, was killed: it may be lost. */
	mayBeLost: boolean;
	/** The job itself was killed: it may have died of SIGKILL. */
	wasKilled: boolean;
	stopAsked: boolean;
	removeAsked: boolean;
}

const TITLE = "whatever is killed at whatever instant, every job is accounted for once, and truly";
testBySeed(TITLE, { timeout: LIMIT_MS + HANGS_MS }, async (seed, context) => {
	const below = randomFrom(seed);
	const pick = <T>(choices: readonly T[]): T => choices[below(choices.length)] as T;
	const deadline = performance.now() + LIMIT_MS;
	await using cli = new Cli();
	const known = new Map<string, Known>();
	const about = (id: string): Known => {
		const found = known.get(id) ?? { mayBeLost: false, wasKilled: false, stopAsked: false, removeAsked: false };
		known.set(id, found);
		return found;
	};
	const present = (): string[] => namesIn(`${cli.state}/default/jobs`);

	let done = 0;
	let kills = 0;
	for (; done < ROUNDS && (done < LEAST_ROUNDS || performance.now() < deadline); done++) {
		const target = present().length === 0 ? undefined : pick(present());
		const victim = pick(["nobody", "command", "command", "shim", "job"]);
		const words = pick<readonly string[]>([
			["run", "-c", `exit ${below(4)}`],
			["run", "-n", `name-${below(4)}`, "-c", `sleep 0.0${below(9)}; exit ${below(4)}`],
			["run", "sleep", "600"],
			["run", "-n", `name-${below(4)}`, "--if-running", "replace", "sleep", "600"],
			["run", "--wait", "-c", "sleep 0.05; exit 2"],
			["run", "--restart", "on-failure", "--restart-delay", "30ms", "--restart-max", "2", "-c", "sleep 0.02; exit 3"],
			["run", "-n", `name-${below(4)}`, "--restart", "always", "--restart-delay", "20ms", "-c", "sleep 0.05; exit 1"],
			...(target === undefined
				? []
				: [
						["stop", "--grace", "50ms", target],
						["rm", "-f", "--grace", "0", target],
						["rm", target],
						["wait", "--timeout", "50ms", target],
						["start", target],
						["restart", "--grace", "0", target],
						["pause", target],
						["resume", target],
					]),
			["ps"],
			["ps", "-a"],
		]);
		const before = new Set(present());
		if (target !== undefined && (words[0] === "stop" || words[0] === "restart")) about(target).stopAsked = true;
		if (target !== undefined && words[0] === "rm") about(target).removeAsked = true;
		// Which job has the name, and is asked to stop, is not known here.
		if (words.includes("replace")) for (const id of before) about(id).stopAsked = true;
		const running = cli.start(words);
		await Promise.race([delay(below(150)), running.ended]);
		const killCommand = async (): Promise<void> => {
			running.child.kill("SIGKILL");
			kills++;
			await running.ended;
			for (const id of present()) if (!before.has(id)) about(id).mayBeLost = true;
			if (target !== undefined && ["start", "restart"].includes(words[0] ?? "")) about(target).mayBeLost = true;
		};
		if (victim === "command" && running.child.exitCode === null) await killCommand();
		else if (victim === "shim" || victim === "job") {
			const hit = victim === "shim" ? shimOf(cli, target) : mainOf(cli, target);
			if (target !== undefined && hit !== undefined) {
				about(target)[victim === "shim" ? "mayBeLost" : "wasKilled"] = true;
				kill(hit, "SIGKILL");
				kills++;
			}
		}
		const outcome = await settled(running.ended);
		if (outcome === undefined) await killCommand();
		else if (outcome.signal === null) assertNoBug(outcome);
		for (const id of present()) about(id);
	}
	context.diagnostic(`${done} rounds, ${kills} kills, ${known.size} jobs`);

	// Jobs that go on are stopped, and what lives on without its shim with them.
	for (let tries = 0; tries < 5; tries++) {
		const active = (await cli.list()).filter(({ state }) => ["queued", "starting", "running", "paused", "stopping"].includes(state));
		if (active.length === 0) break;
		for (const { id } of active) about(id).stopAsked = true;
		assertNoBug(await cli.chore("stop", "--grace", "0", ...active.map(({ id }) => id)));
	}

	const jobs = await cli.list();
	assert.deepEqual(jobs.map(({ id }) => id).sort(), present().sort(), "each job that is there is listed, once");
	for (const [id, { removeAsked }] of known) assert.ok(removeAsked || jobs.some((job) => job.id === id), `job ${id} was removed by nobody`);
	for (const job of jobs) assert.ok(canBeTrue(job, about(job.id)), JSON.stringify(job));

	// Nothing of a job that is over lives on, and no mark of it is left.
	await eventually("no process of a job is left", () => processesNaming(cli.folder), isEmpty);
	assert.deepEqual(namesIn(`${cli.state}/default/active`), []);

	const events = ledger(cli);
	for (const job of jobs) {
		const ends = events.filter(({ id, event }) => id === job.id && (event === "exited" || event === "lost"));
		assert.deepEqual(
			ends.map(({ run }) => run).sort((one, other) => one - other),
			Array.from({ length: job.run }, (_, index) => index + 1),
			`the ledger tells one end of each run of ${job.id}: ${JSON.stringify(ends)}`,
		);
		const { event, exitCode, signal } = ends.find(({ run }) => run === job.run) ?? {};
		assert.deepEqual([event, exitCode, signal], [job.state === "lost" ? "lost" : "exited", job.exitCode, job.signal]);
	}
	for (const name of ["name-0", "name-1", "name-2", "name-3", "sh", "sleep"]) {
		const outcome = await cli.chore("run", "--wait", "-n", name, "-c", "exit 3");
		assert.equal(outcome.status, 3, `${name} is free: ${outcome.stderr}`);
	}
});

/** Whether the end that is told can be that of this job. */
function canBeTrue({ state, command, exitCode, signal }: Job, { mayBeLost, wasKilled, stopAsked }: Known): boolean {
	const code = Number(/exit (\d)$/.exec(command[2] ?? "")?.[1]);
	switch (state) {
		case "lost":
			return mayBeLost;
		case "succeeded":
			return code === 0 && exitCode === 0;
		case "stopped":
			return stopAsked;
		case "failed":
			return signal === "SIGKILL" ? wasKilled || mayBeLost : code > 0 && exitCode === code;
		default:
			return false;
	}
}

/** What a reader of the ledger sees: whole lines, and the first of those that tell the same. */
function ledger(cli: Cli): readonly LedgerEvent[] {
	const seen = new Set<string>();
	return readFileSync(`${cli.state}/default/ledger.jsonl`, "utf8")
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => JSON.parse(line) as LedgerEvent)
		.filter(({ id, run, event }) => {
			const identity = `${id} ${run} ${event}`;
			return !seen.has(identity) && seen.add(identity);
		});
}

/** The process that watches over a job, while it is that one. */
function shimOf(cli: Cli, id: string | undefined): number | undefined {
	const pid = numberIn(`${latestRun(cli, id)}/pid`);
	return pid !== undefined && commandOf(pid).includes(`/${id}/runs/`) ? pid : undefined;
}

/** The main process of a job, while it is that one. */
function mainOf(cli: Cli, id: string | undefined): number | undefined {
	const pid = numberIn(`${latestRun(cli, id)}/started`);
	return pid !== undefined && environmentOf(pid).includes(`CHORE_JOB_ID=${id}`) ? pid : undefined;
}

function latestRun(cli: Cli, id = "none"): string {
	const runs = `${cli.jobFolder(id)}/runs`;
	return `${runs}/${Math.max(1, ...namesIn(runs).map(Number))}`;
}

function numberIn(path: string): number | undefined {
	const number = existsSync(path) ? Number.parseInt(readQuietly(path), 10) : Number.NaN;
	return number > 1 ? number : undefined;
}

function commandOf(pid: number): string {
	return readQuietly(`/proc/${pid}/cmdline`);
}

function environmentOf(pid: number): string {
	return readQuietly(`/proc/${pid}/environ`);
}

function readQuietly(path: string): string {
	try {
		return readFileSync(path, "latin1");
	} catch {
		return "";
	}
}

function namesIn(path: string): string[] {
	try {
		return readdirSync(path);
	} catch {
		return [];
	}
}

/** How a command ended, unless it waits for a job that will not end soon. */
function settled(ended: Promise<Outcome>): Promise<Outcome | undefined> {
	return Promise.race([ended, delay(5000, undefined, { ref: false })]);
}
