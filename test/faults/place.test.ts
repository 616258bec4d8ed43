/** Records that are read in another place or later: after a reboot, on another machine, with a changed clock, a reused pid. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { uptime } from "node:os";
import { test } from "node:test";
import type { RunRecord } from "../../src/core/disk/store.ts";
import { assertNoBug, Cli, PATIENCE, skipUnlessRoot } from "../support/cli.ts";
import { eventually, isRunning, kill } from "../support/eventually.ts";

/** Changes the record of a run as if it had been written elsewhere, or at another time. */
function rewrite(cli: Cli, id: string, change: (record: RunRecord) => RunRecord): void {
	const path = `${cli.runFolder(id)}/run.json`;
	writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, "utf8")) as RunRecord)));
}

function place(change: Partial<RunRecord["place"]>): (record: RunRecord) => RunRecord {
	return (record) => ({ ...record, place: { ...record.place, ...change } });
}

/** Waits until the run has written its end, without chore looking at it. */
async function recorded(cli: Cli, id: string): Promise<void> {
	await eventually("its end is recorded", () => readFileSync(`${cli.runFolder(id)}/exit`, "utf8").includes("chore-exit"));
}

test("after a reboot a job that recorded its end has it, and one that did not is lost, with the reason", PATIENCE, async () => {
	await using cli = new Cli();
	const done = await cli.begin("-n", "done", "-c", "sleep 0.2; exit 5");
	await recorded(cli, done);
	const cut = await cli.begun("-n", "cut", "sleep", "60");
	// The record of another boot, whose processes are gone.
	for (const pid of cli.processes()) kill(pid, "SIGKILL");
	for (const id of [done, cut.id]) rewrite(cli, id, place({ bootId: "00000000-0000-4000-8000-000000000000" }));
	const first = await cli.job(done);
	assert.deepEqual([first.state, first.exitCode], ["failed", 5]);
	assert.ok(first.endedAt !== null && first.endedAt >= first.createdAt);
	const second = await cli.job(cut.id);
	assert.deepEqual(
		[second.state, second.result, second.exitCode, second.reason],
		["lost", "lost", null, "the machine was restarted while it ran"],
	);
	assert.equal((await cli.chore("wait", "cut")).status, 125);
	assert.equal((await cli.chore("run", "--wait", "-n", "cut", "true")).status, 0, "its name is free");
});

test("a process of another boot's pid is never signalled", PATIENCE, async () => {
	await using cli = new Cli();
	const { id, pid } = await cli.begun("-n", "web", "sleep", "60");
	rewrite(cli, id, place({ bootId: "00000000-0000-4000-8000-000000000000" }));
	for (const words of [
		["stop", id],
		["kill", id],
		["rm", "-f", id],
	])
		assertNoBug(await cli.run(words));
	assert.ok(isRunning(pid), "the process that has that number now is left alone");
});

/** As if the platform of a run were one that can tell nothing of other containers, and is not available here. */
function ofSystemd(record: RunRecord): RunRecord {
	return { ...record, handle: { ...record.handle, platform: "systemd" } };
}

const OTHER_BOOT = "00000000-0000-4000-8000-000000000000";

for (const [title, change, reason, handle = ofSystemd] of [
	[
		"another machine",
		{ machine: "0123456789abcdef0123456789abcdef", host: "elsewhere", bootId: OTHER_BOOT },
		/^it was started on another machine \(elsewhere\) and can be asked after only there$/,
	],
	[
		"another machine with the same machine-id",
		{ host: "elsewhere", bootId: OTHER_BOOT },
		/^it was started on elsewhere, which has the machine-id of this host, \S+, and can be asked after only there$/,
	],
	["another pid namespace", { pidNamespace: "pid:[1]" }, /^it was started in another container \(pid namespace\)/],
	[
		"another pid namespace that lives",
		{ pidNamespace: "pid:[1]" },
		/^it runs in another container \(pid namespace\)/,
		(record: RunRecord) => record,
	],
] as const) {
	test(`a job of ${title} is unknown, with the reason, and is neither settled nor signalled`, PATIENCE, async () => {
		await using cli = new Cli();
		const { id, pid } = await cli.begun("-n", "web", "-c", "echo said; exec sleep 60");
		rewrite(cli, id, (record) => handle(place(change)(record)));
		const job = await cli.job("web");
		assert.deepEqual([job.state, job.result, job.pid], ["unknown", null, null]);
		assert.match(job.reason ?? "", reason);
		assert.equal((await cli.chore("status", "web")).status, 3);
		assert.equal((await cli.chore("logs", "web")).stdout, "said\n", "its output can be read");
		for (const [words, status] of [
			[["stop", "web"], 1],
			[["kill", "web"], 1],
			[["rm", "web"], 1],
			[["wait", "web"], 125],
			[["start", "web"], 1],
			[["run", "-n", "web", "true"], 5],
			[["run", "-n", "web", "--if-running", "replace", "true"], 1],
			[["run", "-n", "web", "--if-running", "skip", "true"], 5],
			[["run", "-n", "web", "--if-running", "attach", "true"], 5],
		] as const) {
			const outcome = await cli.call(...words);
			assertNoBug(outcome);
			assert.deepEqual([outcome.status, outcome.stdout], [status, ""], `${words.join(" ")}: ${outcome.stderr}`);
			assert.match(outcome.stderr, words[0] === "wait" ? /^chore: .*\nhint: / : /^chore: .*\nhint: .*rm -f/);
		}
		assert.deepEqual(await cli.json("stop", "--all"), []);
		assert.ok(isRunning(pid));
		assert.ok(existsSync(`${cli.state}/default/active/${id}`) && !existsSync(`${cli.runFolder(id)}/end.json`), "nothing is settled");
		// An end that was recorded in its own place can be read here.
		kill(pid, "SIGTERM");
		await recorded(cli, id);
		const ended = await cli.job("web");
		assert.deepEqual([ended.state, ended.result, ended.signal], ["failed", "signal", "SIGTERM"]);
		if (handle === ofSystemd) assert.ok(!existsSync(`${cli.runFolder(id)}/end.json`), "reading elsewhere settles nothing");
	});
}

test("a job is known although the machine has another name and tells no boot id, as on macOS", PATIENCE, async () => {
	await using cli = new Cli();
	const { id, pid } = await cli.begun("-n", "web", "sleep", "60");
	rewrite(cli, id, place({ machine: "at-home", host: "at-home", bootId: null }));
	assert.deepEqual([(await cli.job("web")).state, (await cli.chore("stop", "web")).status], ["running", 0]);
	assert.ok(!isRunning(pid));
});

test("on a local disk a job from before this kernel was booted is lost, whatever the machine was called then", PATIENCE, async () => {
	await using cli = new Cli();
	const beforeBoot = Date.now() - uptime() * 1000 - 60_000;
	for (const [name, change] of Object.entries({
		renamed: { host: "old-name", bootId: OTHER_BOOT },
		copied: { machine: "0123456789abcdef0123456789abcdef", host: "old-name", bootId: OTHER_BOOT },
	})) {
		const { id, pid } = await cli.begun("-n", name, "sleep", "60");
		rewrite(cli, id, (record) => ofSystemd(place(change)(record)));
		assert.equal((await cli.job(name)).state, "unknown", "made since, by the kernel of another machine, or of another container");
		for (const one of cli.processes()) kill(one, "SIGKILL");
		await eventually("its processes are gone", () => !isRunning(pid));
		rewrite(cli, id, (record) => ({ ...record, createdAtMs: beforeBoot }));
		assert.deepEqual([(await cli.job(name)).state, (await cli.job(name)).reason], ["lost", "the machine was restarted while it ran"]);
		assert.equal((await cli.chore("rm", name)).status, 0);
	}
});

const noNamespaces =
	skipUnlessRoot ||
	(spawnSync("unshare", ["-m", "-u", "-p", "--fork", "--mount-proc", "true"]).status !== 0 && "namespaces are not allowed here");
const CONTAINER = ["unshare", "-p", "--fork", "--mount-proc"];

test("inside a container with the same state folder, jobs of the host are unknown and are not signalled", {
	...PATIENCE,
	skip: noNamespaces,
}, async () => {
	await using cli = new Cli();
	const { id, pid } = await cli.begun("-n", "outside", "sleep", "60");
	const outcome = await cli.shell(
		"chore --json ps; chore stop outside; chore run --wait -n inside -c 'exit 4'; echo $?; chore stop --all; chore rm -f outside 2>&1 >/dev/null; exec chore ps -q",
		{ under: CONTAINER },
	);
	assertNoBug(outcome);
	const [listed, ...rest] = outcome.stdout.split("]\n");
	assert.deepEqual(
		(JSON.parse(`${listed}]`) as { id: string; state: string }[]).map((job) => [job.id, job.state]),
		[[id, "unknown"]],
	);
	assert.match(rest.join("]\n"), /^4\n[0-9a-f-]{36}\n$/);
	assert.match(outcome.stderr, /outside \(.{8}\) cannot be reached: it runs in another container/);
	assert.ok(isRunning(pid), "nothing was signalled, not even by rm -f, which only forgets");
});

test("a job whose container is gone is lost, in the next container and outside, and its name is free", {
	...PATIENCE,
	skip: noNamespaces,
}, async () => {
	await using cli = new Cli();
	const inside = async (line: string) => {
		const outcome = await cli.shell(line, { under: CONTAINER });
		assertNoBug(outcome);
		return outcome;
	};
	const begin = (name: string) => `chore run -q -n ${name} sleep 60 && until chore ps | grep -q running; do :; done`;
	const [first, second] = [
		(await inside(begin("web"))).stdout.trim(),
		(await inside(`${begin("other")}; exec chore run -q -c 'exit 3'`)).stdout,
	];
	assert.deepEqual(
		[(await cli.job(first)).state, (await cli.job(first)).reason],
		["lost", "it is gone, and nobody recorded how it ended: whatever watched it was killed"],
	);
	assert.match(second, /^[0-9a-f-]{36}\n[0-9a-f-]{36}\n$/);
	// Each word of --if-running, in a container after the one in which the name was taken.
	assert.equal((await inside("chore run -q -n other --if-running skip --wait -c 'exit 4'")).status, 4);
	await inside(begin("other"));
	assert.equal((await inside("chore run -q -n other --if-running replace --wait -c 'exit 5'")).status, 5);
	await inside(begin("other"));
	assert.equal((await inside("exec chore stop other")).status, 0);
	assert.equal((await inside("exec chore start -q other")).status, 0);
});

test("a host with the same machine-id takes no running job for one that ended with a boot", {
	...PATIENCE,
	skip: noNamespaces,
}, async () => {
	await using cli = new Cli();
	const { id, pid } = await cli.begun("-n", "web", "sleep", "60");
	const boot = cli.file("boot", `${OTHER_BOOT}\n`);
	const words = ["unshare", "-m", "-u", "-p", "--fork", "--mount-proc", "sh", "-c"];
	const disguise = `hostname elsewhere; mount --bind '${boot}' /proc/sys/kernel/random/boot_id; exec "$@"`;
	for (const change of [(record: RunRecord) => record, ofSystemd]) {
		rewrite(cli, id, change);
		const there = await cli.shell("chore --json status web; chore run -n web true; chore prune --all; exec chore stop web", {
			under: [...words, disguise, "sh"],
		});
		assertNoBug(there);
		const [job] = JSON.parse(`${there.stdout.split("]\n")[0]}]`) as { state: string; reason: string }[];
		assert.equal(job?.state, "unknown");
		assert.match(
			job?.reason ?? "",
			change === ofSystemd ? /^it was started on .*, which has the machine-id of this host, elsewhere,/ : /^it runs/,
		);
		assert.match(there.stderr, /the name "web" is in use[\s\S]*web \(.{8}\) cannot be reached/);
		assert.ok(isRunning(pid) && existsSync(`${cli.state}/default/active/${id}`) && !existsSync(`${cli.runFolder(id)}/end.json`));
	}
	rewrite(cli, id, (record) => ({ ...record, handle: { ...record.handle, platform: "posix" } }));
	assert.equal((await cli.job("web")).state, "running");
});

test("durations and order are right when the clock was set back an hour", PATIENCE, async () => {
	await using cli = new Cli();
	const id = await cli.begin("-n", "web", "-c", "sleep 0.3; exit 2");
	await recorded(cli, id);
	// The job was made by a clock an hour ahead of the one that wrote the later files.
	const ahead = (record: RunRecord): RunRecord => ({ ...record, createdAtMs: record.createdAtMs + 3_600_000 });
	rewrite(cli, id, ahead);
	const early = new Date(Date.now() - 7_200_000);
	for (const file of ["started", "exit", "output"]) utimesSync(`${cli.runFolder(id)}/${file}`, early, early);
	const job = await cli.job(id);
	assert.ok(job.startedAt !== null && job.endedAt !== null);
	const ranMs = Date.parse(job.endedAt) - Date.parse(job.startedAt);
	assert.ok(ranMs >= 280 && ranMs < 3_000_000, `${ranMs} ms: not with the hour`);
	assert.deepEqual([job.state, job.exitCode, job.startedAt >= job.createdAt], ["failed", 2, true]);
	for (const words of [["ps"], ["status", "web"], ["ps", "-a"]]) {
		const outcome = await cli.run(words);
		assertNoBug(outcome);
		assert.doesNotMatch(outcome.stdout, /\s-\d|NaN|Infinity/);
	}
	assert.match((await cli.chore("stop", "web")).stdout, /failed: exit code 2 after \d+(\.\d+)? (s|min)/);
});

test("a time limit is judged by the time since boot, not by the wall clock", PATIENCE, async () => {
	await using cli = new Cli();
	const id = await cli.begin("--timeout", "300ms", "sleep", "60");
	await recorded(cli, id);
	const early = new Date(Date.now() - 3_600_000);
	for (const file of ["started", "exit"]) utimesSync(`${cli.runFolder(id)}/${file}`, early, early);
	assert.equal((await cli.chore("wait", id)).status, 124);
});

test("a process with the reused pid of a job is not taken for the job and not signalled", PATIENCE, async () => {
	await using cli = new Cli();
	const stranger = spawn("sleep", ["60"], { detached: true });
	try {
		await once(stranger, "spawn");
		const { id } = await cli.begun("-n", "web", "sleep", "60");
		const shim = Number.parseInt(readFileSync(`${cli.runFolder(id)}/pid`, "utf8"), 10);
		for (const pid of cli.processes()) kill(pid, "SIGKILL");
		await eventually("the shim is gone", () => !isRunning(shim));
		// As if the pids of the shim and the job now belonged to another process, in another process group.
		for (const file of ["pid", "started"]) {
			const path = `${cli.runFolder(id)}/${file}`;
			writeFileSync(path, readFileSync(path, "utf8").replace(/^\d+/, String(stranger.pid)));
		}
		const lost = await cli.job("web");
		assert.deepEqual([lost.state, lost.result], ["lost", "lost"]);
		for (const words of [
			["kill", "-s", "KILL", "web"],
			["stop", "--grace", "0", "web"],
			["rm", "-f", "web"],
		])
			assertNoBug(await cli.run(words));
		assert.ok(isRunning(stranger.pid ?? 0), "the stranger lives");
	} finally {
		stranger.kill("SIGKILL");
	}
});

test("a process with the reused pid of a main process is not signalled while the job goes on", PATIENCE, async () => {
	await using cli = new Cli();
	const stranger = spawn("sleep", ["60"], { detached: true });
	try {
		await once(stranger, "spawn");
		const { id, pid } = await cli.begun("-n", "web", "sleep", "60");
		const path = `${cli.runFolder(id)}/started`;
		writeFileSync(path, readFileSync(path, "utf8").replace(/^\d+/, String(stranger.pid)));
		assertNoBug(await cli.run(["kill", "--main", "-s", "KILL", "web"]));
		assert.ok(isRunning(stranger.pid ?? 0));
		assert.equal((await cli.chore("stop", "web")).status, 0);
		assert.ok(isRunning(stranger.pid ?? 0) && !isRunning(pid));
	} finally {
		stranger.kill("SIGKILL");
	}
});

test("a state folder can be moved, and its jobs are found in the new place", PATIENCE, async () => {
	await using cli = new Cli();
	const id = await cli.begin("-n", "web", "-c", "echo said; exit 3");
	await cli.chore("wait", id);
	await cli.shell(`mv '${cli.state}' '${cli.folder}/moved'`);
	const env = { CHORE_HOME: `${cli.folder}/moved` };
	assert.equal((await cli.run(["wait", "web"], { env })).status, 3);
	assert.equal((await cli.run(["logs", "web"], { env })).stdout, "said\n");
	assert.equal((await cli.run(["run", "--wait", "true"], { env })).status, 0);
	assert.equal((await cli.run(["rm", "web"], { env })).status, 0);
});
