/** Several commands doing anything at once to the same jobs: never a crash, never a wrong end, never two holders of a name. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { execPath } from "node:process";
import { test } from "node:test";
import type { PlatformModule } from "../../platform/contract.ts";
import { signalNumber } from "../../platform/exit-record.ts";
import type { Job } from "../../src/core/job.ts";
import { begun } from "../support/begun.ts";
import { assertNoBug, Cli, type Outcome, PATIENCE } from "../support/cli.ts";
import { above, eventually, isEmpty } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";
import { fc } from "../support/random.ts";
import { rounds } from "../support/rounds.ts";

/** What two users may do to the job named `web` at the same time. */
const MOVES: readonly (readonly string[])[] = [
	["run", "-n", "web", "-c", "exit 3"],
	["run", "-n", "web", "sleep", "60"],
	["run", "-n", "web", "--if-running", "replace", "sleep", "60"],
	["run", "-n", "web", "--if-running", "skip", "sleep", "60"],
	["run", "--wait", "-n", "web", "-c", "sleep 0.05; exit 3"],
	["run", "-f", "-n", "web", "-c", "echo said; exit 3"],
	["stop", "web"],
	["stop", "--grace", "0", "--all"],
	["kill", "-s", "KILL", "web"],
	["rm", "web"],
	["rm", "-f", "web"],
	["wait", "--timeout", "200ms", "web"],
	["ps"],
	["ps", "-a", "--json"],
	["status", "web"],
	["logs", "web"],
];

/** Exit statuses that a move may have; everything else is a fault. */
function allowed([verb]: readonly string[]): readonly (number | null)[] {
	// The job's own 3, a stop's 143, a kill's 137, the time-out's 124; 125 for a job that is gone.
	if (verb === "run") return [0, 1, 3, 5, 125, 137, 143];
	if (verb === "wait") return [0, 3, 124, 125, 137, 143];
	if (verb === "ps") return [0];
	if (verb === "status") return [0, 3, 4];
	if (verb === "logs") return [0, 4];
	return [0, 1, 3, 4];
}

function assertSane(words: readonly string[], outcome: Outcome): void {
	const what = `${words.join(" ")} → ${outcome.status}\n${outcome.stdout}${outcome.stderr}`;
	assertNoBug(outcome);
	assert.ok(allowed(words).includes(outcome.status), what);
	assert.doesNotMatch(outcome.stderr, /damaged|unreadable|is empty|is missing/, what);
}

/** Asserts that every job that is left ended in a way that its command allows. */
async function assertTrueEnds(cli: Cli): Promise<void> {
	await cli.chore("stop", "--grace", "0", "--all");
	const jobs = await cli.list();
	assert.equal(new Set(jobs.map(({ id }) => id)).size, jobs.length, "each job is listed once");
	for (const job of jobs) {
		const line = job.command.join(" ");
		const end = `${line}: ${job.state} ${job.result} ${job.exitCode} ${job.signal} ${job.reason}`;
		if (job.state === "failed") assert.ok((line.includes("exit 3") && job.exitCode === 3) || job.signal === "SIGKILL", end);
		else assert.equal(job.state, "stopped", end);
	}
	if (!existsSync(`${cli.state}/default`)) return; // no command was one that starts a job
	assert.deepEqual(readdirSync(`${cli.state}/default/active`), []);
	assert.deepEqual(readdirSync(`${cli.state}/default/trash`), []);
	await eventually("no process is left", () => cli.processes(), isEmpty);
	const ends = readFileSync(`${cli.state}/default/ledger.jsonl`, "utf8")
		.trim()
		.split("\n")
		.map((text) => JSON.parse(text) as { event: string; id: string });
	for (const { id } of jobs)
		assert.ok(
			ends.some((one) => one.id === id && one.event === "exited"),
			`the end of ${id} is in the ledger`,
		);
}

test(
	"any two commands on one job at once succeed or fail with a clear error, and every recorded end is true",
	PATIENCE,
	async (context) => {
		const move = fc.constantFrom(...MOVES);
		const deadline = performance.now() + 150_000; // then the rounds that were made are enough
		let made = 0;
		await fc.assert(
			fc.asyncProperty(fc.array(fc.tuple(move, move, fc.nat(60)), { minLength: 3, maxLength: 6 }), async (pairs) => {
				if (performance.now() > deadline) return;
				made++;
				await using cli = new Cli();
				for (const [one, other, apartMs] of pairs) {
					const first = cli.start(one);
					await new Promise((resume) => setTimeout(resume, apartMs)); // where in the first the second falls, not a wait for anything
					const second = cli.start(other);
					// A follower of a job that is not stopped goes on for a minute.
					for (const [words, running] of [
						[one, first],
						[other, second],
					] as const)
						assertSane(words, await running.ended);
				}
				await assertTrueEnds(cli);
			}),
			{ numRuns: rounds(6), endOnFailure: true },
		);
		context.diagnostic(`${made} rounds`);
	},
);

test("a job whose start finishes while the platform is asked is not lost", PATIENCE, async () => {
	const starting = gate();
	const answering = gate();
	const module: PlatformModule = {
		...fakePlatform,
		open: async (context) => {
			const platform = await fakePlatform.open(context);
			const { start, inspect } = platform;
			platform.start = async (...given) => {
				await starting.opened;
				return start.apply(platform, given);
			};
			platform.inspect = async (...given) => {
				const seen = await inspect.apply(platform, given);
				answering.reached();
				await answering.opened;
				return seen;
			};
			return platform;
		},
	};
	await using home = await makeHome("fake", module);
	const run = home.chore.run({ command: ["sleep", "60"] });
	await eventually(
		"the job is written down",
		() => existsSync(`${home.path}/default/jobs`) && readdirSync(`${home.path}/default/jobs`).length === 1,
	);
	const list = home.open().list();
	await answering.wasReached;
	starting.open();
	await run;
	answering.open();
	assert.match((await list).map(({ state }) => state).join(), /^(starting|running)$/);
	await eventually("it runs", async () => (await home.chore.list())[0]?.state, "running");
});

/** A place in the code at which a test can stop it. */
function gate(): { readonly opened: Promise<void>; readonly wasReached: Promise<void>; open(): void; reached(): void } {
	let open = (): void => {};
	let reached = (): void => {};
	const opened = new Promise<void>((resolve) => {
		open = resolve;
	});
	const wasReached = new Promise<void>((resolve) => {
		reached = resolve;
	});
	return { opened, wasReached, open: () => open(), reached: () => reached() };
}

test("when many starts want one name, one gets it and the others are told which job has it", PATIENCE, async () => {
	await using cli = new Cli();
	for (let round = 0; round < 3; round++) {
		const name = `web-${round}`;
		const all = await Promise.all(Array.from({ length: 8 }, () => cli.chore("run", "-n", name, "sleep", "60")));
		for (const outcome of all) assertNoBug(outcome);
		assert.deepEqual(all.map(({ status }) => status).sort(), [0, 5, 5, 5, 5, 5, 5, 5]);
		assert.equal((await cli.list()).filter((job) => job.name === name).length, 1);
		await begun(() => cli.job(name));
	}
});

test("many starts that replace one another all succeed, and one job is left", PATIENCE, async () => {
	await using cli = new Cli();
	const all = await Promise.all(Array.from({ length: 6 }, () => cli.chore("run", "-n", "web", "--if-running", "replace", "sleep", "60")));
	for (const outcome of all) {
		assertNoBug(outcome);
		assert.ok(outcome.status === 0 || outcome.status === 5, outcome.stderr);
	}
	await begun(() => cli.job("web"));
	const states = (await cli.list()).map(({ state }) => state);
	assert.deepEqual(states.sort(), ["running", ...Array(states.length - 1).fill("stopped")]);
});

test("when many commands attach to one name, one starts the job and all return its exit status", PATIENCE, async () => {
	await using cli = new Cli();
	const line = "echo said; sleep 1; exit 6";
	const all = await Promise.all(Array.from({ length: 5 }, () => cli.chore("run", "-f", "-n", "web", "--if-running", "attach", "-c", line)));
	for (const outcome of all) {
		assertNoBug(outcome);
		assert.deepEqual([outcome.status, outcome.stdout], [6, "said\n"], outcome.stderr);
	}
});

test("many starts at once without a name get different names", PATIENCE, async () => {
	await using cli = new Cli();
	const all = await Promise.all(Array.from({ length: 10 }, () => cli.chore("run", "sleep", "60")));
	for (const outcome of all) assert.equal(outcome.status, 0, outcome.stderr);
	const names = (await cli.list()).map(({ name }) => name);
	assert.equal(new Set(names).size, 10, names.join(" "));
});

const STARTERS = 8;
/** How many jobs each starts. */
const STARTS = rounds(5);

test("jobs that eight processes start at once each have an id, their own end and one line for each event", PATIENCE, async () => {
	await using cli = new Cli();
	const program = `
		import { openChore } from ${JSON.stringify(resolve("dist/index.js"))};
		const chore = await openChore({ platform: "posix" });
		const jobs = await Promise.all(process.argv.slice(1).map((code) => chore.run({ command: ["/bin/sh", "-c", "exit " + code] })));
		await Promise.all(jobs.map(({ id }) => chore.wait(id)));
		await chore.close();`;
	const codes = Array.from({ length: STARTERS * STARTS }, (_, index) => index % 256);
	const start = (first: number) =>
		cli.spawn([execPath, "--input-type=module", "-e", program, ...codes.slice(first, first + STARTS).map(String)]);
	const all = await Promise.all(Array.from({ length: STARTERS }, (_, index) => start(index * STARTS).ended));
	for (const { status, stderr } of all) assert.deepEqual([status, stderr], [0, ""]);
	const jobs = await cli.list();
	assert.equal(new Set(jobs.map(({ id }) => id)).size, codes.length);
	const ends = jobs.map(({ command, exitCode, signal }) => [command.at(-1), exitCode ?? 128 + (signalNumber(signal ?? "") ?? 0)] as const);
	for (const [asked, code] of ends) assert.equal(`exit ${code}`, asked);
	assert.deepEqual(ends.map(([, code]) => code).sort(), [...codes].sort());
	assert.deepEqual(readdirSync(`${cli.state}/default/active`), []);
	const lines = readFileSync(`${cli.state}/default/ledger.jsonl`, "utf8").trimEnd().split("\n");
	const events = lines.map((line) => JSON.parse(line) as { readonly id: string; readonly event: string });
	assert.equal(new Set(events.map(({ id, event }) => `${id} ${event}`)).size, 3 * codes.length, "created, started and exited, of each");
	// Who records an end and who waits for it may tell it at the same time.
	assert.equal((await cli.chore("--json", "events")).stdout.trimEnd().split("\n").length, 3 * codes.length, "each is shown once");
});

test("many commands that wait for, show and stop one job report the same end", PATIENCE, async () => {
	await using cli = new Cli();
	for (let round = 0; round < 4; round++) {
		const id = await cli.begin("-n", "web", "-c", "trap 'exit 4' TERM; echo ready; while :; do sleep 0.01; done");
		await eventually("it is ready", async () => (await cli.job(id)).output.bytes, above(0));
		const waits = Array.from({ length: 3 }, () => cli.start(["wait", id]));
		const follows = cli.start(["logs", "-f", id]);
		await eventually("it is followed", () => follows.stdout(), "ready\n");
		const stops = await Promise.all([cli.chore("--json", "stop", id), cli.chore("--json", "stop", id), cli.chore("--json", "ps")]);
		for (const outcome of [...(await Promise.all(waits.map(({ ended }) => ended))), await follows.ended]) {
			assertNoBug(outcome);
			assert.equal(outcome.status, 4, outcome.stderr);
		}
		const seen = stops.slice(0, 2).map(({ stdout }) => JSON.stringify((JSON.parse(stdout) as Job[])[0]));
		assert.equal(seen[0], seen[1], "both tell the same end");
		assert.equal(JSON.stringify((await cli.list()).find((job) => job.id === id)), seen[0], "as everybody after them");
	}
});

test("many commands that remove one job at once remove it once", PATIENCE, async () => {
	await using cli = new Cli();
	for (let round = 0; round < 3; round++) {
		const id = await cli.begin("-n", "web", "sleep", "60");
		const all = await Promise.all(
			Array.from({ length: 5 }, (_, index) => cli.chore("rm", "-f", "--grace", "0", index % 2 === 0 ? id : "web")),
		);
		for (const outcome of all) {
			assertNoBug(outcome);
			assert.ok(outcome.status === 0 || outcome.status === 4, `${outcome.status} ${outcome.stderr}`);
		}
		assert.ok(all.some(({ status }) => status === 0));
		assert.deepEqual(await cli.list(), []);
		assert.deepEqual(
			[readdirSync(`${cli.state}/default/jobs`), readdirSync(`${cli.state}/default/active`), readdirSync(`${cli.state}/default/trash`)],
			[[], [], []],
		);
	}
});
