/** Runs of which a part is killed: what is left, what is observed, and that no other process is signalled. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Observation, Platform } from "../../platform/contract.ts";
import { procTable } from "../../platform/shell/proc.ts";
import { PsTable } from "../../platform/shell/ps.ts";
import { above, eventually, kill } from "../support/eventually.ts";
import { rounds } from "../support/rounds.ts";
import {
	edited,
	ended,
	LATE_SLEEP,
	layOut,
	livingPids,
	nothingLeft,
	openPlatform,
	recordOf,
	signalAll,
	skipUnlessProc,
	start,
	stop,
	type TestRun,
	wordIn,
} from "./support.ts";

const FOREVER = 'echo yes >"$1/ready"; while :; do sleep 0.02; done';
const TABLES = [
	["/proc", undefined],
	["ps", new PsTable()],
] as const;

const observe = async (platform: Platform, run: TestRun): Promise<Observation | undefined> => (await platform.inspect([run.handle]))[0];

test("a stop ends the timer process of a killed shim, also when it is about to sleep", { skip: skipUnlessProc }, async () => {
	// Its sleep(1) comes up behind the back of the first look that finds it held.
	let run: TestRun | undefined;
	const all = () => {
		const seen = procTable.all();
		const held = run === undefined ? undefined : seen.find((one) => one.stopped && one.command().includes(`${run?.folder} `));
		if (run === undefined || held === undefined || existsSync(`${run.folder}/seen`)) return seen;
		writeFileSync(`${run.folder}/seen`, "");
		process.kill(held.pid, "SIGCONT");
		while (!procTable.all().some(({ parentPid, command }) => parentPid === held.pid && command().startsWith("sleep ")));
		return seen;
	};
	await using platform = await openPlatform({ table: { ...procTable, all } }, (text) => edited(text, LATE_SLEEP));
	const started = await start(platform, FOREVER, { timeoutMs: 3_600_000 });
	await wordIn(started, "ready");
	await eventually("its clock is about to sleep", () => existsSync(`${started.folder}/at-sleep`));
	process.kill(Number(await wordIn(started, "pid")), "SIGKILL");
	await eventually("it is unsupervised", async () => (await observe(platform, started))?.kind, "unsupervised");
	run = started;
	assert.deepEqual(await stop(platform, run), { kind: "ended" });
	assert.ok(existsSync(`${run.folder}/seen`), "its clock was held, and went on");
	await nothingLeft(run);
});

for (const [source, table] of TABLES) {
	const trial = (fact: string, check: (platform: Platform) => Promise<void>) =>
		test(`${fact} (processes by ${source})`, { skip: skipUnlessProc }, async () => {
			await using platform = await openPlatform(table === undefined ? {} : { table });
			await check(platform);
		});

	trial("a job whose shim is killed runs on unsupervised, and can be stopped", async (platform) => {
		const run = await start(platform, `trap '' TERM; (${FOREVER}) & ${FOREVER}`);
		await wordIn(run, "ready");
		kill(Number(await wordIn(run, "pid")), "SIGKILL");
		await eventually("it is unsupervised", async () => (await observe(platform, run))?.kind, "unsupervised");
		assert.deepEqual(await stop(platform, run, { graceMs: 30 }), { kind: "ended" });
		assert.deepEqual(await observe(platform, run), { kind: "absent" });
		assert.equal(recordOf(run), "blank");
		await nothingLeft(run);
	});

	trial("a timer process alone does not keep a run unsupervised, and ends with a stop", async (platform) => {
		const run = await start(platform, FOREVER, { timeoutMs: 3_600_000 });
		await wordIn(run, "ready");
		kill(Number(await wordIn(run, "pid")), "SIGKILL");
		await eventually("it is unsupervised", async () => (await observe(platform, run))?.kind, "unsupervised");
		kill(Number(await wordIn(run, "started")), "SIGKILL");
		await eventually("it is gone", async () => (await observe(platform, run))?.kind, "absent");
		assert.ok(livingPids(run).length > 0, "the clock is still there");
		assert.deepEqual(await stop(platform, run), { kind: "ended" });
		await nothingLeft(run);
	});

	trial("processes that left the group are found and stopped", async (platform) => {
		const script = `trap '' TERM; setsid sh -c 'trap "exit 0" USR1; ${FOREVER.replaceAll('"$1/ready"', '"$0/ready"')}' "$1" & while :; do sleep 0.02; done`;
		const run = await start(platform, script);
		await wordIn(run, "ready");
		const { processes } = await platform.usage(run.handle);
		assert.ok(processes.some(({ escaped, command }) => escaped && /sh -c trap/.test(command)));
		assert.ok(processes.some(({ escaped, command }) => !escaped && /\/job/.test(command)));
		assert.deepEqual(await stop(platform, run, { graceMs: 50 }), { kind: "ended" });
		await nothingLeft(run);
		assert.deepEqual((await ended(platform, run)).status, { signal: "SIGKILL" });
	});

	trial("a child that left the group and cleared its environment is found by its parent, and stopped", async (platform) => {
		const child = `trap "" TERM; echo $$ >"$0/child"; while :; do sleep 0.02; done`;
		const run = await start(platform, `env -i PATH="$PATH" setsid sh -c '${child}' "$1" & while :; do sleep 0.02; done`);
		const pid = Number(await wordIn(run, "child"));
		assert.ok((await platform.usage(run.handle)).processes.some((one) => one.pid === pid && one.escaped));
		assert.deepEqual(await stop(platform, run, { graceMs: 0 }), { kind: "ended" });
		await eventually("it is gone", () => procTable.find(pid) === undefined);
		await nothingLeft(run);
	});

	trial("processes that ignore signals and start others are gone after the grace", async (platform) => {
		const grow = `trap "" TERM HUP INT; while :; do sh "$0" $(($1 - 1)) & sh "$0" $(($1 - 1)) & wait; sleep 0.01; done`;
		const script = `cat >"$1/grow" <<'E'\n[ $1 -gt 0 ] || { trap "" TERM; while :; do sleep 0.05; done; }\n${grow}\nE\nexec sh "$1/grow" 6`;
		const run = await start(platform, script);
		await eventually("the tree has grown", () => livingPids(run).length, above(100));
		assert.deepEqual(await stop(platform, run, { graceMs: 300 }), { kind: "ended" });
		assert.deepEqual((await ended(platform, run)).status, { signal: "SIGKILL" });
		await nothingLeft(run);
	});

	trial("a pid that now belongs to another process is not signalled", async (platform) => {
		const stranger = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
		try {
			const run = await start(platform, FOREVER);
			await wordIn(run, "ready");
			await signalAll(run, "SIGKILL");
			await eventually("it is gone", async () => (await observe(platform, run))?.kind, "absent");
			writeFileSync(`${run.folder}/pid`, `${stranger.pid}\n`);
			writeFileSync(`${run.folder}/started`, `${stranger.pid} 1.0\n`);
			assert.deepEqual(await observe(platform, run), { kind: "absent" });
			assert.deepEqual(await stop(platform, run, { graceMs: 0 }), { kind: "ended" });
			assert.equal(await platform.kill(run.handle, "SIGKILL", "all"), false);
			assert.equal(await platform.kill(run.handle, "SIGKILL", "main"), false);
			assert.deepEqual((await platform.usage(run.handle)).processes, []);
			assert.ok(isRunning(stranger), "the stranger lives");
		} finally {
			stranger.kill("SIGKILL");
			await once(stranger, "exit");
		}
	});
}

test("a killed job is recorded as killed, whatever else is killed with it", async () => {
	await using platform = await openPlatform();
	const job = await start(platform, FOREVER);
	await wordIn(job, "ready");
	kill(Number(await wordIn(job, "started")), "SIGKILL");
	assert.deepEqual((await ended(platform, job)).status, { signal: "SIGKILL" });

	const group = await start(platform, FOREVER);
	await wordIn(group, "ready");
	await signalAll(group, "SIGKILL");
	await eventually("it is gone", async () => (await observe(platform, group))?.kind, "absent");
	assert.equal(recordOf(group), "blank");
});

test("a stop ends a shim that does not begin, and names no process that is not there", { skip: skipUnlessProc }, async () => {
	await using platform = await openPlatform({}, (text) =>
		edited(text, ["\techo $$ 1<>", '\tuntil [ -e "$run/go" ]; do sleep 0.05; done\n\techo $$ 1<>']),
	);
	const run = await start(platform, FOREVER);
	assert.deepEqual(await stop(platform, run, { graceMs: 0 }), { kind: "ended" });
	await nothingLeft(run);
	assert.ok(!existsSync(`${run.folder}/ready`));
});

test("zombies alone do not keep a run unsupervised", { skip: skipUnlessProc }, async () => {
	await using platform = await openPlatform();
	// This shell becomes the parent of what the shim leaves, and never waits for it.
	const left = `setsid sh -c 'sleep 0.05 & echo $$ >"$0/left"; exec sleep 1000' "$1"`;
	const run = await start(platform, `(${left} & exec sleep 1000) & wait`);
	// It has left the group by the time that it writes.
	await wordIn(run, "left");
	await signalAll(run, "SIGKILL");
	await eventually("the one that left lives on", async () => (await observe(platform, run))?.kind, "unsupervised");
	kill(Number(await wordIn(run, "left")), "SIGKILL");
	await eventually("it is gone", async () => (await observe(platform, run))?.kind, "absent");
});

test("a start that is killed at any moment leaves a run that is alive, has ended, or never began", { skip: skipUnlessProc }, async () => {
	await using platform = await openPlatform();
	const seen = new Set<string>();
	const times = rounds(12);
	for (let round = 0; round <= times; round++) {
		const run = layOut(platform, 'while [ ! -e "$1/go" ]; do sleep 0.02; done; exit 17');
		const spawner = startElsewhere(run);
		await once(spawner.stdout as NonNullable<typeof spawner.stdout>, "data");
		// At any moment of the start, and at last once the run is under way.
		await (round < times ? delay((20 * round) / times) : wordIn(run, "started"));
		spawner.kill("SIGKILL");
		await once(spawner, "exit");
		// From here on the creator is gone: what looks dead without a record must stay so.
		const kind = (await observe(platform, run))?.kind;
		const record = recordOf(run);
		seen.add(kind === "running" ? "alive" : typeof record === "object" ? "over" : `${kind}`);
		writeFileSync(`${run.folder}/go`, "");
		if (kind === "running" || kind === "stopping" || typeof record === "object") {
			assert.deepEqual((await ended(platform, run)).status, { code: 17 });
		} else {
			assert.equal(kind, "absent");
			assert.deepEqual([livingPids(run), record], [[], "blank"]);
		}
	}
	assert.ok(seen.has("alive"), `seen after the kill: ${[...seen].join(", ")}`);
});

test("the processes that prepare a run do not belong to it", { skip: skipUnlessProc }, async () => {
	await using platform = await openPlatform();
	let seen = 0;
	for (let round = 0; round < 500 && seen < 3; round++) {
		const run = layOut(platform, "exit 17");
		const starting = platform.start(run.spec, run.handle);
		const children = readFileSync(`/proc/self/task/${process.pid}/children`, "latin1").trim().split(" ");
		for (const environment of children.map(environmentOf)) {
			if (environment !== "") seen += 1; // neither before exec nor over already
			assert.doesNotMatch(environment, /CHORE_(JOB|RUN)_ID/);
		}
		await starting;
		assert.deepEqual((await ended(platform, run)).status, { code: 17 });
	}
	assert.ok(seen > 0, "it was seen at work");
});

test("a shim that is killed at any moment leaves no run that looks alive, and a stop ends its processes", async () => {
	await using platform = await openPlatform();
	const times = rounds(12);
	for (let round = 0; round < times; round++) {
		const run = await start(platform, "sleep 0.02 & sleep 1000", { timeoutMs: 1_000_000 });
		await delay((8 * round) / times);
		kill(Number(await wordIn(run, "pid")), "SIGKILL");
		await eventually(
			"it does not look alive",
			() => observe(platform, run),
			(seen) => seen?.kind !== "running",
		);
		assert.deepEqual(await stop(platform, run, { graceMs: 100 }), { kind: "ended" });
		await nothingLeft(run);
		assert.equal(recordOf(run), "blank");
	}
});

test("a job does not keep a lock on a high descriptor of the caller", { skip: skipUnlessProc }, async () => {
	await using platform = await openPlatform();
	const run = layOut(platform, FOREVER);
	const stdio = ["ignore", "pipe", "inherit", ...Array(20).fill("ignore"), "pipe"];
	const spawner = startElsewhere(run, stdio);
	await wordIn(run, "ready");
	const main = await wordIn(run, "started");
	const number = stdio.length - 1;
	assert.match(readlinkSync(`/proc/${spawner.pid}/fd/${number}`), /socket|pipe/);
	assert.equal(readlinkSync(`/proc/${main}/fd/${number}`), "/dev/null");
	spawner.kill("SIGKILL");
	await stop(platform, run);
});

/** Starts the run from a process of its own, which says when it is about to and does not end by itself. */
function startElsewhere(run: TestRun, stdio: readonly string[] = ["ignore", "pipe", "inherit"]): ChildProcess {
	const fixture = fileURLToPath(new URL("./starter.js", import.meta.url));
	return spawn(process.execPath, [fixture, JSON.stringify(run)], { stdio: [...stdio] as "pipe"[] });
}

function isRunning(child: ChildProcess): boolean {
	return child.exitCode === null && child.signalCode === null;
}

function environmentOf(pid: string): string {
	try {
		return readFileSync(`/proc/${pid}/environ`, "latin1");
	} catch {
		return ""; // over
	}
}
