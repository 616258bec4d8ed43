/** Watching runs, many at once, and what looking at them costs. */
import assert from "node:assert/strict";
import { linkSync, readdirSync, readlinkSync, renameSync, statSync } from "node:fs";
import { test } from "node:test";
import type { Handle } from "../../platform/contract.ts";
import { makeFifo } from "../../platform/shell/fifo.ts";
import { runOf } from "../../platform/shell/run-folder.ts";
import { above, eventually } from "../support/eventually.ts";
import { ended, layOut, openPlatform, recordOf, skipUnlessProc, start, stop, type TestRun, wordIn } from "./support.ts";

/** How many descriptors of this process lead to files of these runs. */
function descriptorsOf(runs: readonly TestRun[]): number {
	const isOf = (path: string): boolean => runs.some(({ folder }) => path.startsWith(folder));
	return readdirSync("/proc/self/fd").filter((descriptor) => isOf(targetOf(`/proc/self/fd/${descriptor}`))).length;
}

function targetOf(link: string): string {
	try {
		return readlinkSync(link);
	} catch {
		return ""; // closed meanwhile
	}
}

test("a watch calls back for an end after its beginning", async () => {
	await using platform = await openPlatform();
	const run = await start(platform, 'read -r word <"$1/go"; exit 1'.replace("read", 'mkfifo "$1/go"; read'));
	await eventually("it waits", () => readdirSync(run.folder).includes("go"));
	const seen: string[] = [];
	await using _watch = await platform.watch([run.handle], () => seen.push(typeof recordOf(run)));
	await eventually("the first call comes", () => seen.length, 1);
	assert.deepEqual(seen, ["string"]);
	await stop(platform, run);
	await eventually("the end is told", () => seen.at(-1), "object");
});

test("a watch calls back for an end before its beginning", async () => {
	await using platform = await openPlatform();
	const run = await start(platform, "exit 0");
	await ended(platform, run);
	let calls = 0;
	await using _watch = await platform.watch([run.handle], () => calls++);
	await eventually("the end is told", () => calls, above(0));
});

test("a watch that begins before the start of the run calls back for its end", async () => {
	await using platform = await openPlatform();
	const run = layOut(platform, "exit 0");
	let isEnded = false;
	await using _watch = await platform.watch([run.handle], () => {
		isEnded = typeof recordOf(run) === "object";
	});
	await platform.start(run.spec, run.handle);
	await eventually("the end is told", () => isEnded);
});

test("a watch calls back for the end of the last attempt", async () => {
	await using platform = await openPlatform();
	const run = await start(platform, "exit 1", { restart: { policy: "on-failure", delayMs: 20, max: 3 } });
	let seen: unknown;
	await using _watch = await platform.watch([run.handle], async () => {
		const [observation] = await platform.inspect([run.handle]);
		if (observation?.kind === "absent") seen = recordOf(run);
	});
	await eventually("the end is told", () => seen !== undefined);
	assert.ok(typeof seen === "object" && seen !== null && "attempt" in seen && seen.attempt === 4);
});

test("two watches of one run both call back, and neither makes a dead run look alive", async () => {
	await using platform = await openPlatform();
	const runs = await Promise.all(Array.from({ length: 20 }, () => start(platform, "sleep 0.05; exit 0")));
	const handles = runs.map(({ handle }) => handle);
	const over = [new Set<Handle>(), new Set<Handle>()];
	const watches = await Promise.all(
		over.map((set) =>
			platform.watch(handles, async (handle) => {
				const [observation] = await platform.inspect([handle]);
				if (observation?.kind === "absent") set.add(handle);
			}),
		),
	);
	await eventually("all ends are told twice", () => over.every((set) => set.size === runs.length));
	for (const watch of watches) await watch[Symbol.asyncDispose]();
});

test("a disposed watch keeps no descriptor and does not call back", { skip: skipUnlessProc }, async () => {
	await using platform = await openPlatform();
	const runs = await Promise.all(Array.from({ length: 10 }, () => start(platform, 'echo yes >"$1/ready"; sleep 1000')));
	await Promise.all(runs.map((run) => wordIn(run, "ready")));
	const before = descriptorsOf(runs);
	let calls = 0;
	const handles = runs.map(({ handle }) => handle);
	const watch = await platform.watch(handles, () => calls++);
	assert.equal(descriptorsOf(runs), before + runs.length);
	await watch[Symbol.asyncDispose]();
	await eventually("the descriptors are closed", () => descriptorsOf(runs), before);
	calls = 0;
	await Promise.all(runs.map((run) => stop(platform, run)));
	assert.equal(calls, 0);
	assert.equal(descriptorsOf(runs), before);
});

test("a watch of more runs than a process may open files keeps few descriptors, and calls back for every end", {
	skip: skipUnlessProc,
}, async () => {
	await using platform = await openPlatform();
	const alive = await start(platform, 'echo yes >"$1/ready"; sleep 1000');
	await wordIn(alive, "ready");
	// Runs that share the shim of the first one, so that one process is enough.
	const runs = Array.from({ length: 300 }, () => layOut(platform, "exit 0"));
	for (const { folder } of runs) linkSync(`${alive.folder}/alive`, `${folder}/alive`);
	const told = new Set<Handle>();
	await using _watch = await platform.watch(
		runs.map(({ handle }) => handle),
		(handle) => told.add(handle),
	);
	await eventually("the first calls come", () => told.size, runs.length);
	const open = descriptorsOf([alive, ...runs]);
	assert.ok(open >= 50 && open <= 100, `${open} descriptors for ${runs.length} runs`);
	told.clear();
	await stop(platform, alive);
	await eventually("all ends are told", () => told.size, runs.length);
	assert.equal(descriptorsOf([alive, ...runs]), 0);
});

test("40 runs that start at once are told apart and observed together", async () => {
	await using platform = await openPlatform();
	const runs = await Promise.all(
		Array.from({ length: 40 }, (_, index) =>
			start(platform, `trap 'exit ${index}' TERM; echo yes >"$1/ready"; while :; do sleep 0.2; done`),
		),
	);
	await Promise.all(runs.map((run) => wordIn(run, "ready")));
	const handles = runs.map(({ handle }) => handle);
	const seen = await platform.inspect(handles);
	assert.deepEqual(
		seen.map(({ kind }) => kind),
		runs.map(() => "running"),
	);
	const outcomes = await Promise.all(runs.map((run) => stop(platform, run)));
	assert.ok(outcomes.every(({ kind }) => kind === "ended"));
	for (const [index, run] of runs.entries()) assert.deepEqual((await ended(platform, run)).status, { code: index });
});

test("a run that never began is absent, and so is a removed one; one of a later version is unreachable", async () => {
	await using platform = await openPlatform();
	const run = layOut(platform, "exit 0");
	assert.deepEqual(await platform.inspect([run.handle]), [{ kind: "absent" }]);
	assert.equal(await platform.kill(run.handle, "SIGTERM", "all"), false);
	assert.deepEqual(await stop(platform, run), { kind: "ended" });
	renameSync(run.folder, `${run.folder}.away`);
	assert.deepEqual(await platform.inspect([run.handle]), [{ kind: "absent" }]);
	const [later] = await platform.inspect([{ ...run.handle, version: 2 }]);
	assert.equal(later?.kind, "unreachable");
	assert.throws(() => runOf({ ...run.handle, data: {} }), { code: "JOB_UNREADABLE" });
});

test("a start that fails is refused with the system's error", async () => {
	await using platform = await openPlatform({ shell: ["/no/such/shell"] });
	const run = layOut(platform, "exit 0");
	await assert.rejects(platform.start(run.spec, run.handle), { code: "PLATFORM_FAILED", message: /ENOENT/ });
	assert.deepEqual(await platform.inspect([run.handle]), [{ kind: "absent" }]);
	const gone = layOut(platform, "exit 0");
	renameSync(gone.folder, `${gone.folder}.away`);
	await assert.rejects(platform.start(gone.spec, gone.handle), { code: "PLATFORM_FAILED", message: /ENOENT/ });
});

test("of FIFOs that are asked for at once, the one that cannot be made fails alone", async () => {
	await using platform = await openPlatform();
	const { folder } = layOut(platform, "exit 0");
	const paths = ["first", "second", "no/such/folder", "fourth"].map((name) => `${folder}/${name}`);
	const outcomes = await Promise.allSettled(paths.map(makeFifo));
	assert.deepEqual(
		outcomes.map(({ status }) => status),
		["fulfilled", "fulfilled", "rejected", "fulfilled"],
	);
	for (const path of paths.filter((_, index) => index !== 2)) assert.ok(statSync(path).isFIFO(), path);
	await makeFifo(`${folder}/later`);
});

test("a start script that cannot be read gives the result start-failed", async () => {
	await using platform = await openPlatform();
	const run = layOut(platform, "exit 0");
	renameSync(`${run.spec.jobFolder}/start`, `${run.spec.jobFolder}/away`);
	await platform.start(run.spec, run.handle);
	assert.equal((await ended(platform, run)).result, "start-failed");
});

test("describe names the shell and the missing programs", async () => {
	await using platform = await openPlatform();
	const facts = new Map((await platform.describe()).facts.map(({ name, value }) => [name, value]));
	assert.match(facts.get("shell") ?? "", /^\/bin\/sh/);
	assert.match(facts.get("programs") ?? "", /mkfifo/);
	assert.equal((await platform.logout()).survives, true);
});
