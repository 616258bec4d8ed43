/** The jobs of a session in pages. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSession } from "../../src/core/disk/session.ts";
import type { JobFilter } from "../../src/core/look/list.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";
import { interfere } from "../support/intercept.ts";
import { makePast } from "../support/past.ts";

test("pages give each job once, the newest first whatever its state, though others come and go meanwhile", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { chore } = home;
	const ids: string[] = [];
	for (const [index, command] of [["true"], ["sleep", "60"], ["false"], ["sleep", "61"], ["true"]].entries()) {
		const schedule = index === 4 ? { schedule: { everyMs: 3_600_000 } } : {};
		const { id } = await chore.run({ command, name: `job-${index}`, ...schedule });
		if (index % 2 === 0 && index < 4) await chore.wait(id);
		ids.unshift(id);
	}
	const page = async (filter: JobFilter): Promise<string[]> => (await chore.list(filter)).map(({ name, state }) => `${name} ${state}`);
	assert.deepEqual(await page({ limit: 2 }), ["job-4 scheduled", "job-3 running"]);
	await chore.run({ command: ["true"], name: "later" });
	await chore.remove("job-3", { force: true });
	assert.deepEqual(await page({ limit: 2, after: ids[1] }), ["job-2 failed", "job-1 running"]);
	assert.deepEqual(await page({ limit: 2, after: ids[3] }), ["job-0 succeeded"]);
	assert.deepEqual(await page({ limit: 2, after: ids[4] }), []);
	assert.deepEqual(await page({ after: ids[0] }), ["job-2 failed", "job-1 running", "job-0 succeeded"]);
	assert.deepEqual(await page({ limit: 1, states: ["running", "failed"], after: ids[2] }), ["job-1 running"]);
	assert.deepEqual(await page({ limit: 1, states: ["failed"] }), ["job-2 failed"]);
	for (const wrong of [{ limit: 0 }, { limit: 1001 }, { limit: 1.5 }, { after: "job-1" }, { after: "" }])
		await assert.rejects(chore.list(wrong), { code: "INVALID_ARGUMENT" }, JSON.stringify(wrong));
});

test("a page reads the files of its own jobs only", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], name: "model" });
	await home.chore.wait(id);
	const session = openSession(home.path, "default");
	for (let index = 0; index < 100; index++) makePast(session, id, { hoursAgo: index + 1, name: `past-${index}` });
	let steps = 0;
	const count = async (filter: JobFilter): Promise<number> => {
		steps = 0;
		using _ = interfere(/\/jobs\/.*\/end\.json$/, () => steps++);
		assert.equal((await home.chore.list(filter)).length, filter.limit ?? 101);
		return steps;
	};
	const all = await count({ all: true });
	assert.equal((await count({ limit: 20 })) * 101, all * 20);
});
