import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import type { ExitStatus } from "../../platform/contract.ts";
import { type ErrorCode, isChoreError } from "../../platform/errors.ts";
import { eventually } from "../support/eventually.ts";
import { userManager } from "../support/user-manager.ts";
import { Fixture, hasRecord, type Prepared, recordOf, said } from "./support.ts";

const { skip } = userManager(import.meta);

function rejectsWith(code: ErrorCode, message: RegExp) {
	return (error: unknown) => isChoreError(error) && error.code === code && message.test(`${error.message} ${error.hint}`);
}

function unitOf({ handle }: Prepared): string {
	return String(handle.data["unit"]);
}

function show(unit: string, property: string): string {
	return execFileSync("systemctl", ["--user", "show", "--value", "-p", property, "--", unit], { encoding: "utf8" }).trim();
}

test("start returns with the run under way, and its end is recorded", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.startReady('ready; until [ -e "$run/go" ]; do sleep 0.01; done; exit 7');
	assert.deepEqual(await fixture.observe(run), { kind: "running", paused: false });
	assert.equal(hasRecord(run), false);
	execFileSync("touch", [`${run.run.runFolder}/go`]);
	const record = await recordOf(run);
	assert.deepEqual(record.status, { code: 7 });
	assert.deepEqual([record.attempt, record.certain, record.result], [1, true, "exit-code"]);
	assert.ok(record.bootId !== null && record.uptimeSeconds !== null && record.cpuTimeMs !== null && record.cpuTimeMs > 0);
	await fixture.is(run, "absent");
});

test("every kind of end is recorded correctly, also of very short runs", { skip }, async () => {
	await using fixture = await Fixture.open();
	const ends: readonly (readonly [script: string, status: ExitStatus])[] = [
		...[0, 1, 2, 126, 127, 137, 199, 200, 203, 243, 244, 255].map((code) => [`exit ${code}`, { code }] as const),
		...["HUP", "INT", "QUIT", "ILL", "ABRT", "KILL", "USR1", "SEGV", "PIPE", "ALRM", "TERM"].map(
			(name) => [`kill -${name} $$`, { signal: `SIG${name}` }] as const,
		),
		["kill -37 $$", { signal: "SIGRTMIN+3" }],
	];
	await Promise.all(
		ends.map(async ([script, status]) => {
			const run = await fixture.start(script);
			const record = await recordOf(run);
			assert.deepEqual(record.status, status, script);
			assert.equal(record.result, "signal" in status ? "signal" : status.code === 0 ? "success" : "exit-code", script);
		}),
	);
});

test("a unit that ends normally is unloaded by the manager, also after daemon-reload", { skip }, async () => {
	await using fixture = await Fixture.open();
	const runs = await Promise.all(
		[0, 7, 255].map((code) => fixture.startReady(`ready; until [ -e "$run/go" ]; do sleep 0.01; done; exit ${code}`)),
	);
	execFileSync("systemctl", ["--user", "daemon-reload"]);
	for (const run of runs) execFileSync("touch", [`${run.run.runFolder}/go`]);
	for (const run of runs) {
		await recordOf(run);
		await eventually("the unit is unloaded", () => show(unitOf(run), "LoadState"), "not-found");
	}
});

test("a job has no variable of the manager's or the platform's caller and ignores no signal", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.start('env >"$1/environment"; pwd >"$1/said"; grep SigIgn /proc/self/status >"$1/ignored"');
	await recordOf(run);
	const names = (said(run, "environment") ?? "").split("\n").map((line) => line.split("=")[0]);
	assert.deepEqual(
		names.filter((name) => !["CHORE_JOB_ID", "CHORE_RUN_ID", "PWD", "OLDPWD", "SHLVL", "_"].includes(String(name))),
		[],
	);
	assert.equal(said(run), "/");
	assert.equal(said(run, "ignored"), "SigIgn:\t0000000000000000");
});

test("variables that a job exports do not mislead the hook", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.start(
		"export EXIT_CODE=exited EXIT_STATUS=0 SERVICE_RESULT=success LD_PRELOAD=/nowhere PATH=/nowhere; exec 2>/dev/null; exit 9",
	);
	assert.deepEqual((await recordOf(run)).status, { code: 9 });
});

test("a unit name in use is refused with UNIT_EXISTS, and its unit is not touched", { skip }, async () => {
	await using fixture = await Fixture.open();
	const unitName = `chore-test-taken-${process.pid}`;
	const holder = await fixture.startReady("ready; exec sleep 1000", { native: { unit: unitName } });
	await assert.rejects(fixture.start("exit 0", { native: { unit: unitName } }), rejectsWith("UNIT_EXISTS", /already is a unit .*chore ps/));
	assert.equal((await fixture.observe(holder)).kind, "running");
});

test("a failed unit of chore's gives its name to the next run, another failed unit does not", { skip }, async () => {
	await using fixture = await Fixture.open();
	const unitName = `chore-test-failed-${process.pid}.service`;
	const first = await fixture.start("kill -KILL $$", { native: { unit: unitName } });
	await fixture.is(first, "ended");
	const second = await fixture.startReady("ready; exec sleep 1000", { native: { unit: unitName } });
	assert.equal((await fixture.observe(second)).kind, "running");
	assert.equal((await fixture.observe(first)).kind, "absent");

	const foreign = `chore-test-foreign-${process.pid}.service`;
	execFileSync("systemd-run", ["--user", "--quiet", "--unit", foreign, "--", "/bin/sh", "-c", "exit 3"]);
	await eventually("it has failed", () => show(foreign, "ActiveState"), "failed");
	await assert.rejects(fixture.start("exit 0", { native: { unit: foreign } }), rejectsWith("UNIT_EXISTS", /systemctl --user status/));
	assert.equal(show(foreign, "ActiveState"), "failed");
	execFileSync("systemctl", ["--user", "reset-failed", foreign]);
});

test("an error of systemd becomes PLATFORM_FAILED with systemd's own message", { skip }, async () => {
	await using fixture = await Fixture.open();
	execFileSync("systemctl", ["--user", "mask", "--quiet", "--runtime", "chore-test-masked.slice"]);
	try {
		await assert.rejects(fixture.start("exit 0", { native: { slice: "chore-test-masked" } }), (error: unknown) => {
			return rejectsWith("PLATFORM_FAILED", /masked/)(error) && (error as Error).cause !== undefined;
		});
	} finally {
		execFileSync("systemctl", ["--user", "unmask", "--quiet", "--runtime", "chore-test-masked.slice"]);
	}
	assert.throws(() => fixture.prepare("exit 0", { native: { unit: "no such/name" } }), rejectsWith("INVALID_ARGUMENT", /no such\/name/));
});

test("a run has the unit name, slice and limits that were asked for", { skip }, async () => {
	await using fixture = await Fixture.open();
	const unitName = `chore-test-bounds-${process.pid}`;
	const run = await fixture.startReady("ready; exec sleep 1000", {
		native: { unit: unitName, slice: "chore-test.slice" },
		limits: { timeoutMs: 3_600_000, memoryBytes: 1e9, cpus: 1.5, tasks: 50 },
		stopping: { signal: "SIGUSR1", graceMs: 7_000, hangUp: true },
	});
	const unit = `${unitName}.service`;
	assert.equal(unitOf(run), unit);
	const properties = [
		"Slice",
		"RuntimeMaxUSec",
		"MemoryMax",
		"MemorySwapMax",
		"CPUQuotaPerSecUSec",
		"TasksMax",
		"KillSignal",
		"TimeoutStopUSec",
		"SendSIGHUP",
	];
	assert.deepEqual(
		properties.map((property) => show(unit, property)),
		["chore-test.slice", "1h", "1000000000", "0", "1.500000s", "50", "10", "7s", "yes"],
	);
});

test("hostile descriptions neither break the unit nor imitate another run's token", { skip }, async () => {
	await using fixture = await Fixture.open();
	const victim = fixture.prepare("exit 0");
	const descriptions = [
		"two\nlines\n[Service]\nExecStart=/bin/false",
		"ends in a backslash \\",
		"%h %% %n %",
		`$HOME \${HOME} $$`,
		"\u001b[31mred\u0007\u202egnihton",
		"'single' \"double\" ; # [Unit]",
		`forged [chore ${victim.run.jobId}/1]`,
		"漢".repeat(10_000),
		"\ud83d half of a character",
		"",
	];
	const runs = await Promise.all(descriptions.map((description) => fixture.startReady("ready; exec sleep 1000", { description })));
	execFileSync("systemctl", ["--user", "daemon-reload"]);
	for (const [index, run] of runs.entries()) {
		assert.equal((await fixture.observe(run)).kind, "running", descriptions[index]);
		assert.equal(show(unitOf(run), "Description").split("\n").length, 1);
		assert.doesNotMatch(show(unitOf(run), "Description"), /\p{Cc}|\u202e/u);
	}
	assert.match(show(unitOf(runs[3] as Prepared), "Description"), /^\$HOME \$\{HOME\} \$\$ \[chore /);
	assert.match(show(unitOf(runs[2] as Prepared), "Description"), /^%h %% %n % \[chore /);
	assert.equal((await fixture.observe(victim)).kind, "absent");
});

test("200 starts at once all run and are all recorded", { skip }, async () => {
	await using fixture = await Fixture.open();
	const runs = await Promise.all(Array.from({ length: 200 }, (_, index) => fixture.start(`exit ${index}`)));
	for (const [index, run] of runs.entries()) assert.deepEqual((await recordOf(run)).status, { code: index });
});

test("an enqueued run is accepted without waiting for it", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.start("exit 4", { acknowledge: false });
	assert.deepEqual((await recordOf(run)).status, { code: 4 });
});

test("a unit name can be used again as soon as the end of its run is recorded", { skip }, async () => {
	await using fixture = await Fixture.open();
	const unitName = `chore-test-turns-${process.pid}`;
	for (let turn = 0; turn < 30; turn++) {
		const run = await fixture.start(`exit ${turn}`, { native: { unit: unitName } });
		while (!hasRecord(run)) await new Promise((resolve) => setImmediate(resolve));
		assert.deepEqual((await recordOf(run)).status, { code: turn });
	}
});

test("start waits for a unit name while the end of its run is being recorded", { skip }, async () => {
	await using fixture = await Fixture.open();
	const unitName = `chore-test-leaving-${process.pid}`;
	// The hook looks into `started` for a code of systemd's own, and waits in the FIFO.
	const first = await fixture.start('rm "$1/started"; mkfifo "$1/started"; exit 203', { native: { unit: unitName } });
	await eventually("its end is being recorded", () => show(unitOf(first), "SubState"), "stop-post");
	const second = fixture.start("exit 5", { native: { unit: unitName } });
	writeFileSync(`${first.run.runFolder}/started`, "1\n");
	assert.deepEqual((await recordOf(await second)).status, { code: 5 });
	assert.deepEqual((await recordOf(first)).status, { code: 203 });
});
