/** What is known of listeners, and what becomes of them when their parts are gone. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { isChoreError } from "../../platform/errors.ts";
import { record } from "../../src/core/disk/ledger.ts";
import { openSession } from "../../src/core/disk/session.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { type Home, makeHome } from "../support/home.ts";

const ID = "01a1fc70-44ee-7058-9aa9-000000000001";

async function findings(home: Home): Promise<readonly (string | null)[][]> {
	const { findings: found } = await home.chore.doctor({ selfTest: false });
	return found.filter(({ kind }) => kind === "listener").map(({ level, what, cure }) => [level, what, cure]);
}

test("doctor tells how far behind a listener is, and that its job is gone", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = openSession(home.path, "default");
	const { jobId } = await home.chore.listen("pg", { command: ["cat"], states: ["failed"], job: "w*" });
	assert.deepEqual(await findings(home), []);
	for (const [run, name, state] of [
		[1, "web", "failed"],
		[2, "web", "succeeded"],
		[3, "other", "failed"],
		[4, "w", "failed"],
	] as const)
		record(session, { id: ID, run, name }, "exited", { state });
	record(session, { id: jobId, run: 1, name: "w" }, "exited", { state: "failed" });
	assert.deepEqual(
		home.chore.listeners().map(({ name, behind }) => [name, behind]),
		[["pg", 2]],
	);
	assert.deepEqual(await findings(home), [["note", "the listener pg has not had 2 events", "chore logs pg"]]);
	await home.chore.remove(jobId);
	assert.deepEqual(await findings(home), [["problem", "nothing feeds the listener pg: its job is gone", "chore listen rm pg"]]);
	await home.chore.unlisten("pg");
	assert.deepEqual([await findings(home), home.chore.listeners()], [[], []]);
});

test("a listener whose record is damaged is removed like any other", async () => {
	await using home = await makeHome("fake", fakePlatform);
	await home.chore.listen("pg", { command: ["cat"] });
	writeFileSync(`${home.path}/default/listeners/pg/listener.json`, "{");
	assert.deepEqual(await findings(home), [["problem", "nothing feeds the listener pg: its job is gone", "chore listen rm pg"]]);
	await home.chore.unlisten("pg");
	assert.deepEqual([await findings(home), home.chore.listeners()], [[], []]);
});

test("an impossible listener is refused, and nothing of it is left", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const refused = (code: string) => (error: unknown) => isChoreError(error) && error.code === code;
	await assert.rejects(home.chore.listen("../x", { command: ["cat"] }), refused("INVALID_ARGUMENT"));
	await assert.rejects(home.chore.listen("x", { command: [] }), refused("INVALID_ARGUMENT"));
	await assert.rejects(home.chore.listen("x", { command: ["cat"], on: [] }), refused("INVALID_ARGUMENT"));
	await assert.rejects(home.chore.listen("x", { command: ["cat"], job: 'a"b' }), refused("INVALID_ARGUMENT"));
	await assert.rejects(home.chore.listen("x", { command: ["no-such-program"] }), refused("COMMAND_NOT_FOUND"));
	await assert.rejects(home.chore.unlisten("x"), refused("JOB_NOT_FOUND"));
	assert.deepEqual([home.chore.listeners(), await home.chore.list({ all: true })], [[], []]);
});
