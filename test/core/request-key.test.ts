/** A start with a request key can be asked for again, and is made once. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { ChoreError } from "../../platform/errors.ts";
import type { RequestOptions, RunOptions } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { fakeWith, held } from "../support/held.ts";
import { type Home, makeHome } from "../support/home.ts";

const KEY = { requestKey: "order 7 é" };

function left(home: Home): readonly string[] {
	return ["jobs", "active", "names", "requests", "trash"].flatMap((folder) => readdirSync(`${home.path}/default/${folder}`));
}

test("the same key and options give the same job: while it runs, when it has ended, and by another process", async () => {
	await using home = await makeHome("fake", fakePlatform);
	let found = 0;
	const options: RunOptions = { command: ["sleep", "60"], name: "web", ...KEY, onFound: () => found++ };
	const { id } = await home.chore.run(options);
	assert.equal(found, 0);
	// It would be stopped, if it were another.
	const replacing: RunOptions = { ...options, name: "other", requestKey: "another", ifRunning: "replace" };
	const other = await home.chore.run(replacing);
	assert.equal((await home.chore.run(replacing)).id, other.id);
	assert.deepEqual(await home.chore.run(options).then(({ id, endedAt }) => [id, endedAt]), [id, null]);
	const ended = await home.chore.stop(id);
	const again = await home.open({ maxJobs: 0 }).run({ onFound: () => found++, ...KEY, name: "web", command: ["sleep", "60"] });
	assert.deepEqual([again, found], [ended, 3]);
	assert.equal((await home.chore.list({ all: true })).length, 2);
});

test("a key with other options is refused, and what does not count as one may differ", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const options: RunOptions = { command: ["true"], setEnvironment: { A: "1", B: "2" }, ...KEY };
	const { id } = await home.chore.run({ ...options, environment: { PATH: "/bin" } });
	const same = { ...options, environment: {}, setEnvironment: { B: "2", A: "1" }, name: undefined, signal: new AbortController().signal };
	assert.equal((await home.chore.run(same)).id, id);
	for (const other of [{ setEnvironment: { A: "1" } }, { name: "web" }, { command: ["false"] }, { origin: { client: "alice" } }])
		await assert.rejects(home.chore.run({ ...options, ...other }), { code: "KEY_REUSED", message: /true \([0-9a-f]{8}\) was started/ });
	const request: RequestOptions = { kind: "http", url: "http://127.0.0.1:9/", data: Buffer.from([0xff]), requestKey: "put" };
	const put = await home.chore.run(request);
	assert.equal((await home.chore.run({ ...request, data: new Uint8Array([0xff]) })).id, put.id);
	await assert.rejects(home.chore.run({ ...request, data: new Uint8Array([0xfe]) }), { code: "KEY_REUSED" });
	for (const requestKey of ["", "a\nb", "x".repeat(65)])
		await assert.rejects(home.chore.run({ ...options, requestKey }), { code: "INVALID_ARGUMENT", message: /cannot be a request key/ });
});

test("a key is forgotten with its job, and after a start that was refused or found another job", async () => {
	let refuses = false;
	const module = fakeWith((original) => ({
		start: async (...given) => {
			if (refuses) throw new ChoreError("INVALID_ARGUMENT", "it cannot be", { refused: true });
			return original.start(...given);
		},
	}));
	await using home = await makeHome("fake", module);
	const options: RunOptions = { command: ["sleep", "60"], name: "web", ...KEY };
	const { id } = await home.chore.run(options);
	const skipping = { ...options, requestKey: "skips", ifRunning: "skip" } as const;
	assert.equal((await home.chore.run(skipping)).id, id);
	assert.equal(readdirSync(`${home.path}/default/requests`).length, 1);
	await home.chore.set(id, { description: "changed" }).catch(() => {});
	await home.chore.remove(id, { force: true });
	assert.deepEqual(left(home), []);
	refuses = true;
	await assert.rejects(home.chore.run(options), { message: "it cannot be" });
	assert.deepEqual(left(home), []);
	refuses = false;
	const next = await home.chore.run({ ...options, command: ["sleep", "61"] });
	assert.notEqual(next.id, id);
	// What a process left that died before it made the job, and a key whose job an earlier version has forgotten.
	rmSync(`${home.path}/default/jobs/${next.id}`, { recursive: true });
	rmSync(`${home.path}/default/active/${next.id}`, { force: true });
	await home.chore.prune();
	assert.deepEqual(readdirSync(`${home.path}/default/requests`), []);
});

test("a key survives a change of settings, and one of a job with a schedule gives that job", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const options: RunOptions = { command: ["true"], ...KEY, schedule: { everyMs: 3_600_000 } };
	const { id, state } = await home.chore.run(options);
	assert.equal(state, "scheduled");
	await home.chore.set(id, { description: "changed" });
	assert.equal((await home.chore.run(options)).id, id);
	await home.chore.remove(id);
	assert.deepEqual(left(home), []);
});

test("a second start waits for the first one with the key, and can be given up", async () => {
	const { module, letGo } = held();
	await using home = await makeHome("fake", module);
	const options: RunOptions = { command: ["sleep", "60"], ...KEY };
	const first = home.chore.run(options);
	await eventually("it is under way", () => existsSync(`${home.path}/default/requests`));
	const control = new AbortController();
	const given = home.open().run({ ...options, signal: control.signal });
	control.abort();
	await assert.rejects(given, { code: "ABORTED" });
	const others = Promise.all(Array.from({ length: 10 }, () => home.open().run(options)));
	letGo();
	const ids = new Set((await others).map(({ id, endedAt }) => `${id} ${endedAt}`));
	assert.deepEqual([...ids], [`${(await first).id} null`]);
});

test("a job whose key cannot be read is not started again", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const options: RunOptions = { command: ["true"], ...KEY };
	const { id } = await home.chore.run(options);
	writeFileSync(`${home.path}/default/jobs/${id}/key`, "?");
	await assert.rejects(home.chore.run(options), { code: "JOB_UNREADABLE", message: /\/key: it is damaged$/ });
	await home.chore.remove(id, { force: true });
	assert.notEqual((await home.chore.run(options)).id, id);
});
