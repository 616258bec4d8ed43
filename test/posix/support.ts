/** Runs of the posix platform for tests: makes folders and start scripts as the core does, and cleans up afterwards. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { accessSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after } from "node:test";
import type { Handle, Limits, Platform, RestartPolicy, RunSpec, Stopping } from "../../platform/contract.ts";
import { type ExitRecord, parseExitRecord } from "../../platform/exit-record.ts";
import { openWith, type PosixOptions } from "../../platform/posix/index.ts";
import { eventually, isEmpty, kill } from "../support/eventually.ts";

const NO_RESTART: RestartPolicy = { policy: "no", delayMs: 0, max: null };
export const TERM: Stopping = { signal: "SIGTERM", graceMs: 10_000, hangUp: false };

/** The shells of the matrix: the words that run each, or why it is left out. */
export const SHELLS: readonly (readonly [name: string, words: readonly string[], skip: string | false])[] = [
	["dash", "dash"],
	["bash --posix", "bash", "--posix"],
	["mksh", "mksh"],
	["busybox ash", "busybox", "ash"],
	["ksh93", "ksh93"],
	["yash", "yash"],
	["posh", "posh"],
].map(([name = "", program = "", ...words]) => {
	const path = pathOf(program);
	// Some of them, while one is worked on: CHORE_TEST_SHELLS=yash,posh
	const isWanted = process.env["CHORE_TEST_SHELLS"]?.split(",").includes(program) ?? true;
	const skip = path === undefined ? `${program} is not installed` : !isWanted && "not in CHORE_TEST_SHELLS";
	return [name, [path ?? program, ...words], skip] as const;
});

/** Skips what needs a program or a right that is not there. */
export const skipUnlessRoot: string | false = process.getuid?.() === 0 ? false : "only root can mount a small file system";
export const skipUnlessProc: string | false = process.platform === "linux" ? false : "needs /proc";

export interface TestRun {
	readonly spec: RunSpec;
	readonly handle: Handle;
	/** The run's folder. */
	readonly folder: string;
}

export interface TestRunOptions {
	readonly stopping?: Partial<Stopping>;
	readonly timeoutMs?: number;
	readonly restart?: RestartPolicy;
	/** Where the run's folder is made, instead of the scratch folder. */
	readonly home?: string;
}

const jobIds = new Set<string>();
/** Inherited by processes of the tests that are killed and cannot clean up: by it they are found. */
const inherited = process.env["CHORE_TEST_SCRATCH"];
const scratch = inherited ?? mkdtempSync(`${realpathSync(tmpdir())}/chore posix `);
process.env["CHORE_TEST_SCRATCH"] = scratch;

after(async () => {
	if (inherited !== undefined) return;
	try {
		await eventually("all processes of the tests are gone", () => livingPids(), isEmpty);
	} finally {
		for (const pid of livingPids()) kill(pid, "SIGKILL");
		rmSync(scratch, { recursive: true, force: true });
	}
});

/** A platform that installs its shim, as it is or edited, in the scratch folder. */
export function openPlatform(options: PosixOptions = {}, edit = (text: string): string => text): Promise<Platform> {
	const install = (name: string, text: string): string => {
		const folder = mkdtempSync(`${scratch}/libexec-`);
		writeFileSync(`${folder}/${name}`, edit(text), { mode: 0o600 });
		return `${folder}/${name}`;
	};
	return openWith({ install }, options);
}

/** A program ps as on macOS: -E shows the environment, and -e stands for all processes. */
export const MAC_PS = `#!/bin/sh
option=$(echo "$1" | sed 's/e//; s/E/e/')
shift
exec /bin/ps "$option" "$@"
`;

/** Far beyond any test. */
export const HOUR_MS = 3_600_000;
/** For `openPlatform`: the text of the shim with each of these replaced, once; all must be there. */
export function edited(text: string, ...changes: readonly (readonly [from: string, to: string])[]): string {
	return changes.reduce((before, [from, to]) => {
		assert.ok(before.includes(from), `the shim has: ${from}`);
		return before.replace(from, () => to);
	}, text);
}

const LIMIT_SLEEP = 'until /usr/bin/env sleep "$limit"';
/** The timer process makes the file `at-sleep`, and starts its sleep(1) once the file `seen` exists. */
export const LATE_SLEEP: readonly [string, string] = [
	LIMIT_SLEEP,
	LIMIT_SLEEP.replace("until ", 'until : >"$run/at-sleep"; until [ -e "$run/seen" ]; do :; done; '),
];

const ASKED_LOOK = '\twhile find_members; do\n\t\t[ "$left"';
/** The shim writes each process that it asks to end and waits for into `asked`. */
export const NOTES_ASKED: readonly [string, string] = [
	ASKED_LOOK,
	ASKED_LOOK.replace("\n", () => '\n\t\techo "$members" >>"$run/asked"\n'),
];

/** Lays out a run of a /bin/sh script, whose $1 is the run's folder. */
export function layOut(platform: Platform, script: string, options: TestRunOptions = {}): TestRun {
	const jobId = randomUUID();
	jobIds.add(jobId);
	const jobFolder = `${options.home ?? scratch}/${jobId}`;
	const folder = `${jobFolder}/runs/1`;
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	writeFileSync(`${folder}/exit`, `${" ".repeat(511)}\n`, { mode: 0o600 });
	writeFileSync(`${folder}/started`, " ".repeat(64), { mode: 0o600 });
	writeFileSync(`${folder}/output`, "", { mode: 0o600 });
	if (options.restart !== undefined) writeFileSync(`${folder}/attempts`, "", { mode: 0o600 });
	writeFileSync(`${jobFolder}/job`, script);
	const start = [
		"read -r up rest </proc/uptime",
		'echo "$$ $up" 1<>"$1/started"',
		`export CHORE_JOB_ID=${jobId} CHORE_RUN_ID=1.${jobId}`,
		'exec >>"$1/output" 2>&1',
		`exec /bin/sh '${jobFolder}/job' "$1"`,
	];
	writeFileSync(`${jobFolder}/start`, `${start.join("\n")}\n`, { mode: 0o600 });
	const limits: Limits = { timeoutMs: options.timeoutMs ?? null, memoryBytes: null, cpus: null, tasks: null };
	const stopping: Stopping = { ...TERM, ...options.stopping };
	const spec: RunSpec = {
		...{ jobId, run: 1, label: "test", description: "test", jobFolder, start: `${jobFolder}/start`, runFolder: folder },
		...{ limits, stopping, restart: options.restart ?? NO_RESTART, native: {}, acknowledge: true },
	};
	return { spec, handle: platform.plan(spec), folder };
}

/** Starts a run of a /bin/sh script. */
export async function start(platform: Platform, script: string, options: TestRunOptions = {}): Promise<TestRun> {
	const run = layOut(platform, script, options);
	await platform.start(run.spec, run.handle);
	return run;
}

/** Asks for the stop as the core does: the mark first. */
export async function stop(platform: Platform, run: TestRun, options: Partial<Stopping> = {}) {
	writeFileSync(`${run.folder}/stop`, "");
	return platform.stop(run.handle, { ...TERM, ...options });
}

/** Waits until nothing of the run's shim is left, and gives its record. */
export async function ended(platform: Platform, run: TestRun): Promise<ExitRecord> {
	const { promise, resolve } = deferred();
	const look = async () => {
		const [observation] = await platform.inspect([run.handle]);
		if (observation?.kind === "absent") resolve();
	};
	const watch = await platform.watch([run.handle], look);
	await promise;
	await watch[Symbol.asyncDispose]();
	const record = recordOf(run);
	if (typeof record === "string")
		assert.fail(`the record is ${record}; message: ${readFileSync(`${run.folder}/message`, "latin1").trim()}`);
	return record;
}

export function recordOf(run: TestRun): ReturnType<typeof parseExitRecord> {
	return parseExitRecord(readFileSync(`${run.folder}/exit`, "latin1"));
}

/** The records of all attempts so far. */
export function attemptsOf(run: TestRun): readonly ExitRecord[] {
	const lines = readFileSync(`${run.folder}/attempts`, "latin1").split("\n").slice(0, -1);
	return lines.map((line) => {
		const record = parseExitRecord(line);
		if (typeof record === "string") assert.fail(`an attempt is ${record}: ${line}`);
		return record;
	});
}

/** The first word of a small file of the run, once it is there. */
export async function wordIn(run: TestRun, name: string): Promise<string> {
	const firstWord = (): string => {
		try {
			return readFileSync(`${run.folder}/${name}`, "latin1").trim().split(/\s+/)[0] ?? "";
		} catch {
			return "";
		}
	};
	return eventually(`${name} is written`, firstWord, (word) => word !== "");
}

/** A shim whose time limit is reached when the test calls `limitIsUp`, so that it is too short on no machine. */
export function withLimitOfTest(text: string): string {
	// Short sleeps of the clock itself: what it starts is known as the clock's by its parent alone. One that is killed ends the wait.
	const wait = 'while [ ! -e "$run/up$attempt" ] && [ "$slept" -eq 0 ]; do /usr/bin/env sleep 0.02; slept=$?; done';
	return edited(text, [LIMIT_SLEEP, `until slept=0; ${wait}; (exit "$slept")`]);
}

/** The time limit of an attempt is up: of one whose limit is an hour, by the shim. */
export function limitIsUp(run: TestRun, attempt = 1): void {
	writeFileSync(`${run.folder}/up${attempt}`, ""); // needs no space
}

/** One signal to the shim, and what is in its process group, and to the job's group. */
export async function signalAll(run: TestRun, signal: NodeJS.Signals): Promise<void> {
	for (const name of ["pid", "started"]) kill(-Number(await wordIn(run, name)), signal);
}

/**
 * Waits until no process carries the mark of this run. Of a shim whose kill is a program (posh), that may be seen for a moment
 * after the stop has returned: it has killed its group, itself included, but has yet to leave the kernel.
 */
export async function nothingLeft(run: TestRun): Promise<void> {
	await eventually("nothing is left", () => livingPids(run), isEmpty);
}

/** The processes that carry the mark of this run, or of any run of this file. */
export function livingPids(run?: TestRun): readonly number[] {
	const wanted = run === undefined ? [...jobIds] : [run.spec.jobId];
	return readdirSync("/proc")
		.filter((name) => /^[0-9]+$/.test(name))
		.filter((pid) => {
			try {
				const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
				return environment.includes("CHORE_JOB_ID") && wanted.some((id) => environment.includes(`CHORE_JOB_ID=${id}`));
			} catch {
				return false;
			}
		})
		.map(Number);
}

/** A small file system of its own, gone with the test. */
export function mountSmall(bytes: number): { readonly folder: string; unmount(): void } {
	const folder = mkdtempSync(`${scratch}/small-`);
	execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes},mode=700`, "chore-test", folder]);
	return { folder, unmount: () => execFileSync("umount", ["-l", folder]) };
}

export function scratchFolder(): string {
	return mkdtempSync(`${scratch}/folder-`);
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
	let resolve = () => {};
	const promise = new Promise<void>((done) => {
		resolve = done;
	});
	return { promise, resolve };
}

function pathOf(program: string): string | undefined {
	for (const folder of (process.env["PATH"] ?? "").split(":")) {
		try {
			accessSync(`${folder}/${program}`, 1);
			return `${folder}/${program}`;
		} catch {}
	}
	return undefined;
}
