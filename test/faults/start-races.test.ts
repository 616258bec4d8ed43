/** Another process changes a job between any two steps of its next start. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { isChoreError } from "../../platform/errors.ts";
import { type Chore, hasEnded, type Job, openChore } from "../../src/index.ts";
import { processesNaming } from "../support/clean-up.ts";
import { Cli } from "../support/cli.ts";
import { eventually, isEmpty } from "../support/eventually.ts";
import { intercept, interfere } from "../support/intercept.ts";
import { Other } from "../support/other.ts";

const LONG = { timeout: 600_000 };

/** By this its processes are found, whatever the test comes to. */
function markOf(cli: Cli): Readonly<Record<string, string>> {
	return { CHORE_TEST_FOLDER: cli.folder };
}

/** Starts a job whose first run is over at once, and each later one goes on. @returns it, once its first run is over */
async function beginSecondStays(cli: Cli, chore: Chore, name: string): Promise<Job> {
	const command = ["/bin/sh", "-c", `mkdir "${cli.directory}/${name}" && exit; exec sleep 600`];
	return chore.wait((await chore.run({ command, name, setEnvironment: markOf(cli) })).id);
}

/** What it came to: a job, or an error of chore's own by its code and words. */
async function outcomeOf(start: Promise<Job>): Promise<Job | string> {
	try {
		return await start;
	} catch (error) {
		assert.ok(isChoreError(error), String(error));
		return `${error.code}: ${error.message}`;
	}
}

/** Does `act` before the first step of `start`, then, with another job, before the second, and so on until there are no more. */
async function atEachStep(
	cli: Cli,
	act: (id: string) => void,
	start: (chore: Chore, id: string) => Promise<Job>,
	check: (chore: Chore, id: string, outcome: Job | string, step: number) => Promise<void>,
): Promise<void> {
	await using chore = await openChore({ home: cli.state, platform: "posix" });
	for (let step = 1; ; step++) {
		const { id } = await beginSecondStays(cli, chore, `job-${step}`);
		using interference = interfere(id, (reached) => {
			if (reached === step) act(id);
		});
		const outcome = await outcomeOf(start(chore, id));
		const happened = interference.steps >= step;
		interference[Symbol.dispose]();
		if (happened) await check(chore, id, outcome, step);
		await chore.stop(id, { graceMs: 0 }).catch(() => {});
		if (!happened) return assert.ok(step > 10, "there are steps");
	}
}

test("a job that another starts between any two steps of a start is started once", LONG, async () => {
	await using cli = new Cli();
	using other = new Other(cli.folder, cli.environment);
	await atEachStep(
		cli,
		(id) => void other.run("start", id),
		(chore, id) => chore.rerun(id),
		async (chore, id, outcome, step) => {
			assert.ok(String(outcome).startsWith("JOB_ACTIVE") || typeof outcome === "object", `step ${step}: ${JSON.stringify(outcome)}`);
			assert.deepEqual(readdirSync(`${cli.jobFolder(id)}/runs`).sort(), ["1", "2"], `step ${step}`);
			await eventually("it runs", async () => (await chore.get(id)).state, "running");
		},
	);
});

test("a job that another removes between any two steps of a start is gone, and nothing of it runs on", LONG, async () => {
	await using cli = new Cli();
	using other = new Other(cli.folder, cli.environment);
	const removed = new Set<string>();
	await atEachStep(
		cli,
		(id) => {
			const { status } = other.run("rm", id);
			if (status === 0) removed.add(id);
		},
		(chore, id) => chore.rerun(id),
		async (chore, id, outcome, step) => {
			const what = `step ${step}: ${JSON.stringify(outcome)}`;
			if (removed.has(id)) {
				assert.match(String(outcome), /^JOB_NOT_FOUND/, what);
				assert.equal(existsSync(cli.jobFolder(id)), false, what);
				// The shim of its first run may be at its last command still.
				await eventually(`nothing of it runs on, ${what}`, () => processesNaming(id), isEmpty);
			} else {
				assert.ok(typeof outcome === "object", what);
				await eventually("it runs", async () => (await chore.get(id)).state, "running");
			}
		},
	);
	assert.ok(removed.size > 5);
});

test("a job that another starts between any two steps of its removal is started or gone, never both", LONG, async () => {
	await using cli = new Cli();
	using other = new Other(cli.folder, cli.environment);
	const started = new Set<string>();
	let moved = "";
	using _ = intercept("renameSync", (original) => (from, to) => {
		moved += `${from} `;
		original(from, to);
	});
	await atEachStep(
		cli,
		(id) => {
			const { status } = other.run("start", id);
			if (status === 0) started.add(id);
		},
		(chore, id) => chore.remove(id),
		async (chore, id, outcome, step) => {
			const what = `step ${step}: ${JSON.stringify(outcome)}`;
			if (started.has(id)) {
				assert.match(String(outcome), /^JOB_ACTIVE/, what);
				assert.ok(!moved.includes(`${cli.jobFolder(id)} `), `${what}: it was there all the time`);
				await eventually("it runs", async () => (await chore.get(id)).state, "running");
			} else assert.deepEqual([typeof outcome, existsSync(cli.jobFolder(id))], ["object", false], what);
		},
	);
	assert.ok(started.size > 5);
});

test(
	"a job whose removal broke off in the middle is listed as before, and the next who starts, removes or prunes it finishes that",
	LONG,
	async () => {
		await using cli = new Cli();
		for (const words of [["start"], ["rm"], ["prune", "--all"]]) {
			await using chore = await openChore({ home: cli.state, platform: "posix" });
			const before = await beginSecondStays(cli, chore, words[0] ?? "");
			using stuck = intercept("renameSync", (original) => (from, to) => {
				if (String(from).endsWith(before.id)) throw new Error("killed here");
				original(from, to);
			});
			await assert.rejects(chore.remove(before.id), /killed here/);
			stuck[Symbol.dispose]();
			assert.deepEqual(await chore.get(before.id), before, "it is listed as before");
			const outcome = await cli.chore("--json", ...words, ...(words.length === 1 ? [before.id] : []));
			assert.equal(outcome.status, words[0] === "start" ? 4 : 0, outcome.stderr);
			assert.equal(existsSync(cli.jobFolder(before.id)), false);
			assert.deepEqual(await cli.list(), []);
		}
	},
);

test("a job that another removes between any two steps of its replacement is replaced", LONG, async () => {
	await using cli = new Cli();
	await using chore = await openChore({ home: cli.state, platform: "posix" });
	using other = new Other(cli.folder, cli.environment);
	for (let step = 1; ; step++) {
		const { id } = await chore.run({ command: ["sleep", "600"], name: "web", ifRunning: "replace", setEnvironment: markOf(cli) });
		using interference = interfere(id, (reached) => {
			if (reached === step) other.run("rm", "-f", "--grace", "0", id);
		});
		const replacement = { command: ["sleep", "601"], name: "web", ifRunning: "replace", setEnvironment: markOf(cli) } as const;
		const outcome = await outcomeOf(chore.run(replacement));
		const { steps } = interference;
		interference[Symbol.dispose]();
		assert.ok(typeof outcome === "object" && outcome.id !== id, `step ${step}: ${JSON.stringify(outcome)}`);
		if (steps < step) return;
	}
});

test("a look at the jobs between any two steps of a start finds nothing stale and takes nothing away", LONG, async () => {
	await using cli = new Cli();
	await using chore = await openChore({ home: cli.state, platform: "posix" });
	using other = new Other(cli.folder, cli.environment);
	for (let step = 1; ; step++) {
		let looks: string | undefined;
		using interference = interfere(`${cli.state}/default`, (reached) => {
			if (reached === step) looks = other.run("--json", "ps").stdout;
		});
		const outcome = await outcomeOf(chore.run({ command: ["sleep", "600"], setEnvironment: markOf(cli) }));
		interference[Symbol.dispose]();
		assert.ok(typeof outcome === "object", `step ${step}: ${outcome}`);
		assert.doesNotMatch(looks ?? "", /"lost"|"unknown"/, `step ${step}`);
		const active = (await chore.list()).filter((job) => !hasEnded(job)).map(({ id }) => id);
		assert.deepEqual([active, readdirSync(`${cli.state}/default/trash`)], [[outcome.id], []], `step ${step}`);
		await chore.remove(outcome.id, { force: true, graceMs: 0 });
		if (looks === undefined) return assert.ok(step > 20, "there are steps");
	}
});
