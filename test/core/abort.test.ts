/** What a raised signal leaves: nothing of a request that was not sent, all of one that was. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { test } from "node:test";
import type { StopOutcome } from "../../platform/contract.ts";
import { eventually, isEmpty } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { fakeWith, held } from "../support/held.ts";
import { type Home, makeHome } from "../support/home.ts";

const WHY = new Error("the reader went away");

/** All files of the session that say something of a job. */
function filesOf(home: Home): readonly string[] {
	return ["jobs", "names", "active", "trash"].flatMap((folder) => {
		const path = `${home.path}/default/${folder}`;
		return existsSync(path) ? readdirSync(path).map((name) => `${folder}/${name}`) : [];
	});
}

test("a signal that was raised before the request leaves nothing of it", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { chore } = home;
	const signal = AbortSignal.abort(WHY);
	const given = { code: "ABORTED", cause: WHY };
	await assert.rejects(chore.run({ command: ["true"], name: "web", signal }), given);
	assert.deepEqual(filesOf(home), []);
	const done = await chore.wait((await chore.run({ command: ["true"], name: "web" })).id);
	await assert.rejects(chore.rerun("web", { signal }), given);
	assert.deepEqual(await chore.get("web"), done);
	await assert.rejects(chore.remove("web", { signal }), given);
	assert.deepEqual(await chore.get("web"), done);
	const live = await chore.run({ command: ["sleep", "60"], name: "live" });
	for (const verb of [
		() => chore.stop("live", { signal }),
		() => chore.remove("live", { signal, force: true }),
		() => chore.restart("live", { signal }),
	])
		await assert.rejects(verb(), given);
	const still = await chore.get("live");
	assert.deepEqual([still.endedAt, still.run], [null, 1]);
	const events: string[] = [];
	for await (const { event, id } of chore.events()) if (id === live.id) events.push(event);
	assert.deepEqual(events, ["created", "started"], "no stop was asked for");
});

test("a start that is given up before the platform is asked leaves nothing, also while it waits for the name", async () => {
	const over = new AbortController();
	let isStopping = false;
	const module = fakeWith(() => ({
		stop: () => {
			isStopping = true;
			return new Promise<StopOutcome>((resolve) => over.signal.addEventListener("abort", () => setTimeout(resolve, 0, { kind: "ended" })));
		},
	}));
	await using home = await makeHome("fake", module);
	const { id } = await home.chore.run({ command: ["sh", "-c", "exec sleep 60"], name: "web" });
	const replacing = home.open().run({ command: ["true"], name: "web", ifRunning: "replace", signal: over.signal });
	await eventually("the job is being replaced", () => isStopping);
	over.abort(WHY);
	await assert.rejects(replacing, { code: "ABORTED", cause: WHY });
	assert.deepEqual(readdirSync(`${home.path}/default/jobs`), [id]);
	assert.deepEqual(readdirSync(`${home.path}/default/active`), [id]);
});

test("a start that is given up after the platform was asked goes on, and closing waits for it", async () => {
	const { module, letGo } = held();
	await using home = await makeHome("fake", module);
	const chore = home.open();
	const over = new AbortController();
	const start = chore.run({ command: ["sh", "-c", "exit 3"], name: "web", signal: over.signal });
	const started = eventually("a job is written down", async () => (await home.chore.list())[0]?.id);
	const id = await started;
	over.abort(WHY);
	await assert.rejects(start, { code: "ABORTED", cause: WHY });
	assert.equal((await home.chore.get(id)).state, "starting");
	const closed = chore.close();
	letGo();
	await closed;
	assert.deepEqual([(await home.chore.wait(id)).exitCode, filesOf(home)], [3, [`jobs/${id}`, "names/web"]]);
});

test("a stop that is given up after it was asked for goes on", async () => {
	let letGo: (() => void) | undefined;
	const module = fakeWith((original) => ({
		stop: async (...given) => {
			await new Promise<void>((resolve) => {
				letGo = resolve;
			});
			return original.stop(...given);
		},
	}));
	await using home = await makeHome("fake", module);
	for (const verb of ["stop", "restart", "remove"] as const) {
		letGo = undefined;
		const { id } = await home.chore.run({ command: ["sleep", "60"], name: verb });
		const over = new AbortController();
		const asked = home.chore[verb](id, { signal: over.signal, force: true });
		const finish = await eventually("it is being stopped", () => letGo);
		over.abort(WHY);
		await assert.rejects(asked, { code: "ABORTED", cause: WHY });
		finish();
		const job = await home.chore.wait(id);
		assert.deepEqual([job.state, job.run], ["stopped", 1], "it is stopped, and neither started again nor forgotten");
	}
	await eventually("nothing is active", () => readdirSync(`${home.path}/default/active`), isEmpty);
});
