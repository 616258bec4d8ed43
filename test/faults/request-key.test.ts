/** Starts with a request key that break off, or meet others, between any two steps. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { Job, RunOptions } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import { armedIn, fakePlatform } from "../support/fake-platform.ts";
import { fakeWith } from "../support/held.ts";
import { type Home, makeHome } from "../support/home.ts";
import { intercept, interfere } from "../support/intercept.ts";

const PATIENCE = { timeout: 300_000 };

/** A job that leaves a line in a file of its own, each time it is run. */
function counting(home: Home, step: number): RunOptions {
	return { command: ["/bin/sh", "-c", `echo ran >>"$1"`, "sh", countOf(home, step)], name: "web", requestKey: `key ${step}` };
}

function countOf(home: Home, step: number): string {
	return `${home.path}/count-${step}`;
}

/** The first `steps` steps that touch such paths happen, and none after them, as if the process were killed. */
function killedAfter(text: string | RegExp, steps: number): Disposable & { readonly isOver: boolean } {
	let isOver = false;
	const die = (): void => {
		isOver = true;
		throw new Error("killed here");
	};
	const interference = interfere(text, (step) => {
		if (step > steps) die();
	});
	// By these two nothing is removed afterwards.
	const [unlinking, removing] = (["unlinkSync", "rmdirSync"] as const).map((name) =>
		intercept(name, (original) => (path: Parameters<typeof original>[0]) => (isOver ? die() : original(path))),
	);
	return {
		get isOver() {
			return isOver;
		},
		[Symbol.dispose]: () => {
			removing?.[Symbol.dispose]();
			unlinking?.[Symbol.dispose]();
			interference[Symbol.dispose]();
		},
	};
}

/** Has the marks of this process name one that is gone. */
function bury(home: Home): void {
	const [active, jobs] = [`${home.path}/default/active`, `${home.path}/default/jobs`];
	const marks = [
		...readdirSync(active).map((id) => `${active}/${id}`),
		...readdirSync(jobs).map((id) => `${jobs}/${id}/schedule/arming`),
	].filter((path) => existsSync(path));
	for (const path of marks) {
		const text = readFileSync(path, "utf8");
		if (text.includes("pid")) writeFileSync(path, JSON.stringify({ ...JSON.parse(text), startTicks: "1" }));
	}
}

test("a start that is killed between any two steps is made once, when it is asked for again", PATIENCE, async () => {
	await using home = await makeHome("fake", fakePlatform);
	await home.chore.wait((await home.chore.run(counting(home, 0))).id);
	const first = new Set<string>();
	for (let step = 1; ; step++) {
		const options = counting(home, step);
		const killed = killedAfter(`${home.path}/default`, step);
		const outcome = await home.chore.run(options).catch(String);
		const { isOver } = killed;
		killed[Symbol.dispose]();
		if (!isOver) return assert.ok(step > 25 && first.size === 2, `${step} steps, ${[...first]}`);
		bury(home);
		let found = false;
		const again = await home.chore
			.run({ ...options, onFound: () => (found = true) })
			.catch((error) => assert.fail(`step ${step}: ${error}`));
		const ended = await home.chore.wait(again.id);
		const what = `step ${step}: ${typeof outcome === "string" ? outcome : outcome.state}, then ${ended.state}`;
		assert.deepEqual([ended.state, readFileSync(countOf(home, step), "utf8")], ["succeeded", "ran\n"], what);
		assert.deepEqual(await home.chore.run(options), ended, what);
		first.add(found ? "it had been started" : "it had not");
	}
});

test("a job with a schedule whose making is killed between any two steps is there once, when it is asked for again", PATIENCE, async () => {
	await using home = await makeHome("fake", fakePlatform);
	await home.chore.wait((await home.chore.run(counting(home, 0))).id);
	for (let step = 1; ; step++) {
		const options: RunOptions = { ...counting(home, step), name: `tick-${step}`, schedule: { calendar: ["daily UTC"] } };
		const killed = killedAfter(/\/default\/(jobs|schedules|ledger)/, step - 1);
		await home.chore.run(options).catch(String);
		const { isOver } = killed;
		killed[Symbol.dispose]();
		if (!isOver) return assert.ok(step > 6, `${step} steps`);
		bury(home);
		const again = await home.chore.run(options);
		assert.equal((await home.chore.get(again.id)).state, "scheduled", `step ${step}`);
		const names = (await home.chore.list({ all: true })).map(({ name }) => name);
		assert.deepEqual(new Set(names).size, names.length, `step ${step}`);
		assert.deepEqual(armedIn(home.path).length, step, `step ${step}`);
	}
});

test("of two starts with a key, the second at any step of the first, one is made", PATIENCE, async () => {
	await using home = await makeHome("fake", fakePlatform);
	const other = home.open();
	for (let step = 0; ; step++) {
		let meeting: Promise<Job> | undefined;
		const options = counting(home, step);
		const interference = interfere(`${home.path}/default`, (reached) => {
			if (reached === step) meeting = other.run(options);
		});
		const job = await home.chore.run(options);
		interference[Symbol.dispose]();
		if (step > 0 && meeting === undefined) return assert.ok(step > 25, `${step} steps`);
		const ids = new Set([job.id, (await meeting)?.id ?? job.id, (await other.run(options)).id]);
		assert.equal(ids.size, 1, `step ${step}`);
		await home.chore.wait(job.id);
		assert.equal(readFileSync(countOf(home, step), "utf8"), "ran\n", `step ${step}`);
	}
});

test("a start that was held up until another took its key starts nothing, and gives the job of that one", PATIENCE, async () => {
	const stops: (() => void)[] = [];
	const module = fakeWith((original) => ({
		stop: async (...given) => {
			await new Promise<void>((resolve) => stops.push(resolve));
			return original.stop(...given);
		},
	}));
	await using home = await makeHome("fake", module);
	await home.chore.run({ command: ["sleep", "60"], name: "web" });
	const options: RunOptions = { ...counting(home, 1), ifRunning: "replace" };
	let isOver = false;
	const heldUp = home.chore.run(options).finally(() => (isOver = true));
	await eventually("it has the key, and stops what has its name", () => stops.length, 1);
	bury(home);
	const other = home.open().run(options);
	await eventually("the other has the key", () => stops.length, 2);
	stops[0]?.();
	await eventually("it has given up, or has started a job", () => isOver || readdirSync(`${home.path}/default/active`).length === 1);
	stops[1]?.();
	assert.equal((await heldUp).id, (await other).id);
	await home.chore.wait("web");
	assert.equal(readFileSync(countOf(home, 1), "utf8"), "ran\n");
});
