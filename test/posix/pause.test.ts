/** Pause and resume, under every shell. */
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { describe, test } from "node:test";
import type { Platform } from "../../platform/contract.ts";
import type { PosixOptions } from "../../platform/posix/index.ts";
import { procTable } from "../../platform/shell/proc.ts";
import type { Process } from "../../platform/shell/processes.ts";
import { PsTable } from "../../platform/shell/ps.ts";
import { above, eventually } from "../support/eventually.ts";
import { rounds } from "../support/rounds.ts";
import {
	attemptsOf,
	ended,
	HOUR_MS,
	limitIsUp,
	livingPids,
	nothingLeft,
	openPlatform,
	SHELLS,
	skipUnlessProc,
	start,
	stop,
	type TestRun,
	withLimitOfTest,
	wordIn,
} from "./support.ts";

const BEAT = 'echo beat >>"$1/beats"; sleep 0.01';
const FOREVER = `echo yes >"$1/ready"; while :; do ${BEAT}; done`;
/** Starts new processes all the time, and some that leave the group. */
const TREE = `setsid sh -c 'while :; do sh -c : & ${BEAT.replace("$1", "$0")}; done' "$1" & while :; do (sleep 0.01; :) & (sh -c "sleep 0.02; :") & ${BEAT}; done`;

const isPaused = async (platform: Platform, run: TestRun): Promise<boolean> => {
	const [seen] = await platform.inspect([run.handle]);
	return seen?.kind === "running" && seen.paused;
};

const beats = (run: TestRun): number => statSync(`${run.folder}/beats`, { throwIfNoEntry: false })?.size ?? 0;

async function goesOn(run: TestRun): Promise<void> {
	const before = beats(run);
	await eventually("it goes on", () => beats(run), above(before));
}

/** The processes of the job: all with its mark but the shim and what that runs itself. */
async function processesOf(run: TestRun): Promise<readonly Process[]> {
	const shim = Number(await wordIn(run, "pid"));
	const main = Number(await wordIn(run, "started"));
	const all = livingPids(run).flatMap((pid) => procTable.find(pid) ?? []);
	const own = new Set(all.filter(({ pid, parentPid }) => pid === shim || (parentPid === shim && pid !== main)).map(({ pid }) => pid));
	return all.filter(({ pid, parentPid }) => !own.has(pid) && (parentPid === shim || !own.has(parentPid)));
}

for (const [name, shell, skip] of SHELLS) {
	describe(name, () => {
		const trial = (fact: string, check: (platform: Platform) => Promise<void>, options: PosixOptions = {}) =>
			test(fact, { skip: skip || skipUnlessProc }, async () => {
				await using platform = await openPlatform({ shell, ...options });
				await check(platform);
			});

		trial("all processes of a run that keeps starting processes are paused, and resumed", async (platform) => {
			const run = await start(platform, TREE, { timeoutMs: HOUR_MS });
			for (let round = 0; round < 5; round++) {
				await goesOn(run);
				assert.equal(await platform.pause(run.handle), true);
				const held = await processesOf(run);
				assert.ok(held.length >= 2);
				assert.deepEqual(
					held.filter(({ stopped, blocked }) => !stopped && !blocked).map((process) => process.command()),
					[],
				);
				const before = beats(run);
				assert.equal(await isPaused(platform, run), true);
				assert.equal(await platform.pause(run.handle), true); // once more changes nothing
				assert.equal(beats(run), before);
				assert.equal(await platform.resume(run.handle), true);
				assert.equal(await isPaused(platform, run), false);
			}
			await goesOn(run);
			assert.equal(await platform.resume(run.handle), true); // nor does this
			assert.deepEqual(await stop(platform, run), { kind: "ended" });
			await nothingLeft(run);
		});

		trial("a run can be paused at once after the start", async (platform) => {
			for (let round = rounds(2); round > 0; round--) {
				const run = await start(platform, FOREVER);
				assert.equal(await platform.pause(run.handle), true);
				assert.equal(await isPaused(platform, run), true);
				assert.equal(await platform.resume(run.handle), true);
				await goesOn(run);
				await stop(platform, run, { graceMs: 0 });
			}
		});

		test("a main process that left the shim's group is paused, too", { skip: skip || skipUnlessProc }, async () => {
			await using platform = await openPlatform({ shell, leader: "" });
			const run = await start(platform, `exec setsid sh -c '${FOREVER.replaceAll("$1", "$0")}' "$1"`);
			await goesOn(run);
			assert.equal(await platform.pause(run.handle), true);
			assert.equal(await isPaused(platform, run), true);
			assert.equal(await platform.resume(run.handle), true);
			await goesOn(run);
			await stop(platform, run);
		});

		trial("a paused run can be stopped", async (platform) => {
			for (const [graceMs, signal] of [
				[10_000, "SIGTERM"],
				[0, "SIGKILL"],
			] as const) {
				const run = await start(platform, `setsid sh -c 'while :; do sleep 0.02; done' & ${FOREVER}`);
				await goesOn(run);
				assert.equal(await platform.pause(run.handle), true);
				assert.deepEqual(await stop(platform, run, { graceMs }), { kind: "ended" });
				assert.deepEqual((await ended(platform, run)).status, { signal });
				await nothingLeft(run);
			}
		});

		test("the time limit goes on while a run is paused, and ends it", { skip: skip || skipUnlessProc }, async () => {
			await using platform = await openPlatform({ shell }, withLimitOfTest);
			const run = await start(platform, FOREVER, { timeoutMs: HOUR_MS });
			await goesOn(run);
			assert.equal(await platform.pause(run.handle), true);
			limitIsUp(run);
			const { status, result } = await ended(platform, run);
			assert.deepEqual([status, result], [{ signal: "SIGTERM" }, "timeout"]);
		});

		trial("the next attempt after a paused attempt was killed is not paused", async (platform) => {
			const run = await start(platform, FOREVER, { restart: { policy: "on-failure", delayMs: 0, max: null } });
			await goesOn(run);
			assert.equal(await platform.pause(run.handle), true);
			assert.equal(await platform.kill(run.handle, "SIGKILL", "main"), true);
			await eventually("the attempt is over", () => attemptsOf(run).length, 1);
			await goesOn(run);
			assert.equal(await isPaused(platform, run), false);
			await stop(platform, run);
			assert.deepEqual(
				attemptsOf(run).map(({ status }) => status),
				[{ signal: "SIGKILL" }, { signal: "SIGTERM" }],
			);
		});

		trial("pause and resume refuse a run that has ended", async (platform) => {
			const run = await start(platform, "exit 0");
			await ended(platform, run);
			assert.equal(await platform.pause(run.handle), false);
			assert.equal(await platform.resume(run.handle), false);
		});

		const byPs = async (platform: Platform): Promise<void> => {
			const run = await start(platform, FOREVER, { restart: { policy: "always", delayMs: 0, max: null } });
			await goesOn(run);
			assert.equal(await platform.pause(run.handle), true);
			assert.equal(await isPaused(platform, run), true);
			assert.equal(await platform.resume(run.handle), true);
			assert.equal(await isPaused(platform, run), false);
			await goesOn(run);
			assert.equal(await platform.pause(run.handle), true);
			assert.equal(await platform.kill(run.handle, "SIGCONT", "all"), true);
			assert.equal(await isPaused(platform, run), false);
			assert.equal(await platform.pause(run.handle), true);
			assert.equal(await platform.kill(run.handle, "SIGKILL", "main"), true);
			await eventually("the attempt is over", () => attemptsOf(run).length, 1);
			await goesOn(run);
			assert.equal(await isPaused(platform, run), false);
			assert.equal(await platform.pause(run.handle), true);
			assert.deepEqual(await stop(platform, run), { kind: "ended" });
			assert.deepEqual((await ended(platform, run)).status, { signal: "SIGTERM" });
		};
		// Under posh the job is in the group of the shim, else in one of its own: more than that a shell has no part in it.
		if (name === "dash" || name === "posh")
			trial("with ps a pause is observed, and so is each way that ends it", byPs, { table: new PsTable() });
	});
}

test("processes that start the next one and end are paused", { skip: skipUnlessProc }, async () => {
	await using platform = await openPlatform();
	const script = `echo '${BEAT.replace("sleep 0.01", 'sh "$0" "$1" &')}' >"$1/link"; sh "$1/link" "$1" & sh "$1/link" "$1" & exec sleep 1000`;
	const run = await start(platform, script);
	for (let round = rounds(1); round > 0; round--) {
		await goesOn(run);
		assert.equal(await platform.pause(run.handle), true);
		const before = beats(run);
		await processesOf(run);
		assert.equal(beats(run), before);
		assert.equal(await platform.resume(run.handle), true);
		await goesOn(run);
	}
	await stop(platform, run, { graceMs: 0 });
	await nothingLeft(run);
});
