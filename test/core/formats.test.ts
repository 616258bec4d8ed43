/** What earlier versions of chore wrote is read by this one. Each folder of test/fixtures is a state folder of one format. */
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { test } from "node:test";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";

test("format 1: a settled job, and one of another machine that nobody settled", async () => {
	await using home = await makeHome("posix", fakePlatform);
	cpSync("test/fixtures/format-1", home.path, { recursive: true, verbatimSymlinks: true });
	const jobs = await home.chore.list({ all: true });
	assert.deepEqual(
		jobs.map(({ name, state, result, exitCode, signal, description }) => ({ name, state, result, exitCode, signal, description })),
		[
			{ name: "served", state: "failed", result: "signal", exitCode: null, signal: "SIGKILL", description: null },
			{ name: "built", state: "failed", result: "exit-code", exitCode: 2, signal: null, description: "a build" },
		],
	);
	const built = await home.chore.get("built");
	assert.deepEqual(built.output.paths, [`${home.path}/default/jobs/${built.id}/runs/1/output`]);
	const text: string[] = [];
	for await (const { bytes, stream } of home.chore.logs("served")) text.push(`${stream}: ${Buffer.from(bytes)}`);
	assert.deepEqual(text.sort(), ["stderr: err\n", "stdout: out\n"]);
	const kinds: string[] = [];
	for await (const { event, name } of home.chore.events()) kinds.push(`${name} ${event}`);
	assert.deepEqual(kinds, ["built created", "built started", "built exited", "served created", "served started"]);
	assert.equal((await home.chore.remove("served")).name, "served");
});
