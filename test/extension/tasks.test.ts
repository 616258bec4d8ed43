/** How a task finds its job. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { ChoreTask } from "../../extension/commands/tasks.ts";
import type { Job, RunOptions } from "../../src/index.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { type Home, makeHome } from "../support/home.ts";
import "./editor.ts";

const { isSame, runOptions } = await import("../../extension/commands/tasks.ts");

/** A task of this folder. */
function ask(folder: string, more: Partial<ChoreTask>): Promise<RunOptions> {
	return runOptions(
		{ type: "chore", command: "exec sleep 600", ...more },
		{ uri: { fsPath: folder }, name: "app", index: 0 } as never,
		"a task",
	);
}

/** A job that the library started for the task. */
async function jobOf(home: Home, more: Partial<ChoreTask>): Promise<Job> {
	return home.chore.run(await ask(home.path, more));
}

test("a task without input has it empty, and one with a FIFO takes what is sent", async () => {
	assert.equal((await ask("/work", {})).stdin, "null");
	assert.equal((await ask("/work", { stdin: "fifo" })).stdin, "fifo");
	assert.equal((await ask("/work", {})).relay, false);
	assert.equal((await ask("/work", { relay: true })).relay, true);
});

describe("the job of a task", () => {
	test("is found again however the task spells its directory", async () => {
		await using home = await makeHome("fake", fakePlatform);
		mkdirSync(join(home.path, "web"));
		for (const [cwd, directory] of [
			[undefined, home.path],
			[".", home.path],
			["./", home.path],
			["web/..", home.path],
			["./web", join(home.path, "web")],
			["web/", join(home.path, "web")],
			["web//.", join(home.path, "web")],
			[`${home.path}/web/`, join(home.path, "web")],
			["/", "/"],
		] as const) {
			const job = await jobOf(home, cwd === undefined ? {} : { cwd });
			assert.equal(job.directory, directory);
			assert.ok(isSame(job, await ask(home.path, cwd === undefined ? {} : { cwd })), cwd);
			assert.ok(isSame(job, await ask(home.path, { cwd: directory })), cwd);
			assert.ok(!isSame(job, await ask(home.path, { cwd: "other" })));
		}
	});

	test("is another one if the task has other variables, and its tag does not reveal them", async () => {
		await using home = await makeHome("fake", fakePlatform);
		const env = { PORT: "3000", TOKEN: "secret" };
		const job = await jobOf(home, { env });
		assert.ok(isSame(job, await ask(home.path, { env: { TOKEN: "secret", PORT: "3000" } })));
		for (const other of [{}, { PORT: "3001", TOKEN: "secret" }, { PORT: "3000" }]) {
			assert.ok(!isSame(job, await ask(home.path, { env: other })), JSON.stringify(other));
		}
		assert.ok(!JSON.stringify(job).includes("secret"));
		// A job from a terminal, or of an earlier version for a task without variables, has no tag.
		assert.ok(isSame({ ...job, tag: null }, await ask(home.path, {})));
	});
});
