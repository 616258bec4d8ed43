/** What becomes of jobs when the user manager is shut down under them, as at the last logout without lingering. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as systemd from "../../platform/systemd/index.ts";
import { above, eventually, HANGS_MS } from "../support/eventually.ts";
import { makeHome } from "../support/home.ts";
import { endSession, userManager } from "../support/user-manager.ts";

const { skip, skipHarm } = userManager(import.meta);

test("a job that the end of the session kills has the result session-ended; one that chose its exit code keeps it", {
	skip: skip || skipHarm,
	timeout: HANGS_MS,
}, async () => {
	await using home = await makeHome("systemd", systemd);
	const plain = await home.chore.run({ command: ["sleep", "600"] });
	const trapping = await home.chore.run({ command: ["sh", "-c", "trap 'exit 6' TERM; echo ready; while :; do sleep 0.05; done"] });
	await eventually("the trap is set", async () => (await home.chore.get(trapping.id)).output.bytes, above(0));
	await endSession();
	const end = await home.chore.wait(plain.id);
	assert.deepEqual([end.state, end.result, end.signal], ["failed", "session-ended", "SIGTERM"]);
	assert.deepEqual((await home.chore.wait(trapping.id)).exitCode, 6);
});

test("a job that another process sends TERM ends with the result signal", { skip, timeout: HANGS_MS }, async () => {
	await using home = await makeHome("systemd", systemd);
	const job = await home.chore.run({ command: ["sleep", "600"] });
	await home.chore.kill(job.id, { signal: "SIGTERM" });
	const end = await home.chore.wait(job.id);
	assert.deepEqual([end.state, end.result], ["failed", "signal"]);
});
