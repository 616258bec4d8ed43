/** Schedules on launchd: agents that are loaded, fire at their slots, at the load and after sleep, and are gone with their job. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { isChoreError } from "../../platform/errors.ts";
import type { Job } from "../../src/core/job.ts";
import type { RunOptions } from "../../src/core/prepare/spec.ts";
import { eventually, isEmpty } from "../support/eventually.ts";
import { parsePropertyList } from "./simulator/property-list.ts";
import { on, type Stage } from "./support.ts";

const DAY_MS = 86_400_000;

/** A line for a job that ends at once. */
const SHORT = ["/bin/sh", "-c", "echo hi; exit 7"];

const two = (number: number): string => String(number).padStart(2, "0");
/** A moment of each day, which is none of the test's own. */
const FAR = `${two((new Date().getHours() + 12) % 24)}:${two(new Date().getMinutes())}`;

function make({ home }: Stage, schedule: RunOptions["schedule"], command: readonly string[] = SHORT): Promise<Job> {
	return home.chore.run({ command, directory: home.path, schedule });
}

const labelOf = ({ id }: Job, revision = 1): string => `dev.chore.schedule.${id}.${revision}`;
const listOf = ({ simulator }: Stage, job: Job, revision?: number): string => `${simulator.agents}/${labelOf(job, revision)}.plist`;

/** As if nobody had looked for years, and nothing had fired: moments since are due. */
function forget({ home }: Stage, { id }: Job): void {
	const folder = `${home.path}/default/jobs/${id}/schedule`;
	writeFileSync(`${folder}/looked`, "2025-01-01 00:00\n");
	writeFileSync(`${folder}/last`, "\n");
}

/** Waits until the agent has run so often since its load, and runs no more. */
function ranTimes({ simulator }: Stage, job: Job, times: number, domain = "gui/501"): Promise<unknown> {
	return eventually(`the agent has run ${times} times`, async () => {
		const { out } = await simulator.call("print", `${domain}/${labelOf(job)}`);
		return new RegExp(`^\truns = ${times}$`, "m").test(out) && !/^\tpid = /m.test(out);
	});
}

/** The first run, once it has ended. */
async function endOf({ home }: Stage, { id }: Job, run = 1): Promise<Job> {
	await eventually(`run ${run} is there`, async () => (await home.chore.get(id)).run === run);
	return home.chore.wait(id, { run });
}

on("a job with a schedule is an agent of its own, which is no run, and ends with the job", {}, async (stage) => {
	const { home, simulator } = stage;
	const job = await make(stage, { calendar: [FAR] });
	assert.deepEqual([job.state, job.run, job.schedule?.missed], ["scheduled", 0, 0]);
	assert.ok(job.schedule?.next);
	assert.deepEqual(await simulator.labels(), [labelOf(job)]);
	assert.deepEqual([readdirSync(simulator.agents), statSync(listOf(stage, job)).mode & 0o777], [[basename(listOf(stage, job))], 0o600]);
	const { ProgramArguments: [program = ""] = [] } = parsePropertyList(readFileSync(listOf(stage, job), "utf8")) as {
		ProgramArguments?: readonly string[];
	};
	// macOS shows the user this name.
	assert.deepEqual([basename(program), statSync(program).mode & 0o111], ["chore", 0o100]);
	await ranTimes(stage, job, 1); // at its load
	await simulator.clock(new Date(Date.now() + DAY_MS)); // by the machine's own clock nothing is due
	await ranTimes(stage, job, 2);
	assert.equal((await home.chore.get(job.id)).run, 0);
	await home.chore.remove(job.id);
	assert.deepEqual([await simulator.labels(), readdirSync(simulator.agents)], [[], []]);
});

on("after a sleep over many slots the job is run once, by a service of its own, and its end is recorded", {}, async (stage) => {
	const { home, simulator } = stage;
	const job = await make(stage, { calendar: [`Mon *-*-1..7 ${FAR}`] });
	await ranTimes(stage, job, 1);
	forget(stage, job);
	await simulator.clock(new Date(Date.now() + 8 * DAY_MS));
	const end = await endOf(stage, job);
	assert.deepEqual([end.state, end.exitCode, readFileSync(end.output.paths[0] ?? "", "utf8")], ["failed", 7, "hi\n"]);
	await ranTimes(stage, job, 2);
	assert.equal((await home.chore.runs(job.id)).length, 1);
	await eventually("only the agent is left", async () => (await simulator.labels()).join(), labelOf(job));
	assert.equal(readFileSync(`${home.path}/default/jobs/${job.id}/schedule/message`, "utf8"), "");
});

on("what was missed while the machine was off is made up for at the next login, or not at all", { passedSlots: true }, async (stage) => {
	const { home, simulator } = stage;
	const once = await make(stage, { calendar: [FAR] });
	const skip = await make(stage, { calendar: [FAR], missed: "skip" });
	for (const job of [once, skip]) {
		await ranTimes(stage, job, 1); // it is told that launchd starts it even without RunAtLoad
		forget(stage, job);
	}
	await simulator.reboot(new Date(Date.now() + DAY_MS));
	assert.equal((await endOf(stage, once)).exitCode, 7);
	await ranTimes(stage, skip, 1);
	assert.equal((await home.chore.get(skip.id)).run, 0);
});

on("intervals and moments in UTC are kept by waking more often, and a jitter delays the run", {}, async (stage) => {
	const { simulator } = stage;
	for (const schedule of [{ everyMs: 90 * 60_000 }, { calendar: ["*-*~1 9:00", "2024-2-29 7:00:00"], zone: "UTC", jitterMs: 1999 }]) {
		const job = await make(stage, schedule);
		await ranTimes(stage, job, 1);
		forget(stage, job);
		await simulator.call("kickstart", `gui/501/${labelOf(job)}`);
		assert.equal((await endOf(stage, job)).exitCode, 7);
	}
	const job = await make(stage, { at: new Date(Date.now() + 40 * DAY_MS) });
	await ranTimes(stage, job, 1);
	assert.equal(job.schedule?.triggers[0]?.kind, "at");
});

on("a changed schedule has an agent of its own, and the one before is gone", {}, async (stage) => {
	const { home, simulator } = stage;
	const job = await make(stage, { calendar: ["12:00"] });
	await home.chore.reschedule(job.id, { calendar: ["13:00"] });
	assert.deepEqual(await simulator.labels(), [labelOf(job, 2)]);
	assert.deepEqual(readdirSync(simulator.agents), [basename(listOf(stage, job, 2))]);
	assert.match(readFileSync(listOf(stage, job, 2), "utf8"), /<integer>13<\/integer>/);
});

on(
	"without a graphical session the agent and its runs are in the user's domain, and a later login loads no second one",
	{
		gui: false,
	},
	async (stage) => {
		const { home, simulator } = stage;
		const job = await make(stage, { calendar: [FAR] }, ["/bin/sh", "-c", "until [ -e go ]; do sleep 0.02; done"]);
		await ranTimes(stage, job, 1, "user/501");
		forget(stage, job);
		await simulator.clock(new Date(Date.now() + DAY_MS));
		await eventually("it runs", async () => (await home.chore.get(job.id)).state === "running");
		assert.equal(readFileSync(`${home.path}/default/jobs/${job.id}/runs/1/launchd.domain`, "utf8"), "user/501\n");
		await simulator.login();
		assert.deepEqual([...(await simulator.labels())].sort(), [`dev.chore.job.${job.id}.1`, labelOf(job)]);
		writeFileSync(`${home.path}/go`, "");
		assert.equal((await endOf(stage, job)).exitCode, 0);
		await home.chore.remove(job.id);
		await eventually("launchd has forgotten both", () => simulator.labels(), isEmpty);
	},
);

on(
	"a run that launchd has accepted and not begun is active: the next firing is skipped, and after a stop there is another",
	{
		spawnMs: 600_000,
	},
	async (stage) => {
		const { home, simulator } = stage;
		const job = await make(stage, { calendar: [FAR] });
		// kickstart waits for no load.
		const fire = async (times: number): Promise<void> => {
			await simulator.call("kickstart", `gui/501/${labelOf(job)}`);
			await ranTimes(stage, job, times);
		};
		forget(stage, job);
		await fire(1);
		assert.equal((await home.chore.get(job.id)).state, "queued");
		forget(stage, job);
		await fire(2);
		assert.equal((await home.chore.get(job.id)).run, 1);
		const skipped: (string | null | undefined)[] = [];
		for await (const { event, reason } of home.chore.events()) if (event === "skipped") skipped.push(reason);
		assert.deepEqual(skipped, ["run 1 is still active"]);
		await home.chore.stop(job.id);
		forget(stage, job);
		await fire(3);
		assert.deepEqual([(await home.chore.get(job.id)).run, (await home.chore.get(job.id)).state], [2, "queued"]);
	},
);

on("a run that launchd refuses is a failed start, and the next one is made", {}, async (stage) => {
	const { home, simulator } = stage;
	const job = await make(stage, { calendar: [FAR] });
	await ranTimes(stage, job, 1);
	await simulator.call("disable", `gui/501/dev.chore.job.${job.id}.1`);
	for (const [run, result, exitCode] of [
		[1, "start-failed", 125],
		[2, "exit-code", 7],
	] as const) {
		forget(stage, job);
		await simulator.call("kickstart", `gui/501/${labelOf(job)}`);
		const end = await endOf(stage, job, run);
		await ranTimes(stage, job, run + 1);
		assert.deepEqual([end.result, end.exitCode], [result, exitCode]);
	}
	assert.deepEqual(readdirSync(`${home.path}/default/active`), []);
	await eventually("only the agent is left", async () => (await simulator.labels()).join(), labelOf(job));
});

on("an agent whose job's folder is gone does nothing, and doctor names it with its cure, loaded or not", {}, async (stage) => {
	const { home, simulator } = stage;
	const loaded = await make(stage, { calendar: [FAR] });
	const other = await make(stage, { calendar: [FAR] });
	const kept = await make(stage, { calendar: [FAR] });
	await simulator.call("bootout", `gui/501/${labelOf(other)}`);
	for (const { id } of [loaded, other]) rmSync(`${home.path}/default/jobs/${id}`, { recursive: true });
	const { findings } = await home.open().doctor();
	const strays = findings.filter(({ kind }) => kind === "stray");
	assert.equal(strays.length, 2, JSON.stringify(findings));
	for (const { cure } of strays) execFileSync("/bin/sh", ["-c", cure ?? ""], { env: { PATH: `${simulator.folder}:/usr/bin:/bin` } });
	await eventually("only the other one is loaded", async () => (await simulator.labels()).join(), labelOf(kept));
	assert.deepEqual(readdirSync(simulator.agents), [basename(listOf(stage, kept))]);
});

on("a schedule that launchd cannot be told of leaves nothing", {}, async (stage) => {
	const { home, simulator } = stage;
	const refused = async (code: string, words: RegExp): Promise<void> => {
		await assert.rejects(
			make(stage, { calendar: ["12:00"] }),
			(error) => isChoreError(error) && error.code === code && words.test(error.message),
		);
		assert.deepEqual(await home.chore.list({ all: true }), []);
	};
	writeFileSync(simulator.agents, "");
	await refused("PLATFORM_FAILED", /launchd cannot be told of the schedule: E/);
	assert.deepEqual(await simulator.labels(), []);
	rmSync(simulator.agents);
	await simulator.crash();
	await refused("PLATFORM_UNAVAILABLE", /launchd takes no jobs/);
	assert.ok(!existsSync(simulator.agents) || readdirSync(simulator.agents).length === 0);
});
