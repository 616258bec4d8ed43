/** Signals, leftovers and surroundings of a job, under every shell. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Platform } from "../../platform/contract.ts";
import { openWith } from "../../platform/posix/index.ts";
import { SHIM_TEXT as shimText } from "../../platform/shell/shim.ts";
import { eventually, kill } from "../support/eventually.ts";
import { rounds } from "../support/rounds.ts";
import { ended, nothingLeft, openPlatform, recordOf, SHELLS, scratchFolder, signalAll, start, stop, wordIn } from "./support.ts";

/** Says that it is ready, then waits for signals. */
/** How many signals are a storm. */
const STORM = rounds(50);
const READY = 'echo yes >"$1/ready"; while :; do sleep 0.02; done';

for (const [name, shell, skip] of SHELLS) {
	describe(name, () => {
		const trial = (fact: string, check: (platform: Platform) => Promise<void>) =>
			test(fact, { skip }, async () => {
				await using platform = await openPlatform({ shell });
				await check(platform);
			});

		test("parses the shim", { skip }, () => {
			const [program = "", ...words] = shell;
			const path = `${scratchFolder()}/shim`;
			writeFileSync(path, shimText);
			execFileSync(program, [...words, "-n", path], { stdio: ["ignore", "inherit", "ignore"] });
		});

		for (const signal of ["HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "ALRM"]) {
			trial(`SIG${signal} to all reaches a job that traps it, and spares the shim`, async (platform) => {
				const run = await start(platform, `trap 'exit 33' ${signal}; ${READY}`);
				await wordIn(run, "ready");
				assert.equal(await platform.kill(run.handle, `SIG${signal}`, "all"), true);
				assert.deepEqual((await ended(platform, run)).status, { code: 33 });
			});
		}

		// posh knows no real-time signals, and crashes when a child dies by one: with it only the others are tried.
		trial("an uncommon signal to all ends the job and spares the shim", async (platform) => {
			for (const signal of ["SIGSEGV", "SIGVTALRM", ...(name === "posh" ? [] : ["SIGRTMIN+5"])]) {
				const run = await start(platform, `ulimit -c 0; ${READY}`);
				await wordIn(run, "ready");
				assert.equal(await platform.kill(run.handle, signal, "all"), true);
				assert.deepEqual((await ended(platform, run)).status, { signal });
			}
		});

		trial("a signal that the job sends to its own group reaches the job alone", async (platform) => {
			for (const signal of ["PIPE", "ABRT", "PROF", "USR1", "IO", ...(name === "posh" ? [] : ["37"])]) {
				const record = await ended(platform, await start(platform, `trap 'exit 9' ${signal}; kill -${signal} 0; exit 8`));
				assert.deepEqual(record.status, { code: 9 }, signal);
			}
		});

		for (const [leader, signal] of [
			["perl -esetpgrp;exec@ARGV;die", "SIGKILL"],
			["", undefined],
		] as const) {
			const by = leader === "" ? "without a group of its own is gone with its shim" : "with a group of its own by perl is recorded";
			const isOwn = name === "posh" && leader !== "" && "posh has no kill of its own: the job is in the group of the shim";
			test(`a job that kills its group ${by}`, { skip: skip || isOwn }, async () => {
				await using platform = await openPlatform({ shell, leader });
				const run = await start(platform, "sleep 600 & kill -9 0");
				await nothingLeft(run);
				await eventually("it is gone", async () => (await platform.inspect([run.handle]))[0]?.kind, "absent");
				const record = recordOf(run);
				assert.deepEqual(typeof record === "object" ? record.status : record, signal === undefined ? "blank" : { signal });
			});
		}

		trial("a signal to the main process leaves its children alone", async (platform) => {
			const run = await start(
				platform,
				`trap 'kill -9 $!; wait; exit 4' USR2; (trap '' USR1; trap 'echo hit >"$1/hit"; exit' USR2; ${READY}) & wait`,
			);
			await wordIn(run, "ready");
			assert.equal(await platform.kill(run.handle, "SIGUSR2", "main"), true);
			assert.deepEqual((await ended(platform, run)).status, { code: 4 });
			assert.ok(!readdirSync(run.folder).includes("hit"));
			assert.equal(await platform.kill(run.handle, "SIGUSR2", "main"), false);
			assert.equal(await platform.kill(run.handle, "SIGUSR2", "all"), false);
		});

		trial("a signal right after the start reaches the main process, and all", async (platform) => {
			for (const whom of ["main", "all"] as const) {
				const run = await start(platform, "exec sleep 1000");
				assert.equal(await platform.kill(run.handle, "SIGKILL", whom), true);
				assert.deepEqual((await ended(platform, run)).status, { signal: "SIGKILL" });
			}
		});

		trial("stop ends a job by its signal", async (platform) => {
			const run = await start(platform, READY);
			await wordIn(run, "ready");
			assert.deepEqual(await stop(platform, run), { kind: "ended" });
			assert.deepEqual(recordOf(run) instanceof Object && (await ended(platform, run)).status, { signal: "SIGTERM" });
		});

		trial("stop ends a job that ignores the signal once the grace is over", async (platform) => {
			const run = await start(platform, `trap '' TERM HUP INT; ${READY}`);
			await wordIn(run, "ready");
			assert.deepEqual(await stop(platform, run, { graceMs: 50, hangUp: true }), { kind: "ended" });
			assert.deepEqual((await ended(platform, run)).status, { signal: "SIGKILL" });
		});

		trial("a stop right after the start leaves no process and a record", async (platform) => {
			for (let round = 0; round < 12; round++) {
				const run = await start(platform, "exec sleep 1000");
				await delay(round / 2); // any moment of the shim's beginning
				assert.deepEqual(await stop(platform, run), { kind: "ended" });
				const { status } = await ended(platform, run);
				// The shells of the pdksh family turn the signal into an exit code until they have become the program (143, and
				// mksh rarely 0), and posh may forget it as it does so; ksh93 ends with the bare number of the signal.
				const quirks = new Map<string, readonly unknown[]>(Object.entries({ mksh: [143, 0], posh: [143, "SIGKILL"], ksh93: [15] }));
				if (!quirks.get(name)?.includes("code" in status ? status.code : status.signal)) assert.deepEqual(status, { signal: "SIGTERM" });
			}
		});

		trial("a paused job is observed as paused, can be resumed, and can be stopped", async (platform) => {
			const run = await start(platform, READY);
			await wordIn(run, "ready");
			const isPaused = async () => {
				const [seen] = await platform.inspect([run.handle]);
				return seen?.kind === "running" && seen.paused;
			};
			assert.equal(await platform.kill(run.handle, "SIGSTOP", "all"), true);
			await eventually("it is paused", isPaused);
			assert.equal(await platform.kill(run.handle, "SIGCONT", "all"), true);
			await eventually("it goes on", async () => !(await isPaused()));
			await signalAll(run, "SIGSTOP");
			await eventually("it is paused again", isPaused);
			assert.deepEqual(await stop(platform, run), { kind: "ended" });
			assert.deepEqual((await ended(platform, run)).status, { signal: "SIGTERM" });
		});

		trial("many signals in a row neither end the shim nor lose the record", async (platform) => {
			const run = await start(platform, `trap '' TERM; ${READY}`);
			await wordIn(run, "ready");
			for (let count = 0; count < STORM; count++) await platform.kill(run.handle, "SIGTERM", "all");
			assert.deepEqual(await stop(platform, run, { graceMs: 0 }), { kind: "ended" });
			assert.deepEqual((await ended(platform, run)).status, { signal: "SIGKILL" });
		});

		trial("processes that a job leaves are ended, and killed if necessary", async (platform) => {
			const child = (traps: string) =>
				`(${traps} echo yes >"$1/ready"; while :; do sleep 0.02; done) & until [ -s "$1/ready" ]; do :; done; exit 6`;
			for (const traps of ["", "trap '' TERM HUP INT;"]) {
				const run = await start(platform, child(traps), { stopping: { graceMs: 100 } });
				assert.deepEqual((await ended(platform, run)).status, { code: 6 });
				await nothingLeft(run);
			}
		});

		trial("a process that a job leaves has its grace, whatever its name", async (platform) => {
			const child = `(trap 'sleep 0.1; echo yes >"$1/asked"; exit' TERM; printf ') Z 1 1 0\\n(x' >/proc/self/comm; ${READY})`;
			const run = await start(platform, `${child} & until [ -s "$1/ready" ]; do :; done; exit 6`);
			assert.ok(((await ended(platform, run)).leftBehind ?? 0) > 0);
			await nothingLeft(run);
			assert.equal(await wordIn(run, "asked"), "yes");
		});

		test("a search for left processes that was interrupted is made again", { skip }, async () => {
			const givesUp = 'grep() { [ "$1" = -lsE ] && mkdir "$run/gave-up" && return 130; command grep "$@"; }\n';
			await using platform = await openPlatform({ shell }, (text) => text.replace("find_members() {", `${givesUp}$&`));
			const child = `(trap 'echo yes >"$1/asked"; exit' TERM; echo yes >"$1/ready"; while :; do sleep 0.02; done) &`;
			const run = await start(platform, `${child} until [ -s "$1/ready" ]; do :; done; exit 6`);
			assert.deepEqual((await ended(platform, run)).status, { code: 6 });
			assert.ok(readdirSync(run.folder).includes("gave-up"));
			await nothingLeft(run);
			assert.equal(await wordIn(run, "asked"), "yes");
		});

		trial("a job has three descriptors, no signal ignored or blocked, and its caller's umask", async (platform) => {
			const before = process.umask(0o027);
			const run = await start(
				platform,
				'ls -l /proc/self/fd | grep -v "/dev/null$"; cat /proc/self/status; umask; env; cat /proc/self/stat; exec cat "$1/pid"',
			);
			process.umask(before);
			await ended(platform, run);
			const output = readFileSync(`${run.folder}/output`, "latin1");
			// Without stdin and what leads to /dev/null as well; 3 is the folder that ls reads.
			assert.deepEqual(
				[...output.matchAll(/ ([0-9]+) -> /g)].map(([, number]) => number),
				["1", "2", "3"],
			);
			// ksh93 starts programs by posix_spawn(3), after which glibc ignores its own two signals, 32 and 33.
			assert.match(output, name === "ksh93" ? /^SigIgn:\s+0+(18)?0+$/m : /^SigIgn:\s+0+$/m);
			for (const kind of ["SigBlk", "SigCgt"]) assert.match(output, new RegExp(`^${kind}:\\s+0+$`, "m"));
			assert.match(output, /^0027$/m);
			// posh has no kill of its own: the job is in the group of the shim.
			const main = await wordIn(run, name === "posh" ? "pid" : "started");
			assert.match(output, new RegExp(`^\\d+ \\(cat\\) R \\d+ ${main} ${main} 0 -1 `, "m"), "its group and session, no terminal");
			assert.doesNotMatch(output, /^(HOME|USER|LOGNAME|LC_ALL)=/m);
		});

		test("a shim file that is replaced changes no running job", { skip }, async () => {
			const path = `${scratchFolder()}/shim`;
			const install = (_: string, text: string) => {
				writeFileSync(path, text);
				return path;
			};
			await using platform = await openWith({ install }, { shell });
			const run = await start(platform, `trap 'exit 5' TERM; ${READY}`);
			await wordIn(run, "ready");
			writeFileSync(path, "echo wrong; exit 1\n".repeat(500));
			await platform.kill(run.handle, "SIGTERM", "all");
			assert.deepEqual((await ended(platform, run)).status, { code: 5 });
		});

		trial("the end of a job whose folder is renamed is recorded", async (platform) => {
			const run = await start(platform, READY);
			await wordIn(run, "ready");
			const away = `${scratchFolder()}/away`;
			renameSync(run.folder, away);
			assert.deepEqual(await platform.inspect([run.handle]), [{ kind: "absent" }]);
			kill(Number.parseInt(readFileSync(`${away}/started`, "latin1"), 10), "SIGTERM");
			await nothingLeft(run);
			renameSync(away, run.folder);
			assert.deepEqual((await ended(platform, run)).status, { signal: "SIGTERM" });
		});

		trial("a job that removes its folder ends and is absent", async (platform) => {
			const run = await start(platform, 'rm -rf "$1"; exit 0');
			await nothingLeft(run);
			assert.deepEqual(await platform.inspect([run.handle]), [{ kind: "absent" }]);
			assert.deepEqual(await platform.stop(run.handle, { signal: "SIGTERM", graceMs: 10, hangUp: false }), { kind: "ended" });
			rmSync(dirname(dirname(run.folder)), { recursive: true });
		});
	});
}
