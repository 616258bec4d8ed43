/** The part of the contract suite about runs that the fire program of a schedule starts, without Node. */
import assert from "node:assert/strict";
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Platform, PlatformContext } from "../../platform/contract.ts";
import { installProgram } from "../../src/core/disk/programs.ts";
import type { Job } from "../../src/core/job.ts";
import { eventually, isRunning } from "../support/eventually.ts";
import { scheduleBeside } from "../support/fire.ts";
import type { Home } from "../support/home.ts";
import type { Declare } from "./attempts.ts";
import type { Subject } from "./suite.ts";

export function testFire(on: Declare, { shellWords, inMemory }: Subject, open: (context: PlatformContext) => Promise<Platform>): void {
	const skip = inMemory === true && "a process that this one did not start is unknown to it";
	const opened = ({ path }: Home): Promise<Platform> => open({ install: (name, text) => installProgram(path, name, text) });

	on(
		"a run that a schedule fires is like one that chore starts: the same files, handle and record",
		async (home) => {
			await using platform = await opened(home);
			if (platform.launcher === undefined) return;
			const line = 'echo "$CHORE_RUN_ID" "$GREETING"; echo err >&2; exit 7';
			const { id } = await home.chore.run({
				command: ["/bin/sh", "-c", line],
				description: `it's "odd" $HOME \\1 & /`,
				output: "split",
				setEnvironment: { GREETING: "a & b / \\1 $x 'q'" },
				restart: { policy: "on-failure", delayMs: 10, max: 1 },
				timeoutMs: 60_000,
				graceMs: 1500,
			});
			await home.chore.wait(id);
			await home.chore.rerun(id);
			const started = await home.chore.wait(id, { run: 2 });
			const { fire } = await scheduleBeside(home, id, platform, shellWords);
			fire();
			const fired = await runOf(home, id, 3);

			const varying = ["run", "createdAt", "startedAt", "endedAt", "cpuTimeMs", "memoryPeakBytes", "output"];
			const constant = (job: Job) => Object.entries(job).filter(([name]) => !varying.includes(name));
			assert.deepEqual(constant(fired), constant(started));
			const folder = (run: number): string => `${home.path}/default/jobs/${id}/runs/${run}`;
			// The shells that watch over a run leave last.
			await eventually("nothing of it is left", () =>
				[2, 3].every((run) => ["alive", "launchd.plist"].every((name) => !existsSync(`${folder(run)}/${name}`))),
			);
			assert.deepEqual(filesIn(folder(3)), filesIn(folder(2)));
			assert.deepEqual(recordIn(folder(3), 3), recordIn(folder(2), 2));
			assert.equal(readFileSync(`${folder(3)}/stdout`, "utf8"), readFileSync(`${folder(2)}/stdout`, "utf8").replaceAll("2.", "3."));
			const events: string[] = [];
			for await (const { event, run } of home.chore.events()) if (run === 3) events.push(event);
			assert.deepEqual(events, ["started", "exited"]);
			assert.deepEqual(readdirSync(`${home.path}/default/trash`), []);
			assert.equal(readFileSync(`${home.path}/default/jobs/${id}/schedule/message`, "utf8"), "");
		},
		skip,
	);

	on(
		"a job that waits for a tick is run by it, in a process session of its own, once by two at a time",
		async (home) => {
			await using platform = await opened(home);
			if (platform.launcher === undefined) return;
			const { id } = await home.chore.run({
				command: ["/bin/sh", "-c", "until [ -e go ]; do sleep 0.02; done; exit 5"],
				directory: home.path,
				schedule: { calendar: ["*-01-01"], wake: "tick" },
			});
			const path = `${home.path}/default/jobs/${id}/schedule/schedule.json`;
			writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), sinceMs: Date.now() - 400 * 86_400_000 }));
			const fired = (await Promise.all([home.chore.tick(), home.chore.tick()])).flat();
			assert.deepEqual(
				fired.map((job) => [job.id, job.run]),
				[[id, 1]],
			);
			assert.deepEqual(await home.chore.tick(), []);
			writeFileSync(`${home.path}/go`, "");
			const end = await runOf(home, id, 1);
			assert.deepEqual([end.exitCode, end.run], [5, 1]);
		},
		skip,
	);

	on(
		"a schedule that fires while a run is active says so and starts none; after its end it runs the job",
		async (home) => {
			await using platform = await opened(home);
			if (platform.launcher === undefined) return;
			const { id } = await home.chore.run({ command: ["/bin/sh", "-c", "until [ -e go ]; do sleep 0.02; done"], directory: home.path });
			const { fire, fired } = await scheduleBeside(home, id, platform, shellWords);
			fired();
			assert.equal((await home.chore.get(id)).run, 1);
			const skipped: unknown[] = [];
			for await (const { event, run, reason } of home.chore.events()) if (event === "skipped") skipped.push([run, reason]);
			assert.deepEqual(skipped, [[1, "run 1 is still active"]]);
			writeFileSync(`${home.path}/go`, "");
			await home.chore.wait(id);
			fire();
			const end = await runOf(home, id, 2);
			assert.deepEqual([end.state, end.exitCode], ["succeeded", 0]);
		},
		skip,
	);

	on(
		"settings that were changed hold from the next run on, whoever starts it",
		async (home) => {
			await using platform = await opened(home);
			if (platform.launcher === undefined) return;
			const { chore } = home;
			const { id } = await chore.run({ command: ["/bin/sh", "-c", "exit 3"] });
			await chore.wait(id);
			const { fire } = await scheduleBeside(home, id, platform, shellWords);
			await chore.set(id, { command: ["/bin/sh", "-c", 'echo "$GREETING"; exit 4'], setEnvironment: { GREETING: "it's" } });
			await chore.rerun(id);
			const started = await chore.wait(id);
			assert.deepEqual([started.run, started.exitCode, readFileSync(started.output.paths[0] ?? "", "utf8")], [2, 4, "it's\n"]);
			await chore.set(id, { restart: { policy: "on-failure", delayMs: 10, max: 1 }, output: "split" });
			fire();
			const fired = await runOf(home, id, 3);
			assert.deepEqual([fired.exitCode, fired.attempt], [4, 2]);
			assert.equal(readFileSync(fired.output.paths[0] ?? "", "utf8"), "it's\nit's\n");
			assert.deepEqual(
				(await chore.runs(id)).map(({ exitCode, output }) => [exitCode, output.mode]),
				[
					[3, "merged"],
					[4, "merged"],
					[4, "split"],
				],
			);
		},
		skip,
	);

	on(
		"of the firings that meet an active run one waits for its end, where the schedule queues them",
		async (home) => {
			await using platform = await opened(home);
			if (platform.launcher === undefined) return;
			const line = `until [ -e first ]; do sleep 0.02; done
				[ -e "$CHORE_RUN_ID" ] || { : >"$CHORE_RUN_ID"; exit 1; }
				grep SigIgn /proc/self/status
				until [ -e go ]; do sleep 0.02; done
				rm go`;
			const restart = { policy: "on-failure", delayMs: 10, max: 1 } as const;
			const { id } = await home.chore.run({ command: ["/bin/sh", "-c", line], directory: home.path, restart });
			const { folder, fired } = await scheduleBeside(home, id, platform, shellWords, { overlap: "queue" });
			// The second time the active run is one that a firing which has waited has begun.
			for (const active of [1, 2]) {
				fired();
				fired();
				assert.equal(existsSync(`${folder}/queued`), true);
				// The end of an attempt is not that of the run.
				writeFileSync(`${home.path}/first`, "");
				await eventually("the second attempt is there", async () => (await home.chore.get(id)).attempt === 2);
				assert.equal((await home.chore.get(id)).run, active);
				writeFileSync(`${home.path}/go`, "");
				await eventually(`run ${active + 1} is there`, async () => (await home.chore.get(id)).run === active + 1);
			}
			writeFileSync(`${home.path}/go`, "");
			assert.equal((await home.chore.wait(id)).run, 3);
			assert.equal(existsSync(`${folder}/queued`), false);
			assert.deepEqual(await decisions(home), ["queued 1", "skipped 1", "queued 2", "skipped 2"]);
			const outputs = [1, 2, 3].map((run) => readFileSync(`${folder}/../runs/${run}/output`, "utf8"));
			assert.deepEqual(outputs, [outputs[0], outputs[0], outputs[0]], "which signals a job ignores does not depend on who began it");
		},
		skip,
	);

	on(
		"a firing that meets an active run stops it and runs the job then, where the schedule replaces runs",
		async (home) => {
			await using platform = await opened(home);
			if (platform.launcher === undefined) return;
			const line = "sleep 1000 & echo $! >child; until [ -e go ]; do sleep 0.02; done";
			const { id } = await home.chore.run({ command: ["/bin/sh", "-c", line], directory: home.path });
			await eventually("its child is there", () => existsSync(`${home.path}/child`));
			const child = Number(readFileSync(`${home.path}/child`, "utf8"));
			const { folder, fire } = await scheduleBeside(home, id, platform, shellWords, { overlap: "replace" });
			fire();
			await eventually("run 2 is there", async () => (await home.chore.get(id)).run === 2);
			assert.equal(isRunning(child), false);
			const [stopped] = (await home.chore.runs(id)).filter(({ run }) => run === 1);
			assert.deepEqual([stopped?.state, stopped?.result], ["stopped", "stopped"]);
			writeFileSync(`${home.path}/go`, "");
			assert.equal((await home.chore.wait(id)).state, "succeeded");
			assert.equal(existsSync(`${folder}/queued`), false);
			assert.deepEqual(await decisions(home), ["queued 1", "stopped 1 its schedule"]);
		},
		skip,
	);

	on(
		"a schedule with a condition runs the job only while that holds, with what the job has",
		async (home) => {
			await using platform = await opened(home);
			if (platform.launcher === undefined) return;
			const { id } = await home.chore.run({
				command: ["true"],
				directory: home.path,
				output: "split",
				setEnvironment: { GREETING: "it's $HOME" },
			});
			await home.chore.wait(id);
			const when = 'echo "$GREETING"; pwd >&2\n[ -e ok ]';
			const { folder, fire, fired } = await scheduleBeside(home, id, platform, shellWords, { when });
			fired();
			assert.equal(readFileSync(`${folder}/message`, "utf8"), `it's $HOME\n${home.path}\n`);
			writeFileSync(`${home.path}/ok`, "");
			fire();
			await runOf(home, id, 2);
			assert.deepEqual(await decisions(home), ["skipped 1"]);
			assert.deepEqual(readdirSync(`${home.path}/default/trash`), []);
		},
		skip,
	);

	on(
		"a condition that hangs is ended with all that it started, and does not hold",
		async (home) => {
			await using platform = await opened(home);
			if (platform.launcher === undefined) return;
			const { id } = await home.chore.run({ command: ["true"], directory: home.path });
			await home.chore.wait(id);
			const when = "trap '' TERM; (sleep 1000 & echo $! >child.new; mv child.new child); echo $$ >main; while :; do sleep 1; done";
			const { folder, fired } = await scheduleBeside(home, id, platform, shellWords, { when });
			const launch = readFileSync(`${folder}/launch`, "utf8");
			writeFileSync(`${folder}/launch`, launch.replace("RuntimeMaxSec=10", "RuntimeMaxSec=1").replace(" 100 10 10 ", " 20 1 1 "));
			fired();
			for (const name of ["main", "child"])
				assert.equal(isRunning(Number(readFileSync(`${home.path}/${name}`, "utf8"))), false, `its ${name} process is gone`);
			assert.deepEqual(await decisions(home), ["skipped 1"]);
			assert.equal((await home.chore.get(id)).run, 1);
		},
		skip,
	);
}

/** The events by which a schedule tells what it did about an active run. */
async function decisions(home: Home): Promise<readonly string[]> {
	const told: string[] = [];
	for await (const { event, run, by } of home.chore.events())
		if (["skipped", "queued", "missed", "stopped"].includes(event)) told.push([event, run, ...(by === undefined ? [] : [by])].join(" "));
	return told;
}

/** The run of that number, once it has ended. */
async function runOf(home: Home, id: string, run: number): Promise<Job> {
	await eventually(`run ${run} is there`, async () => (await home.chore.get(id)).run === run);
	return home.chore.wait(id, { run });
}

/** Names, kinds, modes and sizes. Of outputs and of what shells have to say the sizes vary. */
function filesIn(folder: string): readonly string[] {
	return readdirSync(folder)
		.sort()
		.map((name) => {
			const { mode, size } = lstatSync(`${folder}/${name}`);
			const isFixed = !["end.json", "run.json", "attempts", "message"].includes(name);
			return `${name} ${mode.toString(8)} ${isFixed ? size : ""}`;
		});
}

/** `run.json` without what differs from run to run. */
function recordIn(folder: string, run: number): unknown {
	const text = readFileSync(`${folder}/run.json`, "utf8")
		.replaceAll(`/runs/${run}"`, '/runs/K"')
		.replace(`"run":${run},"created`, '"created');
	const { createdAtMs, createdUptimeSeconds, ...record } = JSON.parse(text);
	assert.ok(Number.isInteger(createdAtMs) && Number.isFinite(createdUptimeSeconds), text);
	assert.equal(record.handle.data.run ?? run, run);
	return { ...record, handle: { ...record.handle, data: { ...record.handle.data, run: 0 } } };
}
