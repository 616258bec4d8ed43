/** Processes whose first thread has ended while another works: /proc shows them as zombies. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { procTable } from "../../platform/shell/proc.ts";
import { isAlive, isStopped } from "../../platform/systemd/processes.ts";
import { eventually } from "../support/eventually.ts";
import { ended, openPlatform, recordOf, scratchFolder, skipUnlessProc, start, stop, wordIn } from "./support.ts";

/** Writes its pid into the file that it is given, once only a thread is left that ignores SIGTERM. */
const PROGRAM = `
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static pthread_t first;
static const char *file;
static void *work(void *nothing) {
	pthread_join(first, NULL);
	FILE *out = fopen(file, "w");
	fprintf(out, "%d\\n", (int)getpid());
	fclose(out);
	for (;;) pause();
}
int main(int count, char **words) {
	pthread_t other;
	signal(SIGTERM, SIG_IGN);
	file = words[count - 1];
	first = pthread_self();
	pthread_create(&other, NULL, work, NULL);
	pthread_exit(NULL);
}
`;

const folder = scratchFolder();
writeFileSync(`${folder}/work.c`, PROGRAM);
const isCompiled = spawnSync("gcc", ["-pthread", "-o", `${folder}/work`, `${folder}/work.c`]).status === 0;
const skip = skipUnlessProc || (isCompiled ? false : "there is no gcc");

test("a process whose first thread has ended is listed, paused and killed as any other", { skip }, async () => {
	await using platform = await openPlatform();
	const run = await start(platform, `exec '${folder}/work' "$1/ready"`);
	const pid = Number(await wordIn(run, "ready"));
	assert.match(procTable.find(pid)?.command() ?? "", /\/work .*\/ready$/);
	assert.ok(isAlive(pid));
	const { processes, memoryBytes } = await platform.usage(run.handle);
	assert.deepEqual([processes.map((one) => one.pid), (memoryBytes ?? 0) > 0], [[pid], true]);
	assert.equal(await platform.pause(run.handle), true);
	assert.deepEqual(await platform.inspect([run.handle]), [{ kind: "running", paused: true }]);
	assert.ok(isStopped(pid));
	assert.deepEqual(await stop(platform, run, { graceMs: 0 }), { kind: "ended" });
	assert.deepEqual((await ended(platform, run)).status, { signal: "SIGKILL" });
	assert.ok(!isAlive(pid));
});

test("one that a job leaves behind is counted and ended", { skip }, async () => {
	await using platform = await openPlatform();
	const script = `'${folder}/work' "$1/ready" & until [ -s "$1/ready" ]; do sleep 0.02; done; exit 0`;
	const run = await start(platform, script, { stopping: { graceMs: 100 } });
	const pid = Number(await wordIn(run, "ready"));
	assert.equal((await ended(platform, run)).leftBehind, 1);
	await eventually("it is gone", () => procTable.find(pid) === undefined);
	assert.ok(typeof recordOf(run) === "object");
});
