/** A process that follows the events of running jobs has no timers and wakes at events only; so does a window of the editor. */
import assert from "node:assert/strict";
import { existsSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { SessionJobs } from "../../extension/jobs/session-jobs.ts";
import type { PlatformModule } from "../../platform/contract.ts";
import * as posix from "../../platform/posix/index.ts";
import * as systemd from "../../platform/systemd/index.ts";
import { eventually } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";
import { userManager } from "../support/user-manager.ts";

const { skip } = userManager(import.meta);

/** ext4, XFS, Btrfs, tmpfs, overlayfs: on others the file system is looked at now and then. */
const isLocal = [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630].includes(statfsSync(tmpdir()).type);
const notLocal = isLocal ? false : `changes on the file system of ${tmpdir()} may come from another machine`;

/** The timers that keep this process from ending. */
function timers(): number {
	return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

function testIdle(name: string, module: PlatformModule, jobs: number, reason: string | false): void {
	test(`a process that follows the events of ${jobs} running jobs on ${name} is never woken, and each end is reported`, {
		skip: reason || notLocal,
		timeout: 300_000,
	}, async () => {
		await using home = await makeHome(name, module);
		const warnings: string[] = [];
		const warn = (warning: Error): void => void warnings.push(warning.message);
		process.on("warning", warn);
		const before = timers();
		const ids: string[] = [];
		for (let count = 0; count < jobs; count++) ids.push((await home.chore.run({ command: ["sleep", "600"] })).id);
		const over = new AbortController();
		const ended = new Set<string>();
		const following = (async () => {
			for await (const { event, id } of home.open().events({ follow: true, signal: over.signal })) if (event === "exited") ended.add(id);
		})();
		await eventually("all run", async () => (await home.chore.list()).every(({ state }) => state === "running"));
		await eventually("no timer is left", timers, before);
		for (const id of ids.slice(0, 3)) {
			await home.chore.kill(id, { signal: "SIGKILL" });
			await eventually("its end is told", () => ended.has(id));
		}
		await eventually("no timer is left", timers, before);
		over.abort();
		await following;
		process.off("warning", warn);
		assert.deepEqual(warnings, []);
	});
}

/** Not on the fake: it is no platform that a window could be opened on. */
function testIdleWindow(name: string, module: PlatformModule, jobs: number, reason: string | false): void {
	test(`a window that shows ${jobs} running jobs on ${name} is never woken, and each end is shown`, {
		skip: reason || notLocal,
		timeout: 300_000,
	}, async () => {
		await using home = await makeHome(name, module);
		const before = timers();
		const ids: string[] = [];
		const start = async (): Promise<number> => ids.push((await home.chore.run({ command: ["sleep", "600"] })).id);
		while (ids.length < jobs / 2) await start();
		const ended = new Set<string>();
		const failures: unknown[] = [];
		const window = await SessionJobs.open(
			{ home: home.path, platform: name },
			{ changed() {}, removed() {}, ended: ({ id }) => void ended.add(id), failed: (error) => void failures.push(error) },
		);
		while (ids.length < jobs) await start();
		const isShown = (id: string): boolean => window.jobs.get(id)?.state === "running";
		await eventually("all are shown as running", () => ids.every(isShown));
		await eventually("no timer is left", timers, before);
		for (const id of [ids[0], ids[jobs - 1]] as string[]) {
			await home.chore.kill(id, { signal: "SIGKILL" });
			await eventually("its end is told", () => ended.has(id));
		}
		await eventually("no timer is left", timers, before);
		await window.close();
		assert.deepEqual(failures, []);
	});
}

function testRestartedWindow(name: string, module: PlatformModule, reason: string | false): void {
	test(`a window that shows a job which waits for its restart on ${name} is never woken, and each attempt is shown`, {
		skip: reason || notLocal,
		timeout: 300_000,
	}, async () => {
		await using home = await makeHome(name, module);
		const before = timers();
		const failures: unknown[] = [];
		const window = await SessionJobs.open(
			{ home: home.path, platform: name },
			{ changed() {}, removed() {}, ended() {}, failed: (error) => void failures.push(error) },
		);
		const shown = (id: string) => () => `${window.jobs.get(id)?.state} ${window.jobs.get(id)?.attempt}`;
		const line = 'mkfifo "again-$CHORE_JOB_ID"; read -r _ <"again-$CHORE_JOB_ID"; rm "again-$CHORE_JOB_ID"; exit 1';
		const soon = await home.chore.run({
			command: ["/bin/sh", "-c", line],
			directory: home.path,
			restart: { policy: "always", delayMs: 10 },
		});
		const fifo = `${home.path}/again-${soon.id}`;
		for (const attempt of [1, 2, 3]) {
			await eventually(`attempt ${attempt} is shown`, shown(soon.id), `running ${attempt}`);
			await eventually("it can be ended", () => existsSync(fifo));
			writeFileSync(fifo, "\n");
		}
		await eventually("attempt 4 is shown", shown(soon.id), "running 4");
		const late = await home.chore.run({ command: ["false"], restart: { policy: "on-failure", delayMs: 3_600_000 } });
		await eventually("that it waits is shown", shown(late.id), "queued 2");
		await eventually("no timer is left", timers, before);
		await window.close();
		assert.deepEqual(failures, []);
	});
}

testIdle("systemd", systemd, 50, skip);
testIdle("posix", posix, 10, false);
testIdle("fake", fakePlatform, 5, false);
testIdleWindow("systemd", systemd, 50, skip);
testIdleWindow("posix", posix, 10, false);
testRestartedWindow("systemd", systemd, skip);
testRestartedWindow("posix", posix, false);
