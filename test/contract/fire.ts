/** The part of the contract suite about runs that the fire program of a schedule starts, without Node. */
import assert from "node:assert/strict";
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Platform, PlatformContext } from "../../platform/contract.ts";
import { installProgram } from "../../src/core/disk/programs.ts";
import type { Job } from "../../src/core/job.ts";
import { eventually } from "../support/eventually.ts";
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
