/** A firing of a schedule that waits for the end of a run, whose shim is killed before it can write that down. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import * as posix from "../../platform/posix/index.ts";
import { installProgram } from "../../src/core/disk/programs.ts";
import { eventually, HANGS_MS, isRunning, kill } from "../support/eventually.ts";
import { scheduleBeside } from "../support/fire.ts";
import { makeHome } from "../support/home.ts";

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
