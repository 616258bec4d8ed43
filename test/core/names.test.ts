import assert from "node:assert/strict";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { isChoreError } from "../../platform/errors.ts";
import { checkName } from "../../src/core/disk/session.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";
import { fc } from "../support/random.ts";

test("a job without a name gets that of its program, with a number while that is in use", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const handles = [home.chore, home.open(), home.open()];
	const jobs = await Promise.all(
		Array.from({ length: 30 }, (_, index) => (handles[index % 3] ?? home.chore).run({ command: ["sleep", "60"] })),
	);
	const names = jobs.map(({ name }) => name);
	assert.deepEqual([...new Set(names)].sort(), ["sleep", ...Array.from({ length: 29 }, (_, index) => `sleep-${index + 2}`)].sort());
	await home.chore.stop("sleep");
	assert.equal((await home.chore.run({ command: ["sleep", "60"] })).name, "sleep");
});

test("a name means the newest job that had it; when that is removed, the one before", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const ids: string[] = [];
	for (let count = 0; count < 3; count++) ids.push((await home.chore.wait((await home.chore.run({ command: ["true"], name: "x" })).id)).id);
	assert.equal((await home.chore.get("x")).id, ids[2]);
	await home.chore.remove("x");
	assert.equal((await home.chore.get("x")).id, ids[1]);
	await home.chore.remove("x");
	await home.chore.remove("x");
	await assert.rejects(home.chore.get("x"), (error) => isChoreError(error) && error.code === "JOB_NOT_FOUND");
	assert.equal((await home.chore.run({ command: ["true"], name: "x" })).name, "x");
});

test("a claim of a name leaves one file, and its number is never used twice", async () => {
	await using home = await makeHome("fake", fakePlatform);
	for (let count = 0; count < 4; count++) await home.chore.wait((await home.chore.run({ command: ["true"], name: "x" })).id);
	assert.deepEqual(readdirSync(`${home.path}/default/names/x`), ["4"]);
});

test("an entry with a number too long to be exact is ignored: the name can be taken", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.wait((await home.chore.run({ command: ["true"], name: "x" })).id);
	for (const length of [16, 17, 20]) symlinkSync(id, `${home.path}/default/names/x/${"9".repeat(length)}`);
	assert.equal((await home.chore.get("x")).id, id);
	const next = await home.chore.run({ command: ["true"], name: "x" });
	assert.deepEqual([(await home.chore.get("x")).id, readdirSync(`${home.path}/default/names/x`).includes("2")], [next.id, true]);
	await home.chore.wait(next.id);
	await home.chore.remove(next.id);
	assert.equal((await home.chore.get("x")).id, id, "the one before");
});

test("a name whose holder was never completed, by a process that died, can be taken", async () => {
	await using home = await makeHome("fake", fakePlatform);
	await home.chore.wait((await home.chore.run({ command: ["true"], name: "x" })).id);
	const id = "01a1fc70-44ee-7058-9aa9-000000000000";
	writeFileSync(`${home.path}/default/active/${id}`, JSON.stringify({ pid: 2 ** 22 + 1, startTicks: "1" }));
	symlinkSync(id, `${home.path}/default/names/x/2`);
	assert.equal((await home.chore.run({ command: ["true"], name: "x" })).name, "x");
	assert.ok(!readdirSync(`${home.path}/default/active`).includes(id));
});

test("an entry in the folder of a name that is no claim changes nothing, whatever its name", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const folder = `${home.path}/default/names/x`;
	const again = async (what: string): Promise<void> => {
		const job = await home.chore.run({ command: ["true"], name: "x" });
		assert.deepEqual([job.name, (await home.chore.wait(job.id)).state], ["x", "succeeded"], what);
		await home.chore.remove(job.id);
	};
	for (const name of ["99999999999999999999", "7", "007", "-1", "1e3", " 1", "file"]) {
		mkdirSync(`${folder}/${name}/below`, { recursive: true });
		await again(name);
		mkdirSync(folder, { recursive: true });
		writeFileSync(`${folder}/8`, "");
		await again(`${name}, and a file`);
	}
	symlinkSync("nobody", `${folder}/999999999999999`);
	await assert.rejects(
		home.chore.run({ command: ["true"], name: "x" }),
		(error) => isChoreError(error) && error.code === "STATE_UNUSABLE" && /999999999999999 was not made by chore/.test(error.message),
	);
	assert.deepEqual(readdirSync(`${home.path}/default/jobs`), [], "nothing is left of what was refused");
});

test("the end of an id finds the job; an ambiguous one is refused with the ids", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const job = await home.chore.run({ command: ["true"] });
	await home.chore.wait(job.id);
	for (const length of [4, 8, 12, 36]) assert.equal((await home.chore.get(job.id.slice(-length))).id, job.id);
	for (const reference of ["", "zzz", job.id.slice(-3), "../..", "a/b", "%", "\n"]) {
		await assert.rejects(
			home.chore.get(reference),
			(error) => isChoreError(error) && ["JOB_NOT_FOUND", "INVALID_ARGUMENT"].includes(error.code),
			reference,
		);
	}
});

test("no name can leave the state folder or make a hidden file", () => {
	fc.assert(
		fc.property(fc.oneof(fc.string({ maxLength: 70 }), fc.string({ unit: fc.constantFrom(".", "/", "a", "-", "\n", "~") })), (name) => {
			try {
				checkName("job", name);
			} catch (error) {
				assert.ok(isChoreError(error) && error.code === "INVALID_ARGUMENT");
				return;
			}
			assert.match(name, /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
			assert.ok(!name.includes("\n"));
		}),
	);
});
