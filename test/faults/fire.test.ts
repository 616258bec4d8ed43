/** The fire program of a schedule is killed, is run many times at once, or finds the disk full: the next moment runs the job. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { EXIT_RECORD_BYTES } from "../../platform/exit-record.ts";
import { skipUnlessRoot } from "../support/cli.ts";
import { eventually, HANGS_MS } from "../support/eventually.ts";
import { armedIn, fakePlatform } from "../support/fake-platform.ts";
import { type Home, makeHome } from "../support/home.ts";

/** All that it calls to change something, or to know something. */
const PROGRAMS = ["date", "readlink", "sed", "cp", "mv", "ln", "rm", "env"];

/** Programs that do their work and then kill who has called them, the one that is called as the `KILL_AT`th. */
function deadly(folder: string): string {
	mkdirSync(folder);
	for (const name of PROGRAMS) {
		const real = execFileSync("/bin/sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
		const text = `#!/bin/sh\n${real} "$@"\ncode=$?\necho ${name} >>"$CALLS"\n[ "$(wc -l <"$CALLS")" -ne "$KILL_AT" ] || kill -9 "$PPID"\nexit $code\n`;
		writeFileSync(`${folder}/${name}`, text);
		chmodSync(`${folder}/${name}`, 0o755);
	}
	return folder;
}

function fire(home: Home, env: Readonly<Record<string, string>> = {}): void {
	const [wake] = armedIn(home.path);
	assert.ok(wake);
	spawnSync("/bin/sh", [wake.fire, wake.jobFolder], { stdio: "ignore", env: { PATH: "/usr/bin:/bin", ...env } });
}

test("killed after any of its steps it leaves a job that the next firing runs", { timeout: HANGS_MS }, async () => {
	for (let killAt = 1; ; killAt++) {
		await using home = await makeHome("fake", fakePlatform);
		const { id } = await home.chore.run({ command: ["true"], schedule: { calendar: ["daily UTC"] } });
		fire(home); // so that there is a run to look at
		const calls = `${home.path}/calls`;
		fire(home, { PATH: `${deadly(`${home.path}/bin`)}:/usr/bin:/bin`, CALLS: calls, KILL_AT: String(killAt) });
		const after = await home.chore.get(id);
		const what = `killed at call ${killAt}: ${JSON.stringify(after)}`;
		assert.equal(after.state, "scheduled", what);
		assert.ok(after.run === 1 || after.run === 2, what);
		fire(home);
		const last = await home.chore.get(id);
		assert.deepEqual([last.state, last.result, last.run], ["scheduled", "success", after.run + 1], what);
		assert.deepEqual(readdirSync(`${home.path}/default/active`), [], what);
		for (const { state } of await home.chore.history()) assert.ok(["succeeded", "lost"].includes(state), `${what}: ${state}`);
		if (callsIn(calls).length < killAt) break; // it came to its end
		assert.ok(killAt < 40, "it calls a few programs only");
	}
});

function callsIn(path: string): readonly string[] {
	return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
}

/** A job with a schedule whose first run seems active, as long as there is the file that is returned. */
async function withActiveRun(home: Home, overlap: "queue" | "replace"): Promise<{ readonly id: string; readonly alive: string }> {
	const { id } = await home.chore.run({ command: ["true"], schedule: { calendar: ["daily UTC"], overlap } });
	fire(home);
	const run = `${home.path}/default/jobs/${id}/runs/1`;
	writeFileSync(`${run}/exit`, " ".repeat(EXIT_RECORD_BYTES));
	writeFileSync(`${run}/alive`, "");
	return { id, alive: `${run}/alive` };
}

for (const overlap of ["queue", "replace"] as const) {
	test(`${overlap}: killed after any of its steps about an active run it leaves a job that the next firing runs`, {
		timeout: HANGS_MS,
	}, async () => {
		for (let killAt = 0, last = 1; killAt <= last; killAt++) {
			await using home = await makeHome("fake", fakePlatform);
			const { id, alive } = await withActiveRun(home, overlap);
			const calls = `${home.path}/calls`;
			fire(home, { PATH: `${deadly(`${home.path}/bin`)}:/usr/bin:/bin`, CALLS: calls, KILL_AT: String(killAt) });
			const made = callsIn(calls);
			if (killAt === 0) {
				// Nothing was killed. What comes after the claim is as for any firing.
				killAt = made.indexOf("ln");
				last = Math.max(killAt + 1, made.lastIndexOf("ln") + 3);
			}
			// Whoever should have written down the end was killed as well.
			rmSync(alive, { force: true });
			const before = readdirSync(`${home.path}/default/jobs/${id}/runs`).length;
			fire(home);
			const what = `killed at call ${killAt} of ${made.join(" ")}`;
			const { run, result, schedule } = await home.chore.get(id);
			assert.deepEqual([run, result, schedule?.queued], [before + 1, "success", false], what);
			assert.deepEqual(readdirSync(`${home.path}/default/active`), [], what);
		}
	});
}

test("of fifty that meet an active run at once one waits, and of fifty that are told of its end one runs the job", {
	timeout: HANGS_MS,
}, async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id, alive } = await withActiveRun(home, "queue");
	const [wake] = armedIn(home.path);
	assert.ok(wake);
	const many = (...words: readonly string[]): void => {
		const line = 'for i in 1 2 3 4 5; do for j in 1 2 3 4 5 6 7 8 9 10; do /bin/sh "$@" & done; done; wait';
		spawnSync("/bin/sh", ["-c", line, "fifty", wake.fire, wake.jobFolder, ...words], { stdio: "ignore" });
	};
	many();
	const told: string[] = [];
	for await (const { event } of home.chore.events()) if (event === "queued" || event === "skipped") told.push(event);
	assert.equal(told.filter((event) => event === "queued").length, 1);
	assert.ok(existsSync(`${wake.jobFolder}/schedule/queued`));
	rmSync(alive);
	many("1");
	assert.equal((await home.chore.get(id)).run, 2);
	for (const folder of ["active", "trash"]) assert.deepEqual(readdirSync(`${home.path}/default/${folder}`), [], folder);
});

test("of many that fire at once each makes a run of its own, or none", { timeout: HANGS_MS }, async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], schedule: { calendar: ["daily UTC"] } });
	const [wake] = armedIn(home.path);
	assert.ok(wake);
	spawnSync("/bin/sh", ["-c", 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do /bin/sh "$0" "$1" & done; wait', wake.fire, wake.jobFolder], {
		stdio: "ignore",
	});
	const job = await home.chore.get(id);
	assert.ok(job.run >= 1, JSON.stringify(job));
	const runs = await home.chore.runs(id);
	assert.deepEqual(
		runs.map(({ run }) => run),
		runs.map((_, index) => index + 1),
	);
	for (const run of (await home.chore.history()).map(({ state }) => state)) assert.equal(run, "succeeded");
	const started: number[] = [];
	for await (const { event, run } of home.chore.events()) if (event === "started") started.push(run);
	assert.deepEqual(
		started.sort((one, other) => one - other),
		runs.map(({ run }) => run),
	);
	for (const folder of ["active", "trash"]) assert.deepEqual(readdirSync(`${home.path}/default/${folder}`), [], folder);
	for (const { run } of runs)
		assert.deepEqual(
			readdirSync(`${home.path}/default/jobs/${id}/runs/${run}`).filter((name) => name.startsWith("new-")),
			[],
		);
});

test("of many that fire at once for one moment one makes a run", { timeout: HANGS_MS }, async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], schedule: { calendar: ["daily UTC"] } });
	const [wake] = armedIn(home.path);
	assert.ok(wake);
	const line = 'for i in 1 2 3 4 5 6 7 8; do /bin/sh "$0" "$1" "$2" & done; wait';
	for (let run = 1; run <= 3; run++) {
		const { schedule } = await home.chore.get(id);
		const moment = schedule?.last == null ? 1 : Date.parse(schedule.last) / 1000 + 1;
		await eventually("the moment has come", () => Date.now() >= moment * 1000);
		spawnSync("/bin/sh", ["-c", line, wake.fire, wake.jobFolder, String(moment)], { stdio: "ignore" });
		assert.equal((await home.chore.get(id)).run, run);
	}
	assert.deepEqual(readdirSync(`${home.path}/default/trash`), []);
});

const noMount = spawnSync("unshare", ["-m", "true"]).status !== 0 && "mounts are not allowed here";

test("on a full disk a firing waits all the same", { timeout: HANGS_MS, skip: skipUnlessRoot || noMount }, async () => {
	await using home = await makeHome("fake", fakePlatform);
	execFileSync("mount", ["-t", "tmpfs", "-o", "size=1M,mode=700", "chore-test", home.path]);
	try {
		const { id, alive } = await withActiveRun(home, "queue");
		const ballast = `${home.path}/ballast`;
		writeFileSync(ballast, Buffer.alloc(statfsSync(home.path).bavail * 4096));
		fire(home);
		assert.ok(existsSync(`${home.path}/default/jobs/${id}/schedule/queued`));
		rmSync(ballast);
		rmSync(alive);
		fire(home);
		assert.equal((await home.chore.get(id)).run, 2);
	} finally {
		execFileSync("umount", ["-l", home.path]);
	}
});

test("on a disk that becomes full at any write it makes a whole run or none, and the next one with room runs the job", {
	timeout: HANGS_MS,
	skip: skipUnlessRoot || noMount,
}, async () => {
	await using home = await makeHome("fake", fakePlatform);
	execFileSync("mount", ["-t", "tmpfs", "-o", "size=1M,mode=700", "chore-test", home.path]);
	try {
		const { id } = await home.chore.run({ command: ["echo", "hi"], schedule: { calendar: ["daily UTC"] } });
		const ballast = `${home.path}/ballast`;
		let refused = 0;
		for (let pages = 0; pages < 30; pages++) {
			const before = (await home.chore.get(id)).run;
			writeFileSync(ballast, Buffer.alloc((statfsSync(home.path).bavail - pages) * 4096));
			fire(home);
			const full = await home.chore.get(id);
			const what = `${pages} free pages: ${JSON.stringify(full)}`;
			assert.equal(full.state, "scheduled", what);
			assert.ok(full.run === before || (full.run === before + 1 && full.result !== null), what);
			for (const folder of ["active", "trash"]) assert.deepEqual(readdirSync(`${home.path}/default/${folder}`), [], what);
			if (full.run === before) refused++;
			rmSync(ballast);
		}
		assert.ok(refused > 3, `${refused} firings met a full disk`);
		const before = (await home.chore.get(id)).run;
		fire(home);
		const { run, result } = await home.chore.get(id);
		assert.deepEqual([run, result], [before + 1, "success"]);
	} finally {
		execFileSync("umount", ["-l", home.path]);
	}
});
