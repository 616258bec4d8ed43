/** Failures of launchd, launchctl or the disk: they are reported, nothing hangs, and nothing is left. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isChoreError } from "../../platform/errors.ts";
import type { Job } from "../../src/core/job.ts";
import { layOut, mountSmall, skipUnlessRoot } from "../posix/support.ts";
import { eventually, isRunning, kill } from "../support/eventually.ts";
import { makeHome } from "../support/home.ts";
import { noProc, startSimulator } from "./simulator/simulator.ts";
import type { Switches } from "./simulator/switches.ts";
import { keepers, moduleOf, noLabels, on, ready, type Stage, targetOf } from "./support.ts";

const has =
	(code: string, words: RegExp) =>
	(error: unknown): boolean =>
		isChoreError(error) && error.code === code && words.test(error.message);

/** A job runs, is seen and is stopped, and nothing of it stays. */
async function runsAJob(stage: Stage): Promise<void> {
	const job = await ready(stage, "echo ready; exec sleep 600");
	assert.equal((await stage.home.chore.get(job.id)).state, "running");
	assert.deepEqual((await stage.home.chore.stop(job.id)).signal, "SIGTERM");
	const short = await stage.home.chore.run({ command: ["/bin/sh", "-c", "exit 7"] });
	assert.equal((await stage.home.chore.wait(short.id)).exitCode, 7);
	await noLabels(stage);
}

const VERSIONS: readonly (readonly [title: string, switches: Partial<Switches>])[] = [
	["macOS 10.15", { print: "old", bootoutEnding: 36, wait: false, disabledWords: "old", badRequest: false }],
	["the macOS to come", { futureLines: true, bootoutUnknown: 5 }],
	["a shell over ssh, with no user at the screen", { gui: false, managerName: "Background" }],
	["a headless machine after a reboot", { gui: false, noGuiPrint: 125, managerName: "Background", rich: false }],
	["a launchd that takes its time", { spawnMs: 700 }],
];
for (const [title, switches] of VERSIONS) on(`jobs run on ${title}`, switches, runsAJob);

on("jobs run from a state folder whose name imitates what launchctl prints", {}, runsAJob, {
	prefix: "chore 'q\" 漢 & <x>\r\tstate = not running\u2028\tlast exit code = 0\r}-",
});

on("nothing of the caller's environment is given to launchd", {}, async (stage) => {
	const path = process.env["PATH"];
	try {
		process.env["PATH"] = `${path}:/no such folder\u0001\n\tstate = running`;
		const job = await ready(stage, "echo ready; exec sleep 600");
		assert.doesNotMatch((await stage.simulator.call("print", targetOf(job))).out, /no such folder/);
	} finally {
		process.env["PATH"] = path;
	}
});

on("a job that has not begun is queued and can be stopped", { spawnMs: 30_000 }, async (stage) => {
	const { home, simulator } = stage;
	const job = await home.chore.run({ command: ["touch", "began"], directory: home.path, acknowledge: false });
	assert.equal((await home.chore.get(job.id)).state, "queued");
	assert.equal((await home.chore.stop(job.id)).state, "stopped");
	assert.deepEqual([await simulator.labels(), existsSync(`${home.path}/began`)], [[], false]);
});

on("a job that launchd cannot start is a failed start and leaves nothing", {}, async ({ simulator }) => {
	for (const [options, reason] of [
		[{ waiterShell: "/no/such/shell" }, /could not start the job: .* exit code 78/],
		[{ shell: ["/no/such/shell"] }, /could not start the job: it was removed at once/],
	] as const) {
		await using home = await makeHome("launchd", moduleOf(simulator.launchctl, options));
		await assert.rejects(home.chore.run({ command: ["true"] }), has("PLATFORM_FAILED", reason));
		assert.deepEqual([await home.chore.list({ all: true }), await simulator.labels()], [[], []]);
	}
});

on("a missing launchctl is reported at the start; running jobs are observed and end without it", {}, async (stage) => {
	const { home, simulator } = stage;
	const job = await ready(stage, "echo ready; exec sleep 600");
	rmSync(simulator.launchctl);
	await assert.rejects(home.open().run({ command: ["true"] }), has("PLATFORM_UNAVAILABLE", /cannot be run: ENOENT/));
	assert.equal((await home.open().get(job.id)).state, "running");
	assert.equal((await home.chore.stop(job.id)).state, "stopped");
	assert.deepEqual(
		(await home.chore.list({ all: true })).map(({ id }) => id),
		[job.id],
	);
});

on("a launchctl that hangs is given up; running jobs are observed and end without it", {}, async (stage) => {
	const { home, simulator } = stage;
	const job = await ready(stage, "echo ready; exec sleep 600");
	// It may be slow on a busy machine, too: what has to answer has ten seconds for it.
	await using hasty = await makeHome("launchd", moduleOf(simulator.launchctl, { patienceMs: 10_000 }));
	await simulator.set({ hanging: ["bootstrap"] });
	await assert.rejects(hasty.chore.run({ command: ["true"] }), has("PLATFORM_UNAVAILABLE", /launchctl bootstrap did not answer/));
	await simulator.set({ hanging: ["print", "bootstrap"] });
	await assert.rejects(hasty.open().run({ command: ["true"] }), has("PLATFORM_UNAVAILABLE", /launchctl print did not answer/));
	assert.deepEqual(await hasty.chore.list({ all: true }), []);
	assert.equal((await home.open().get(job.id)).state, "running");
	assert.equal((await home.chore.stop(job.id)).state, "stopped");
});

on("jobs outlive the simulator that started them, and end with their own exit code", {}, async (stage) => {
	const { home, simulator } = stage;
	const job = await ready(stage, "echo ready; while [ ! -e go ]; do sleep 0.05; done; exit 6");
	await simulator.crash();
	assert.equal((await home.chore.get(job.id)).state, "running");
	await assert.rejects(home.chore.run({ command: ["true"] }), isChoreError);
	writeFileSync(`${home.path}/go`, "");
	assert.deepEqual((await home.chore.wait(job.id)).exitCode, 6);
	const { waiter } = keepers(stage, job);
	await eventually("its waiting shell gives up", () => !isRunning(waiter));
});

for (const code of [5, 17, 37] as const) {
	test(`a label in use is reported as UNIT_EXISTS, also with exit code ${code}`, { skip: noProc, timeout: 60_000 }, async () => {
		await using simulator = await startSimulator({ bootstrapLoaded: code });
		await using platform = await moduleOf(simulator.launchctl).open({ install: () => "/no/such/program" });
		const { spec, handle } = layOut(platform, "exit 0");
		const label = `dev.chore.job.${spec.jobId}.1`;
		const path = `${simulator.folder}/other.plist`;
		const keys = `<key>Label</key><string>${label}</string><key>Program</key><string>/bin/true</string>`;
		writeFileSync(path, `<?xml version="1.0"?><plist version="1.0"><dict>${keys}</dict></plist>`, { mode: 0o600 });
		assert.equal((await simulator.call("bootstrap", "gui/501", path)).code, 0);
		await assert.rejects(platform.start(spec, handle), has("UNIT_EXISTS", new RegExp(label)));
		assert.deepEqual(await simulator.labels(), [label]);
	});
}

test("an existing property list is not overwritten", { skip: noProc, timeout: 60_000 }, async () => {
	await using simulator = await startSimulator();
	await using platform = await moduleOf(simulator.launchctl).open({ install: () => "/no/such/program" });
	const { spec, handle, folder } = layOut(platform, "exit 0");
	symlinkSync("/nonexistent/elsewhere", `${folder}/launchd.plist`);
	await assert.rejects(platform.start(spec, handle), has("PLATFORM_FAILED", /EEXIST/));
	assert.deepEqual(await simulator.labels(), []);
});

test("a folder that cannot be written to is reported before launchd is asked", {
	skip: noProc || skipUnlessRoot,
	timeout: 60_000,
}, async () => {
	await using simulator = await startSimulator();
	const { folder, unmount } = mountSmall(1_000_000);
	try {
		await using platform = await moduleOf(simulator.launchctl).open({ install: () => "/no/such/program" });
		const { spec, handle } = layOut(platform, "exit 0", { home: folder });
		execFileSync("mount", ["-o", "remount,ro", folder]);
		await assert.rejects(platform.start(spec, handle), has("PLATFORM_FAILED", /EROFS|Read-only|mkfifo/));
		assert.deepEqual(await simulator.labels(), []);
	} finally {
		unmount();
	}
});

test("a start on a full disk is refused with that reason, and the record of a running job is still written", {
	skip: skipUnlessRoot,
	timeout: 60_000,
}, async () => {
	await using simulator = await startSimulator();
	const { folder, unmount } = mountSmall(1_000_000);
	try {
		await using home = await makeHome("launchd", moduleOf(simulator.launchctl), {}, `${folder}/home-`);
		const stage = { home, simulator };
		const job = await ready(stage, "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done");
		assert.throws(() => execFileSync("dd", ["if=/dev/zero", `of=${folder}/filler`, "bs=4096"], { stdio: "ignore" }));
		await assert.rejects(home.chore.run({ command: ["true"] }), (error) => isChoreError(error) && error.code === "STATE_FULL");
		// Not by chore: the mark of the session's end needs no space either.
		await simulator.call("bootout", targetOf(job));
		const end = await home.chore.wait(job.id);
		assert.deepEqual([end.result, end.exitCode], ["session-ended", 9]);
		await noLabels(stage);
		rmSync(`${folder}/filler`);
	} finally {
		unmount();
	}
});

on("two processes that start jobs at once lose none", {}, async ({ home, simulator }) => {
	const starter = fileURLToPath(import.meta.resolve("./starter.js"));
	const children = [1, 2].map(() =>
		spawn(process.execPath, [starter, home.path, simulator.launchctl, "10"], { stdio: ["ignore", "ignore", "inherit"] }),
	);
	for (const [code] of await Promise.all(children.map((child) => once(child, "exit")))) assert.equal(code, 0);
	const jobs = await home.chore.list({ all: true });
	assert.equal(jobs.length, 20);
	for (const { id } of jobs) assert.equal((await home.chore.wait(id)).exitCode, 5);
	await noLabels({ home, simulator });
});

/** Leaves the service of a running job in launchd, and nothing else of it. */
async function strand(stage: Stage): Promise<Job> {
	const job = await ready(stage, "echo ready; exec sleep 600");
	kill(keepers(stage, job).waiter, "SIGKILL");
	kill(keepers(stage, job).shim, "SIGKILL");
	kill((await stage.home.chore.get(job.id)).pid ?? 0, "SIGKILL");
	rmSync(`${stage.home.path}/default/jobs/${job.id}`, { recursive: true });
	return job;
}

on(
	"services that are left in launchd are found in both domains when their jobs are gone, and no others",
	{ gui: false },
	async (stage) => {
		const { home, simulator } = stage;
		const inUser = await strand(stage);
		await ready(stage, "echo ready; exec sleep 600");
		await simulator.login();
		await using later = await makeHome("launchd", moduleOf(simulator.launchctl));
		const inGui = await strand({ home: later, simulator });
		await ready({ home: later, simulator }, "echo ready; exec sleep 600");
		const { findings } = await home.open().doctor();
		const strays = findings.filter(({ kind }) => kind === "stray").map((finding) => JSON.stringify(finding));
		const cures = [targetOf(inGui), targetOf(inUser, "user/501")].map((target) => `launchctl bootout ${target}`);
		assert.equal(strays.length, 2, strays.join("\n"));
		for (const [index, cure] of cures.entries()) {
			assert.ok(strays[index]?.includes(cure), strays.join("\n"));
			execFileSync(simulator.launchctl, cure.split(" ").slice(1));
		}
		await eventually(
			"launchd has forgotten both",
			() => simulator.labels(),
			(labels) => labels.length === 2,
		);
	},
	{ prefix: "chore é\r\u2028launchd-" },
);

on("doctor says which domain is used and what happens at logout", {}, async ({ home, simulator }) => {
	const { platforms } = await home.chore.doctor();
	assert.match(platforms[0]?.facts.find(({ name }) => name === "domain")?.value ?? "", /^gui\/501: /);
	assert.equal(platforms[0]?.logout?.survives, false);
	await assert.rejects(home.chore.linger(), has("PLATFORM_FAILED", /nobody to ask .*\(gui\/501\)/));
	await simulator.logout();
	await assert.rejects(home.open().linger(), has("PLATFORM_FAILED", /outlive the logout as it is/));
});

test("a state folder whose path XML cannot hold is refused, and nothing is started", { skip: noProc, timeout: 60_000 }, async () => {
	await using simulator = await startSimulator();
	await using home = await makeHome("launchd", moduleOf(simulator.launchctl), {}, "chore \u0001 test-");
	await assert.rejects(home.chore.run({ command: ["true"] }), has("STATE_UNUSABLE", /U\+0001/));
	assert.deepEqual([await home.chore.list({ all: true }), await simulator.labels()], [[], []]);
	assert.ok(!readFileSync(`${home.path}/default/ledger.jsonl`, { encoding: "utf8", flag: "a+" }).includes("started"));
});
