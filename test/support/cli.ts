/**
 * The built command line, run as users run it: as a process of its own, with a clean environment and a home of the
 * test's own. Nothing outlives the test. CHORE_TEST_CLI names another build than dist/cli.cjs.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, resolve } from "node:path";
import type { Chore, Job } from "../../src/index.ts";
import { begun } from "./begun.ts";
import { processesNaming } from "./clean-up.ts";
import { eventually, HANGS_MS, isEmpty, kill } from "./eventually.ts";

/** For the end of this process: jobs of tests that did not finish would run for ever. */
const folders = new Set<string>();

/** The program under test, where every user of this machine can run it. */
export const CLI = forEverybody(resolve(process.env["CHORE_TEST_CLI"] ?? "dist/cli.cjs"));

/** One cache for all tests, so that the program's code is compiled once. */
const CACHES = resolve("dist-test/caches");
mkdirSync(CACHES, { recursive: true });

/** The library of this checkout may not fit another build: then only its processes are used. */
const IS_OTHER_BUILD = process.env["CHORE_TEST_CLI"] !== undefined;

/** For tests that run several processes. */
export const PATIENCE = { timeout: HANGS_MS };

/** Why a test that needs to be root cannot run here, or false. */
export const skipUnlessRoot: string | false = process.geteuid?.() === 0 ? false : "only root can do this to a system";

/** How a process ended, and what it said. */
export interface Outcome {
	/** Its exit status, or null after a signal. */
	readonly status: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stdout: string;
	readonly stderr: string;
	/** stdout as it was, before it was read as UTF-8. */
	readonly bytes: Buffer;
}

export interface HowToRun {
	/** Added to the environment; undefined takes a variable out. */
	readonly env?: Readonly<Record<string, string | undefined>>;
	/** What stdin gives before its end; default nothing, at once. Null leaves it open. */
	readonly input?: string | Buffer | null;
	readonly directory?: string;
	/** Words to put before: `unshare -m`, `setpriv …`. */
	readonly under?: readonly string[];
	/** A process group of its own. */
	readonly detached?: boolean;
}

/** A process under way. */
export interface Running {
	readonly child: ChildProcess;
	readonly pid: number;
	/** All that it has written so far. */
	stdout(): string;
	stderr(): string;
	readonly ended: Promise<Outcome>;
}

/** A place to use the command line from. */
export class Cli implements AsyncDisposable {
	/** Holds everything; its path is in the environment or the command line of whatever belongs to the test. */
	readonly folder: string;
	/** The state folder, CHORE_HOME. */
	readonly state: string;
	/** Where commands are run. */
	readonly directory: string;
	/** That of commands and jobs. */
	readonly environment: Readonly<Record<string, string | undefined>>;

	constructor(env: Readonly<Record<string, string | undefined>> = {}) {
		assert.ok(existsSync(CLI), `${CLI} is not there: npm run build makes it`);
		this.folder = mkdtempSync(`${realpathSync(tmpdir())}/chore-cli-`);
		this.state = `${this.folder}/state`;
		this.directory = `${this.folder}/project`;
		folders.add(this.folder);
		for (const name of ["bin", "home", "project", "runtime-dir", "state", "state/notices"])
			mkdirSync(`${this.folder}/${name}`, { mode: 0o700 });
		// The notice about logout, which chore prints once: as if it had been printed.
		for (const platform of ["posix", "systemd"]) writeFileSync(`${this.state}/notices/logout-${platform}`, "");
		writeFileSync(`${this.folder}/bin/chore`, `#!/bin/sh\nexec '${CLI}' "$@"\n`, { mode: 0o755 });
		this.environment = {
			PATH: `${this.folder}/bin:${process.env["PATH"]}`,
			HOME: `${this.folder}/home`,
			CHORE_HOME: this.state,
			XDG_CACHE_HOME: CACHES,
			// Without the message bus of the user who runs the tests.
			XDG_RUNTIME_DIR: `${this.folder}/runtime-dir`,
			CHORE_PLATFORM: "posix",
			LANG: "C.UTF-8",
			...env,
		};
	}

	/** Runs `chore` with these words to its end. */
	chore(...words: readonly string[]): Promise<Outcome> {
		return this.run(words);
	}

	run(words: readonly string[], how: HowToRun = {}): Promise<Outcome> {
		return this.start(words, how).ended;
	}

	/**
	 * The same by the command's own entry, in this process: for tables, whose cases cost less than the start of a process.
	 * Nothing is given to its stdin.
	 */
	async call(...words: readonly string[]): Promise<Outcome> {
		if (IS_OTHER_BUILD) return this.run(words);
		const { callEntryIn } = await import("./entry.ts");
		const called = await callEntryIn(this.environment, this.directory, words);
		return { ...called, signal: null, bytes: Buffer.from(called.stdout) };
	}

	/** Runs a line of shell, in which `chore` is the program under test. */
	shell(line: string, how: HowToRun = {}): Promise<Outcome> {
		return this.spawn(["/bin/sh", "-c", line], how).ended;
	}

	/** Runs a line of bash at a terminal of so many columns; stdout is all that the terminal got. */
	terminal(line: string, columns: number, how: HowToRun = {}): Promise<Outcome> {
		return this.spawn(["script", "-qec", `stty cols ${columns} rows 40; ${line}`, "/dev/null"], how).ended;
	}

	/** Starts `chore` and goes on at once. */
	start(words: readonly string[], how: HowToRun = {}): Running {
		return this.spawn([CLI, ...words], how);
	}

	/** Starts any program the way `chore` is started. */
	spawn([program = "", ...words]: readonly string[], how: HowToRun = {}): Running {
		const command = [...(how.under ?? []), program, ...words];
		const child = spawn(command[0] ?? "", command.slice(1), {
			cwd: how.directory ?? this.directory,
			env: { ...this.environment, ...how.env },
			stdio: ["pipe", "pipe", "pipe"],
			detached: how.detached ?? false,
		});
		const stdout: Buffer[] = [];
		const stderr: Buffer[] = [];
		child.stdout.on("data", (data: Buffer) => stdout.push(data));
		child.stderr.on("data", (data: Buffer) => stderr.push(data));
		child.stdin.on("error", () => {}); // the command need not read it
		if (how.input !== null) child.stdin.end(how.input ?? "");
		const text = (parts: readonly Buffer[]) => Buffer.concat(parts).toString("utf8");
		const ended = new Promise<Outcome>((resolve, reject) => {
			child.once("error", reject);
			child.once("close", (status, signal) =>
				resolve({ status, signal, stdout: text(stdout), stderr: text(stderr), bytes: Buffer.concat(stdout) }),
			);
		});
		return { child, pid: child.pid ?? 0, stdout: () => text(stdout), stderr: () => text(stderr), ended };
	}

	/** Starts a job that must start. @returns its id */
	async begin(...words: readonly string[]): Promise<string> {
		const outcome = await this.chore("run", ...words);
		assert.equal(outcome.status, 0, outcome.stderr);
		return outcome.stdout.trim();
	}

	/** Starts a job, and waits until it runs. */
	async begun(...words: readonly string[]): Promise<Job & { readonly pid: number }> {
		const id = await this.begin(...words);
		return begun(() => this.job(id));
	}

	/** Runs a command that must go well. @returns its stdout as JSON */
	async json<T>(...words: readonly string[]): Promise<T> {
		const outcome = await this.chore("--json", ...words);
		assert.equal(outcome.status, 0, outcome.stderr);
		return JSON.parse(outcome.stdout) as T;
	}

	/** All jobs, as `ps -a` shows them. */
	async list(...words: readonly string[]): Promise<readonly Job[]> {
		if (words.length > 0 || !this.#isPlain) return this.json<readonly Job[]>("ps", "-a", ...words);
		await using chore = await this.#open();
		return chore.list({ all: true });
	}

	/** One job, as it is now. */
	async job(reference: string): Promise<Job> {
		if (this.#isPlain) {
			await using chore = await this.#open();
			return chore.get(reference);
		}
		const { stdout, stderr } = await this.chore("--json", "status", reference);
		const [job] = stdout === "" ? [] : (JSON.parse(stdout) as Job[]);
		assert.ok(job, stderr);
		return job;
	}

	/** Whether this process sees the jobs as the commands do: a look by the library costs far less than a process. */
	get #isPlain(): boolean {
		const { CHORE_HOME, CHORE_PLATFORM, CHORE_SESSION } = this.environment;
		return !IS_OTHER_BUILD && CHORE_HOME === this.state && CHORE_PLATFORM === "posix" && CHORE_SESSION === undefined;
	}

	async #open(): Promise<Chore> {
		return (await import("../../src/index.ts")).openChore({ home: this.state, platform: "posix" });
	}

	/** Writes a file for the test. @returns its path */
	file(name: string, content: string | Buffer, mode = 0o600): string {
		const path = `${this.folder}/${name}`;
		writeFileSync(path, content, { mode });
		return path;
	}

	/** The folder of a job, and that of its first run. */
	jobFolder(id: string, session = "default"): string {
		return `${this.state}/${session}/jobs/${id}`;
	}

	runFolder(id: string): string {
		return `${this.jobFolder(id)}/runs/1`;
	}

	/** The processes that belong to the test: jobs, shims, and commands under way. */
	processes(): readonly number[] {
		return processesNaming(this.folder);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		const look = () => {
			const left = this.processes();
			for (const pid of left) kill(pid, "SIGKILL");
			return left;
		};
		await eventually("all processes of the test are gone", look, isEmpty);
		rmSync(this.folder, { recursive: true, force: true });
		folders.delete(this.folder);
	}
}

process.once("exit", () => {
	for (const folder of folders) {
		for (const pid of processesNaming(folder)) kill(pid, "SIGKILL");
		rmSync(folder, { recursive: true, force: true });
	}
});

/** Root's tests also run chore as other users, who may not be able to read this checkout: they use a copy. */
function forEverybody(program: string): string {
	if (process.geteuid?.() !== 0 || !existsSync(program) || isOpen(dirname(program))) return program;
	const folder = mkdtempSync(`${realpathSync(tmpdir())}/chore-dist-`);
	folders.add(folder);
	chmodSync(folder, 0o755);
	cpSync(dirname(program), folder, { recursive: true });
	return `${folder}/${basename(program)}`;
}

/** Whether everybody can enter the folder, and those above it. */
function isOpen(folder: string): boolean {
	return (statSync(folder).mode & 0o001) !== 0 && (folder === "/" || isOpen(dirname(folder)));
}

/** The `error` object that --json puts on stderr. */
export function errorIn({ stderr }: Outcome): { readonly code: string; readonly message: string; readonly hint: string | null } {
	const line = stderr.split("\n").find((text) => text.startsWith('{"error":'));
	assert.ok(line, stderr);
	return (JSON.parse(line) as { error: { code: string; message: string; hint: string | null } }).error;
}

/** Asserts that a command neither reported a bug of chore nor was ended by a signal that Node raised itself. */
export function assertNoBug(outcome: Outcome): void {
	assert.doesNotMatch(outcome.stderr, /this is a bug in chore|\n {4}at |node:internal/, outcome.stderr);
	assert.notEqual(outcome.signal, "SIGABRT");
}
