/** A schedule beside a job on posix, whose shell may be killed. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import * as posix from "../../platform/posix/index.ts";
import { installProgram } from "../../src/core/disk/programs.ts";
import { eventually, HANGS_MS, isRunning, kill } from "../support/eventually.ts";
import { scheduleBeside } from "../support/fire.ts";
import { makeHome } from "../support/home.ts";

test("after the shell of a run was killed, the job is run again as soon as that run is over, not before", {
	timeout: HANGS_MS,
}, async () => {
	const shell = ["/bin/sh"] as const;
	await using home = await makeHome("posix", {
		detect: () => ({ available: true, reason: "for a test", paths: [] }),
		open: (context) => posix.openWith(context, { shell }),
	});
	await using platform = await posix.openWith({ install: (name, text) => installProgram(home.path, name, text) }, { shell });
	const { id } = await home.chore.run({ command: ["sleep", "600"] });
	const { fire, fired } = await scheduleBeside(home, id, platform);
	const { pid } = await eventually("it runs", async () => {
		const job = await home.chore.get(id);
		return job.pid !== null && job;
	});
	const shim = Number.parseInt(readFileSync(`${home.path}/default/jobs/${id}/runs/1/pid`, "utf8"), 10);
	process.kill(shim, "SIGKILL");
	await eventually("the shell is gone", () => !isRunning(shim));
	fired();
	assert.equal((await home.chore.get(id)).run, 1);
	process.kill(pid ?? 0, "SIGKILL");
	await eventually("the job is gone", () => !isRunning(pid ?? 0));
	fire();
	await eventually("it is run again", async () => (await home.chore.get(id)).run, 2);
	assert.deepEqual(
		(await home.chore.runs(id)).map(({ run, state }) => [run, state === "starting" ? "running" : state]),
		[
			[1, "lost"],
			[2, "running"],
		],
	);
});

test("a firing that waits for a run whose shim was killed is run by the next wake-up", { timeout: HANGS_MS }, async () => {
	await using home = await makeHome("posix", posix);
	await using platform = await posix.open({ install: (name, text) => installProgram(home.path, name, text) });
	const { id } = await home.chore.run({ command: ["/bin/sh", "-c", '[ "$CHORE_RUN_ID" != "1.$CHORE_JOB_ID" ] || exec sleep 1000'] });
	const { folder, fire, fired } = await scheduleBeside(home, id, platform, ["/bin/sh"], { overlap: "queue" });
	fired();
	assert.ok(existsSync(`${folder}/queued`));
	const numberIn = (file: string): number => Number.parseInt(readFileSync(`${folder}/../runs/1/${file}`, "utf8"), 10);
	const main = await eventually("its program has begun", () => numberIn("started") || undefined);
	kill(numberIn("pid"), "SIGKILL");
	fired();
	assert.ok(existsSync(`${folder}/queued`), "its program still runs");
	kill(main, "SIGKILL");
	await eventually("its program is gone", () => !isRunning(main));
	fire();
	await eventually("run 2 is there", async () => (await home.chore.get(id)).run === 2);
	assert.equal((await home.chore.wait(id, { run: 2 })).state, "succeeded");
	assert.ok(!existsSync(`${folder}/queued`));
});
