/**
 * The behaviour that every platform must have, tested through the library. One suite for all. What a platform or this
 * machine cannot do is skipped in each test, with the reason.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { constants } from "node:os";
import { before, describe, test } from "node:test";
import type { PlatformModule } from "../../platform/contract.ts";
import { isChoreError } from "../../platform/errors.ts";
import { signalNumber } from "../../platform/exit-record.ts";
import { closeInherited } from "../../src/cli/descriptors.ts";
import type { Job } from "../../src/core/job.ts";
import type { RunOptions } from "../../src/core/prepare/spec.ts";
import { BURNT_MS, burning } from "../support/burning.ts";
import { eventually, HANGS_MS, isEmpty, isRunning, kill, noProc } from "../support/eventually.ts";
import { type Home, makeHome } from "../support/home.ts";
import { testAttempts } from "./attempts.ts";
import { testFire } from "./fire.ts";
import { testListen } from "./listen.ts";
import { testNextRun } from "./next-run.ts";
import { testRequests } from "./requests.ts";
import { testTold } from "./told.ts";

/** A platform as it is tested. */
export interface Subject {
	/** "posix under mksh" */
	readonly title: string;
	/** The platform's own name. */
	readonly name: string;
	readonly load: () => Promise<PlatformModule>;
	/** Why it cannot be tested here at all, or false. */
	readonly skip: string | false;
	/** Ways to reload or restart the supervisor, if there is one, that leave the jobs running. */
	readonly disturbances: readonly { readonly what: string; readonly act: () => Promise<void> }[];
	/** True where the jobs are known only to the process that started them. */
	readonly inMemory?: boolean;
	/** Why only ASCII arrives unchanged, if that is so. */
	readonly asciiOnly?: string;
	/**
	 * True where the platform is tested under another shell, too, with all there is. Here what is tried often is tried less
	 * often, and what no shell has a part in is left out.
	 */
	readonly isOtherShell?: boolean;
	/** The shell that runs the job's start script, for what shells add to an environment. */
	readonly shell?: string;
	/** Its path, and what it has to be told to be a /bin/sh. */
	readonly shellWords?: readonly string[];
}

/** Signals whose default action ends a process, and which a shell can send to itself. */
const FATAL_SIGNALS = [
	"HUP",
	"INT",
	"QUIT",
	"ILL",
	"TRAP",
	"ABRT",
	"BUS",
	"FPE",
	"KILL",
	"USR1",
	"SEGV",
	"USR2",
	"PIPE",
	"ALRM",
	"TERM",
	"XCPU",
	"XFSZ",
	"VTALRM",
	"PROF",
	"SYS",
];

/** Signals whose death most shells cannot tell from an exit code; the record then says that it is not certain. */
const UNCERTAIN = new Set(["SIGINT", "SIGPIPE"]);

export function testPlatform(subject: Subject): void {
	describe(`${subject.title} keeps the platform contract`, () => {
		let module: PlatformModule;
		let cgroup = false;
		before(async () => {
			if (subject.skip !== false) return;
			closeInherited();
			module = await subject.load();
			await using home = await makeHome(subject.name, module);
			cgroup = (await home.chore.capabilities()).containment === "cgroup";
		});

		/** Declares a test with its own state folder. */
		const on = (title: string, body: (home: Home) => Promise<void>, skip: string | false | undefined = false): void => {
			test(title, { skip: subject.skip || skip, timeout: HANGS_MS }, async () => {
				await using home = await makeHome(subject.name, module, {}, subject.asciiOnly === undefined ? "chore test é-" : "chore test-");
				await body(home);
			});
		};

		const finish = async ({ chore }: Home, command: readonly string[], options: Partial<RunOptions> = {}): Promise<Job> => {
			const job = await chore.run({ command, ...options });
			return chore.wait(job.id);
		};
		const shell = (home: Home, line: string, options: Partial<RunOptions> = {}): Promise<Job> =>
			finish(home, ["/bin/sh", "-c", line], options);

		on("doctor tests the platform and finds no problem while a job runs", async (home) => {
			const job = await home.chore.run({ command: ["sleep", "60"] });
			const { findings, selfTest, platforms } = await home.chore.doctor();
			assert.deepEqual(
				selfTest?.checks.filter(({ problem }) => problem !== null),
				[],
			);
			assert.equal(platforms[0]?.error, null);
			// Other tests leave units whose folders are gone, and the temporary folder may be in memory.
			assert.deepEqual(
				findings.filter(({ kind }) => kind !== "stray" && kind !== "disk"),
				[],
			);
			assert.equal((await home.chore.get(job.id)).endedAt, null);
			const capabilities = await home.chore.capabilities();
			const denied = Object.entries(capabilities).filter(
				([, can]) => can === false || (typeof can === "object" && Object.keys(can).length === 0),
			);
			for (const [name] of denied) assert.ok(platforms[0]?.lacking[name], `it does not say why it lacks ${name}`);
		});

		on("the exit code of a job that ran for a while is reported", async (home) => {
			for (const code of [0, 1, 127, 137, 203]) {
				const job = await shell(home, `sleep 0.3; exit ${code}`);
				assert.deepEqual([job.exitCode, job.state], [code, code === 0 ? "succeeded" : "failed"]);
				assert.ok(
					job.startedAt !== null && job.endedAt !== null && Date.parse(job.endedAt) - Date.parse(job.startedAt) >= 280,
					JSON.stringify(job),
				);
			}
		});

		on("death by each signal is reported as that signal and never as success", async (home) => {
			const jobs = await Promise.all(FATAL_SIGNALS.map((name) => shell(home, `kill -s ${name} $$`)));
			for (const [index, job] of jobs.entries()) {
				const name = `SIG${FATAL_SIGNALS[index]}`;
				assert.equal(job.state, "failed", name);
				if (job.exitCertain) assert.deepEqual([job.signal, job.result], [name, "signal"], name);
				else assert.ok(UNCERTAIN.has(name) && (job.signal === name || job.exitCode === 128 + (signalNumber(name) ?? 0)), name);
			}
		});

		on(
			"a job begins with no signal ignored or blocked",
			async (home) => {
				const status = await output(home, await finish(home, ["cat", "/proc/self/status"]));
				const masks = status.match(/^Sig(Blk|Ign|Cgt):.*$/gm)?.join("\n") ?? "";
				// ksh93 starts programs by posix_spawn(3), after which glibc ignores its own two signals, 32 and 33.
				const seen = subject.shell === "ksh93" ? masks.replace("SigIgn:\t0000000180000000", "SigIgn:\t0000000000000000") : masks;
				assert.equal(seen, ["Blk", "Ign", "Cgt"].map((kind) => `Sig${kind}:\t0000000000000000`).join("\n"));
			},
			noProc,
		);

		on(
			"a job has its standard descriptors only",
			async (home) => {
				const job = await finish(home, ["/bin/ls", "/proc/self/fd"]);
				assert.equal(await output(home, job), "0\n1\n2\n3\n"); // 3 is that of ls reading the folder
			},
			noProc,
		);

		on("a job that ignores TERM is killed once the grace is over", async (home) => {
			const job = await home.chore.run({ command: ["/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"] });
			await eventually("the trap is set", () => output(home, job), "ready\n");
			const end = await home.chore.stop(job.id, { graceMs: 200 });
			assert.deepEqual([end.state, end.result, end.signal], ["stopped", "stopped", "SIGKILL"]);
		});

		on("a job that traps TERM ends with the code it chose", async (home) => {
			const job = await home.chore.run({ command: ["/bin/sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done"] });
			await eventually("the trap is set", () => output(home, job), "ready\n");
			const end = await home.chore.stop(job.id);
			assert.deepEqual([end.state, end.result, end.exitCode], ["stopped", "stopped", 7]);
		});

		on("TERM without a stop request is a failure by signal", async (home) => {
			const job = await begin(home);
			kill(await mainPid(home, job), "SIGTERM");
			const end = await home.chore.wait(job.id);
			assert.deepEqual([end.state, end.result, end.signal], ["failed", "signal", "SIGTERM"]);
		});

		on("kill sends any signal to the main process or to all", async (home) => {
			const line = `trap 'echo main' USR1; sh -c "trap 'echo child; exit' USR1; echo ready; while :; do sleep 0.05; done" & wait $!; wait $!; exit 5`;
			const job = await home.chore.run({ command: ["/bin/sh", "-c", line] });
			await eventually("the child is ready", async () => (await output(home, job)).includes("ready"));
			await home.chore.kill(job.id, { signal: "SIGUSR1", whom: "all" });
			const end = await home.chore.wait(job.id);
			assert.equal(end.exitCode, 5);
			const lines = (await output(home, job)).split("\n");
			assert.ok(lines.includes("child") && lines.includes("main"), lines.join("\n"));
		});

		on("the stop signal is the one asked for", async (home) => {
			const job = await home.chore.run({
				command: ["/bin/sh", "-c", "trap 'exit 9' USR2; echo ready; while :; do sleep 0.05; done"],
				stopSignal: "SIGUSR2",
			});
			await eventually("the trap is set", () => output(home, job), "ready\n");
			assert.equal((await home.chore.stop(job.id)).exitCode, 9);
		});

		on(
			"stop ends children in other process sessions, and double-forked ones",
			async (home) => {
				const line = `setsid sleep 300 & (setsid sh -c 'sleep 301 & echo $!; wait' &) ; sleep 302 & echo $!; echo ready; wait`;
				const job = await home.chore.run({ command: ["/bin/sh", "-c", line] });
				const pids = await eventually("all children run", async () => {
					const tree = descendants(job.id);
					return tree.length >= 5 && tree;
				});
				await home.chore.stop(job.id, { graceMs: 500 });
				await eventually("all of them are gone", () => pids.filter(isRunning), isEmpty);
			},
			noProc || (subject.inMemory === true && "the fake knows only process groups"),
		);

		on(
			"arguments arrive unchanged",
			async (home) => {
				const words = [
					"$$",
					`$${"{HOME}"}`,
					"$(id)",
					"`id`",
					"%h",
					"%%",
					";",
					"&",
					"|",
					"\\x41",
					"a\nb",
					"\u001b[31m",
					"'",
					'"',
					"'\\''",
					"",
					" ",
					"é",
					"漢",
					"\u0001",
					"\u007f",
					"-n",
					"--",
					"*",
					"~",
					"#",
					"!",
					"\\",
					"\\\\",
					"a\\",
					"\t",
					"\u0081",
					"\u0088",
				];
				assert.equal(
					await output(home, await finish(home, ["/usr/bin/printf", "%s\\0", ...words])),
					words.map((word) => `${word}\0`).join(""),
				);
			},
			subject.asciiOnly,
		);

		on(
			"5,000 arguments arrive, and an argument of 120 kB",
			async (home) => {
				const many = Array.from({ length: 5000 }, (_, index) => `argument ${index} $x`);
				assert.equal(
					await output(home, await finish(home, ["/usr/bin/printf", "%s\\0", ...many])),
					many.map((word) => `${word}\0`).join(""),
				);
				const long = "é'$ ".repeat(24_000);
				assert.equal(await output(home, await finish(home, ["/usr/bin/printf", "%s", long])), long);
			},
			subject.asciiOnly,
		);

		on(
			"the environment arrives exactly and holds nothing else",
			async (home) => {
				const environment: Record<string, string> = {
					PATH: "/usr/bin:/bin",
					HOME: "/somewhere else",
					PWD: "/wrong",
					SHLVL: "3",
					LANG: "C.UTF-8",
					LC_ALL: "xx_YY.nonsense",
					NEWLINE: "a\nb\n",
					ESCAPE: "\u001b[0m",
					QUOTES: `it's "quoted" \`here\` $HOME $$ %h \\x41 \\`,
					EMPTY: "",
					"A.B": "dotted",
					"X-Y": "dashed",
					"BASH_FUNC_f%%": "() {  echo 1\n}",
					IFS: "x",
					PPID: "1",
					UID: "77",
					OPTIND: "9",
					PS4: "+",
					RANDOM: "4",
					chore_run: "/mine",
					BIG: "é".repeat(50_000),
				};
				const job = await finish(home, ["/usr/bin/env", "-0"], { environment, directory: "/usr" });
				const got = new Map(
					(await output(home, job))
						.split("\0")
						.filter(Boolean)
						.map((entry): [string, string] => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
				);
				for (const name of added(subject)) if (!(name in environment) || name === "SHLVL") got.delete(name);
				const expected = new Map(Object.entries({ ...environment, PWD: "/usr", CHORE_JOB_ID: job.id, CHORE_RUN_ID: `1.${job.id}` }));
				for (const name of added(subject)) if (name === "SHLVL") expected.delete(name);
				assert.deepEqual(new Map([...got].sort()), new Map([...expected].sort()));
			},
			subject.asciiOnly,
		);

		on("variables of supervisors in the job's environment do not change the record", async (home) => {
			const setEnvironment = {
				SERVICE_RESULT: "success",
				EXIT_CODE: "exited",
				EXIT_STATUS: "0",
				MAINPID: "1",
				LD_PRELOAD: "/nonexistent.so",
				PATH: "/nowhere",
				INVOCATION_ID: "x",
				ENV: "/nonexistent",
			};
			const job = await finish(home, ["/bin/sh", "-c", "exit 7"], { setEnvironment });
			assert.deepEqual([job.exitCode, job.result], [7, "exit-code"]);
		});

		on(
			"a job runs in its directory, whatever its name is, and may remove it",
			async (home) => {
				const directory = `${home.path}/with blank $HOME %h 'q' é\n`;
				await mkdir(directory);
				const job = await shell(home, 'pwd; rmdir "$PWD"; exit 4', { directory });
				assert.equal(await output(home, job), `${directory}\n`);
				assert.deepEqual([job.exitCode, job.result], [4, "exit-code"]);
			},
			subject.asciiOnly,
		);

		on(
			"umask, nice value and resource limits are the caller's or those that were asked for",
			async (home) => {
				const job = await shell(home, "umask; nice; ulimit -n; ulimit -c; ulimit -t", { umask: 0o27, nice: 5 });
				const own = readFileSync(`/proc/${process.ppid}/limits`, "utf8");
				const soft = (row: string): string => new RegExp(`^${row} +([a-z0-9]+)`, "m").exec(own)?.[1] ?? "";
				assert.equal(
					await output(home, job),
					`0027\n5\n${soft("Max open files")}\n${soft("Max core file size")}\n${soft("Max cpu time")}\n`,
				);
			},
			noProc,
		);

		on("a command that cannot run is refused with the system's error, and leaves nothing", async (home) => {
			const plain = `${home.path}/plain`;
			writeFileSync(plain, "echo hello\n", { mode: 0o644 });
			const bad = `${home.path}/bad`;
			writeFileSync(bad, "#!/nonexistent/interpreter\n", { mode: 0o755 });
			const foreign = `${home.path}/foreign`;
			const otherLoader = readFileSync("/bin/true", "latin1").replace(/\/lib(?=[^\0]*\/ld[^\0]*\0)/, "/xyz");
			writeFileSync(foreign, Buffer.from(otherLoader, "latin1"), { mode: 0o755 });
			const cases: readonly (readonly [RunOptions, string, RegExp])[] = [
				[{ command: ["/nonexistent/program"] }, "COMMAND_NOT_FOUND", /ENOENT/],
				[{ command: ["no-such-program-here"] }, "COMMAND_NOT_FOUND", /PATH/],
				[{ command: [plain] }, "COMMAND_NOT_EXECUTABLE", /EACCES/],
				[{ command: ["/"] }, "COMMAND_NOT_EXECUTABLE", /not a file/],
				[{ command: [bad] }, "COMMAND_NOT_EXECUTABLE", /nonexistent\/interpreter/],
				...(process.platform === "linux"
					? ([
							[{ command: [foreign] }, "COMMAND_NOT_EXECUTABLE", /its interpreter \/xyz.*ENOENT/],
							[{ command: ["true", "x".repeat(2 ** 22)] }, "COMMAND_NOT_EXECUTABLE", /argument 1 .*E2BIG/],
							[{ command: ["true"], setEnvironment: { LONG: "x".repeat(2 ** 22) } }, "COMMAND_NOT_EXECUTABLE", /LONG .*E2BIG/],
							[{ command: ["true", ...Array(1500).fill("x".repeat(5000))] }, "COMMAND_NOT_EXECUTABLE", /arguments and variables .*E2BIG/],
						] as const)
					: []),
				[{ command: ["true"], directory: "/nonexistent" }, "DIRECTORY_UNUSABLE", /ENOENT/],
				[{ command: ["true"], directory: "/etc/passwd" }, "DIRECTORY_UNUSABLE", /ENOTDIR/],
			];
			for (const [options, code, words] of cases) {
				await assert.rejects(
					home.chore.run(options),
					(error) => isChoreError(error) && error.code === code && words.test(error.message),
					code,
				);
			}
			assert.deepEqual(await home.chore.list({ all: true }), []);
		});

		on("a program that is deleted before it runs gives the result start-failed", async (home) => {
			const program = `${home.path}/vanishing`;
			writeFileSync(program, `#!/bin/sh\nrm "$0"; exec "$0"\n`, { mode: 0o755 });
			const job = await finish(home, [program]);
			assert.deepEqual([job.state, job.result], ["failed", "start-failed"]);
			assert.match(job.reason ?? "", /ENOENT/);
		});

		on("exit codes that supervisors use for their own failures are the job's when it could start", async (home) => {
			for (const code of [125, 126, 127, 200, 203, 209]) {
				const job = await shell(home, `exit ${code}`);
				assert.deepEqual([job.exitCode, job.result, job.reason], [code, "exit-code", null]);
			}
		});

		on(
			"a job that kills its own process group has died by SIGKILL, and is started again if it is to be",
			async (home) => {
				const restart = { policy: "on-failure", delayMs: 0, max: 1 } as const;
				for (const line of ["sleep 600 & kill -9 0", "trap 'kill -9 0' EXIT; exit 3"]) {
					const job = await shell(home, line);
					assert.deepEqual([job.state, job.signal, job.result], ["failed", "SIGKILL", "signal"], JSON.stringify(job));
					assert.ok(job.endedAt !== null);
				}
				const again = await shell(home, "kill -9 0", { restart });
				assert.deepEqual([again.signal, again.attempt, again.result], ["SIGKILL", 2, "start-limit"]);
			},
			subject.shell === "posh" && "posh has no kill of its own: the job is in the group of the shim",
		);

		on(
			"what a program that turns into a daemon leaves running is ended with it, and counted where that costs nothing",
			async (home) => {
				const daemon = `setsid sh -c 'echo $$; exec sleep 600' & sleep 600 & until [ -s "$0" ]; do sleep 0.02; done; exit 0`;
				const file = `${home.path}/daemon`;
				const job = await home.chore.run({ command: ["/bin/sh", "-c", `exec >"$0"; ${daemon}`, file] });
				const end = await home.chore.wait(job.id);
				assert.deepEqual([end.state, end.leftBehind], ["succeeded", cgroup ? null : 2]);
				const pid = Number(readFileSync(file, "utf8"));
				await eventually("it is gone", () => !isRunning(pid));
			},
			subject.inMemory === true && "the fake knows process groups only",
		);

		const megabytes = subject.isOtherShell ? 5 : 50;
		on(`${megabytes} MB of output are logged byte for byte, and nothing else`, async (home) => {
			const line = `i=0; while [ $i -lt 5 ]; do head -c ${megabytes / 5}000000 /dev/zero | tr '\\0' "\\\\$((i % 8))x"; i=$((i+1)); done; printf '\\377\\000end'`;
			const job = await shell(home, line);
			const expected = createHash("sha256")
				.update(execFileSync("/bin/sh", ["-c", line], { maxBuffer: 1e9 }))
				.digest("hex");
			const got = createHash("sha256");
			let bytes = 0;
			for await (const piece of home.chore.logs(job.id)) {
				assert.equal(piece.offset, bytes);
				bytes += piece.bytes.length;
				got.update(piece.bytes);
			}
			assert.equal(got.digest("hex"), expected);
			assert.equal(job.output.bytes, bytes);
		});

		on("merged output keeps the order of both streams; split output keeps them apart; null has none", async (home) => {
			const line = "i=0; while [ $i -lt 200 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done";
			const lines = Array.from({ length: 200 }, (_, index) => index);
			const merged = await shell(home, line);
			assert.equal(await output(home, merged), lines.map((index) => `out ${index}\nerr ${index}\n`).join(""));
			const split = await shell(home, line, { output: "split" });
			assert.equal(await output(home, split, "stdout"), lines.map((index) => `out ${index}\n`).join(""));
			assert.equal(await output(home, split, "stderr"), lines.map((index) => `err ${index}\n`).join(""));
			const none = await shell(home, line, { output: "null" });
			assert.deepEqual([none.state, none.output.paths, none.output.bytes], ["succeeded", [], 0]);
		});

		on(
			"output that passes a pipe is kept when the job opens /dev/stderr itself, and is whole once the job is over",
			async (home) => {
				const relayed = (line: string, options: Partial<RunOptions> = {}): Promise<Job> => shell(home, line, { relay: true, ...options });
				const line = "echo one; echo two >/dev/stderr; ps -o args= --ppid $$ | grep -c '[c]at'; echo three >/dev/stdout; exit 4";
				const [merged, split, killed, again, limited] = await Promise.all([
					relayed(line),
					relayed(line, { output: "split" }),
					relayed("head -c 3000000 /dev/zero; kill -KILL $$"),
					relayed("echo x >/dev/stderr; exit 1", { restart: { policy: "on-failure", delayMs: 10, max: 1 } }),
					relayed("echo begun >/dev/stderr; exec sleep 600", { timeoutMs: 2000 }),
				]);
				assert.deepEqual([merged.exitCode, await output(home, merged)], [4, "one\ntwo\n0\nthree\n"]);
				assert.deepEqual([await output(home, split, "stdout"), await output(home, split, "stderr")], ["one\n0\nthree\n", "two\n"]);
				assert.deepEqual([killed.signal, killed.output.bytes], ["SIGKILL", 3_000_000]);
				assert.deepEqual([again.attempt, await output(home, again)], [2, "x\nx\n"]);
				assert.deepEqual([limited.result, await output(home, limited)], ["timeout", "begun\n"]);
			},
			subject.inMemory === true && "the fake kills what is left at once, and the pipe with it",
		);

		on(
			"a job whose output passes a pipe is asked to stop, and the rest of its output is kept; its input ends",
			async (home) => {
				const command = ["/bin/sh", "-c", "trap 'head -c 300000 /dev/zero; exit 7' TERM; echo ready; while :; do sleep 0.05; done"];
				const job = await home.chore.run({ command, relay: true });
				await eventually("the trap is set", () => output(home, job), "ready\n");
				const end = await home.chore.stop(job.id);
				// Some shells say that their sleep(1) was terminated.
				const zeros = (await output(home, end)).replace(/[^\0]/g, "").length;
				assert.deepEqual([end.state, end.exitCode, zeros], ["stopped", 7, 300_000], JSON.stringify(end));
				const cat = await home.chore.run({ command: ["cat"], stdin: "fifo", relay: true, output: "split" });
				await home.chore.send(cat.id, "line\n", { end: true });
				assert.deepEqual([(await home.chore.wait(cat.id)).state, await output(home, cat, "stdout")], ["succeeded", "line\n"]);
			},
			subject.inMemory === true && "the fake kills what is left at once, and the pipe with it",
		);

		on("standard input is empty, a file, or what chore sends until its end", async (home) => {
			assert.equal(await output(home, await finish(home, ["cat"])), "");
			const file = `${home.path}/in put`;
			writeFileSync(file, "from the file\n");
			assert.equal(await output(home, await finish(home, ["cat"], { stdin: { file } })), "from the file\n");
			const job = await home.chore.run({ command: ["cat"], stdin: "fifo" });
			await home.chore.send(job.id, "one\n");
			await eventually("the first line is there", () => output(home, job), "one\n");
			await home.chore.send(job.id, "two é\n".repeat(40_000));
			await home.chore.send(job.id, "", { end: true });
			const end = await home.chore.wait(job.id);
			assert.deepEqual([end.state, await output(home, end)], ["succeeded", `one\n${"two é\n".repeat(40_000)}`]);
		});

		on("a job has no children that it did not start", async (home) => {
			const line = 'ps -o args= --ppid $$ >"$0"; echo looked; exec cat';
			const seen = `${home.path}/children`;
			const job = await home.chore.run({ command: ["/bin/sh", "-c", line, seen], stdin: "fifo" });
			await eventually("it looked", () => output(home, job), "looked\n");
			assert.match(readFileSync(seen, "utf8"), /^ps -o args= --ppid [0-9]+\n$/, "itself alone");
			await home.chore.send(job.id, "", { end: true });
			assert.equal((await home.chore.wait(job.id)).state, "succeeded");
		});

		on("a time limit ends the job with the result timeout", async (home) => {
			// Two seconds, for a shell to set its trap in, on any machine.
			const [simple, trapped, stubborn, within] = await Promise.all([
				finish(home, ["sleep", "600"], { timeoutMs: 300 }),
				shell(home, "trap 'exit 0' TERM; while :; do sleep 0.05; done", { timeoutMs: 2000 }),
				shell(home, "trap '' TERM; while :; do sleep 0.05; done", { timeoutMs: 2000, graceMs: 200 }),
				finish(home, ["sleep", "0.1"], { timeoutMs: HANGS_MS }),
			]);
			assert.deepEqual([simple.state, simple.result], ["failed", "timeout"]);
			assert.deepEqual([trapped.state, trapped.result, trapped.exitCode], ["failed", "timeout", 0]);
			assert.deepEqual([stubborn.result, stubborn.signal], ["timeout", "SIGKILL"]);
			assert.deepEqual([within.state, within.result], ["succeeded", "success"]);
		});

		on("a time limit that races the end of the job gives one true record", async (home) => {
			const count = subject.isOtherShell ? 7 : 20;
			const spans = Array.from({ length: count }, (_, index) => 0.35 + (index * 0.2) / count);
			const jobs = await Promise.all(spans.map((span) => finish(home, ["sleep", String(span)], { timeoutMs: 450 })));
			for (const job of jobs) {
				if (job.result === "success") assert.equal(job.exitCode, 0);
				else {
					assert.equal(job.result, "timeout", JSON.stringify(job));
					assert.ok(Date.parse(job.endedAt ?? "") - Date.parse(job.startedAt ?? "") >= 400, JSON.stringify(job));
				}
			}
		});

		on(
			"a child that outlives the main process is ended; the end is that of the main process",
			async (home) => {
				const line = 'sh -c \'trap "" TERM; echo $$; while :; do sleep 0.05; done\' & while ! [ -s "$0" ]; do sleep 0.02; done; exit 3';
				const job = await home.chore.run({
					command: ["/bin/sh", "-c", line.replace("$0", `${home.path}/default/never`), "x"],
					graceMs: 1500,
				});
				await eventually("the child ignores TERM", async () => /^[0-9]+\n/.test(await output(home, job)));
				const child = Number((await output(home, job)).trim());
				writeFileSync(`${home.path}/default/never`, "go");
				const end = await home.chore.wait(job.id);
				assert.deepEqual([end.state, end.exitCode, end.result], ["failed", 3, "exit-code"]);
				await eventually("the child is gone", () => !isRunning(child));
			},
			subject.inMemory === true && "the fake kills what is left at once",
		);

		on("a stop that races the end leaves one true record", async (home) => {
			const ends = await Promise.all(
				Array.from({ length: 20 }, async (_, index) => {
					const job = await home.chore.run({ command: ["sleep", String(0.02 * index)] });
					return home.chore.stop(job.id);
				}),
			);
			for (const end of ends) {
				if (end.state === "succeeded") assert.equal(end.exitCode, 0);
				else
					assert.deepEqual(
						[end.state, end.exitCode === 0 || end.signal === "SIGTERM" || isQuirk(subject, end)],
						["stopped", true],
						JSON.stringify(end),
					);
			}
		});

		on("jobs that are stopped while they begin have a recorded end each", async (home) => {
			for (let round = 0; round < (subject.isOtherShell ? 1 : 4); round++) {
				const ends = await Promise.all(
					Array.from({ length: 15 }, async () => {
						const job = await home.chore.run({ command: ["sleep", "60"] });
						return home.chore.stop(job.id, { graceMs: 2000 });
					}),
				);
				for (const end of ends) assert.deepEqual([end.state, end.result], ["stopped", "stopped"], JSON.stringify(end));
			}
		});

		on("two commands that stop the same job at once both report how it ended", async (home) => {
			const job = await begin(home);
			const ends = await Promise.all([home.chore.stop(job.id), home.open().stop(job.id), home.chore.stop(job.id)]);
			for (const end of ends) assert.deepEqual([end.state, end.signal], ["stopped", "SIGTERM"]);
		});

		const codes = Array.from({ length: 256 }, (_, code) => code).filter(
			(code) => !subject.isOtherShell || isLikeASignal(code) || code % 17 === 0,
		);
		on(`${codes.length} starts at once lose no id, name or record, and each exit code is reported`, async (home) => {
			const handles = Array.from({ length: 8 }, () => home.open());
			const jobs = await Promise.all(
				codes.map((code) => (handles[code % 8] ?? home.chore).run({ command: ["/bin/sh", "-c", `exit ${code}`] })),
			);
			const ends = await Promise.all(jobs.map((job) => home.chore.wait(job.id)));
			assert.equal(new Set(ends.map(({ id }) => id)).size, codes.length);
			for (const [index, end] of ends.entries()) {
				const code = codes[index] ?? 0;
				assert.deepEqual([end.exitCode ?? end.signal, end.result], outcomeOf(code, end), `exit ${code}`);
			}
			assert.equal((await home.chore.list({ all: true })).length, codes.length);
		});

		const wanting = subject.isOtherShell ? 10 : 50;
		on(`when ${wanting} starts want one name, one gets it`, async (home) => {
			const handles = Array.from({ length: 10 }, () => home.open());
			const outcomes = await Promise.allSettled(
				Array.from({ length: wanting }, (_, index) =>
					(handles[index % 10] ?? home.chore).run({ command: ["sleep", "60"], name: "wanted" }),
				),
			);
			const won = outcomes.filter(({ status }) => status === "fulfilled");
			assert.equal(won.length, 1);
			for (const outcome of outcomes) {
				if (outcome.status === "rejected")
					assert.ok(isChoreError(outcome.reason) && outcome.reason.code === "NAME_IN_USE", String(outcome.reason));
			}
			assert.equal((await home.chore.list({ all: true })).length, 1);
		});

		on("a reused name means the new job; a stop of the old one does nothing", async (home) => {
			const old = await shell(home, "exit 0", { name: "again" });
			const fresh = await home.chore.run({ command: ["sleep", "60"], name: "again" });
			assert.equal((await home.chore.get("again")).id, fresh.id);
			assert.equal((await home.chore.stop(old.id)).state, "succeeded");
			await assert.rejects(home.chore.kill(old.id), (error) => isChoreError(error) && error.code === "JOB_NOT_ACTIVE");
			await mainPid(home, fresh);
		});

		on("a start that replaces a job by name stops the old one first", async (home) => {
			const old = await home.chore.run({ command: ["sleep", "60"], name: "web" });
			const fresh = await home.chore.run({ command: ["sleep", "60"], name: "web", ifRunning: "replace" });
			assert.equal((await home.chore.get(old.id)).state, "stopped");
			assert.equal((await home.chore.get("web")).id, fresh.id);
			assert.equal((await home.chore.run({ command: ["true"], name: "web", ifRunning: "skip" })).id, fresh.id);
		});

		on("a job that one process starts, another one shows, waits for and stops", async (home) => {
			const job = await home.chore.run({ command: ["sleep", "60"] });
			const other = home.open();
			const waiting = other.wait(job.id);
			assert.equal(
				(await eventually("it runs", async () => (await other.get(job.id)).state === "running" && other.get(job.id))).id,
				job.id,
			);
			await home.open().stop(job.id);
			assert.equal((await waiting).state, "stopped");
		});

		on("status shows the processes of a job", async (home) => {
			const job = await home.chore.run({ command: ["/bin/sh", "-c", "sleep 60; :"] });
			const pid = await mainPid(home, job);
			const details = await home.chore.status(job.id);
			assert.ok(
				details.usage?.processes.some((one) => one.pid === pid),
				JSON.stringify(details),
			);
		});

		on("CPU time and peak memory are reported if the platform counts them", async (home) => {
			const { accounting } = await home.chore.capabilities();
			if (!accounting) return assert.equal((await finish(home, ["true"])).memoryPeakBytes, null);
			const job = await finish(home, ["/bin/sh", "-c", burning('"$0"'), `${home.path}/times`]);
			assert.ok((job.cpuTimeMs ?? 0) >= BURNT_MS, JSON.stringify(job));
		});

		on("an option that the platform cannot provide is refused in one sentence, and leaves nothing", async (home) => {
			const capabilities = await home.chore.capabilities();
			const asked: readonly (readonly [keyof NonNullable<typeof capabilities>, Partial<RunOptions>])[] = [
				["memoryLimit", { memoryBytes: 1e9 }],
				["cpuLimit", { cpus: 1 }],
				["taskLimit", { tasks: 100 }],
				["native", { native: { slice: "background.slice" } }],
				["hangUp", { sendHangUp: true }],
			];
			for (const [ability, options] of asked) {
				const outcome = home.chore.run({ command: ["true"], ...options });
				const can = capabilities[ability];
				if (typeof can === "object" ? "slice" in can : can) await home.chore.wait((await outcome).id);
				else
					await assert.rejects(
						outcome,
						(error) => isChoreError(error) && error.code === "OPTION_UNSUPPORTED" && error.message.includes(subject.name),
						ability,
					);
			}
		});

		for (const { what, act } of subject.disturbances.length > 0
			? subject.disturbances
			: [{ what: "a reload of the manager", act: async () => {} }]) {
			on(
				`${what} changes nothing for running jobs`,
				async (home) => {
					const [short, long] = await Promise.all([
						home.chore.run({ command: ["/bin/sh", "-c", "sleep 1; exit 6"], description: "it's $HOME %h \\" }),
						begin(home),
					]);
					await act();
					assert.equal((await home.chore.wait(short.id)).exitCode, 6);
					assert.equal((await home.chore.get(long.id)).state, "running");
					const end = await home.chore.stop(long.id);
					assert.deepEqual([end.state, end.signal], ["stopped", "SIGTERM"]);
				},
				subject.disturbances.length === 0 && "nothing supervises the jobs that could be reloaded",
			);
		}

		testAttempts(on, subject);
		testNextRun(on, (context) => module.open(context));
		testRequests(on);
		testFire(on, subject, (context) => module.open(context));
		testTold(on, subject);
		testListen(on, subject, (context) => module.open(context));

		on("an ended job leaves no process, and the platform keeps nothing of it", async (home) => {
			const jobs = await Promise.all([
				shell(home, "exit 0"),
				shell(home, "exit 9"),
				shell(home, "kill -9 $$"),
				finish(home, ["sleep", "9"], { timeoutMs: 200 }),
			]);
			for (const job of jobs) await eventually("nothing carries its mark", () => descendants(job.id), isEmpty);
			if (cgroup)
				await eventually(
					"no unit is left",
					() =>
						!execFileSync("systemctl", ["--user", "list-units", "--all", "--plain", "--no-legend", "chore-*"], {
							encoding: "utf8",
						}).includes(jobs[3]?.unit ?? "-"),
				);
		});

		on("the state is private: folders 0700, files 0600, whatever the umask", async (home) => {
			const before = process.umask(0);
			try {
				await shell(home, "echo secret", { umask: 0 });
			} finally {
				process.umask(before);
			}
			const modes = execFileSync("find", [home.path, "-mindepth", "1", "-printf", "%m %y %p\\n"], { encoding: "utf8" }).trim().split("\n");
			for (const line of modes) assert.match(line, /^(700 d|[4-7]00 f|600 p|777 l) /, line);
			assert.ok(existsSync(`${home.path}/default/ledger.jsonl`));
		});
	});
}

/** Whether most shells have this status after death by a signal, too: 128 and its number. */
function isLikeASignal(code: number): boolean {
	return code > 128 && code <= 128 + constants.signals.SIGSYS;
}

/** The end after `exit CODE`. Some shells cannot tell 128 + n from a signal; the record then says that it is not certain. */
function outcomeOf(code: number, job: Job): [number | string | null, string] {
	if (job.exitCertain === false) {
		assert.ok(code === 130 || code === 141, `exit ${code} is certain`);
		return [job.exitCode ?? job.signal, job.result ?? ""];
	}
	return [code, code === 0 ? "success" : "exit-code"];
}

/** A shell that is signalled just before it becomes the program: these exit instead of dying. No Linux has them as /bin/sh. */
function isQuirk({ shell }: Subject, end: Job): boolean {
	return (shell === "ksh93" && end.exitCode === 15) || (shell === "mksh" && end.exitCode === 143);
}

/** Variables that this shell puts into the environment of what it runs. */
function added({ shell = "dash" }: Subject): readonly string[] {
	return { bash: ["_", "SHLVL"], ksh93: ["_", "SHLVL", "_AST_FEATURES"], mksh: ["_"], busybox: ["SHLVL"] }[shell] ?? ["_"];
}

async function output({ chore }: Home, job: Job, stream?: "stdout" | "stderr"): Promise<string> {
	const parts: Buffer[] = [];
	for await (const { bytes } of chore.logs(job.id, { stream })) parts.push(Buffer.from(bytes));
	return Buffer.concat(parts).toString("utf8");
}

/** A job whose program has replaced the platform's shell: before that the shell may react to signals differently. */
async function begin(home: Home): Promise<Job> {
	const job = await home.chore.run({ command: ["/bin/sh", "-c", "echo begun; exec sleep 60"] });
	await eventually("it has begun", () => output(home, job), "begun\n");
	return job;
}

async function mainPid({ chore }: Home, job: Job): Promise<number> {
	return eventually("the main process runs", async () => {
		const now = await chore.get(job.id);
		return now.state === "running" && now.pid !== null && now.pid;
	});
}

/** The processes that carry the mark of a job. */
function descendants(jobId: string): number[] {
	if (noProc) return markedByPs(jobId);
	const found: number[] = [];
	for (const name of execFileSync("ls", ["/proc"], { encoding: "utf8" }).split("\n")) {
		if (!/^[0-9]+$/.test(name)) continue;
		try {
			if (readFileSync(`/proc/${name}/environ`, "latin1").includes(`CHORE_JOB_ID=${jobId}`) && isRunning(Number(name)))
				found.push(Number(name));
		} catch {
			// gone meanwhile, or another user's
		}
	}
	return found;
}

function markedByPs(jobId: string): number[] {
	const lines = execFileSync("ps", ["-axEww", "-o", "pid=,command="], { encoding: "latin1", maxBuffer: 1 << 26 }).split("\n");
	return lines.filter((line) => line.includes(`CHORE_JOB_ID=${jobId}`)).map((line) => Number.parseInt(line, 10));
}
