/** The time limit, under every shell. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Platform } from "../../platform/contract.ts";
import { procTable } from "../../platform/shell/proc.ts";
import type { Process } from "../../platform/shell/processes.ts";
import { eventually, kill } from "../support/eventually.ts";
import { rounds } from "../support/rounds.ts";
import {
	edited,
	ended,
	HOUR_MS,
	LATE_SLEEP,
	layOut,
	limitIsUp,
	livingPids,
	NOTES_ASKED,
	nothingLeft,
	openPlatform,
	SHELLS,
	skipUnlessProc,
	start,
	stop,
	type TestRun,
	type TestRunOptions,
	withLimitOfTest,
	wordIn,
} from "./support.ts";

const FOREVER = 'echo yes >"$1/ready"; while :; do sleep 0.02; done';

/** Goes on to its end, or to its next attempt, once the clock is about to start the sleep(1) of its limit. */
const ONCE_AT_SLEEP = 'until [ -e "$1/at-sleep" ]; do :; done; exit 1';

/**
 * The clock starts its sleep(1) in the middle of the shim's second look at it, let go by a SIGCONT as a stop
 * sends it: that look does not see it. The processes that are asked to end and waited for are written into `asked`.
 */
function startSleepBetweenLooks(text: string): string {
	return edited(
		text,
		LATE_SLEEP,
		[
			'\t[ -n "$members" ]\n}',
			`	case "$members " in
		*" \${timer:-none}:$shim:"*)
			times=\${times:-}+
			if [ $times = ++ ]; then
				: >"$run/seen"
				kill -CONT "$timer"
				until grep -qs "^[0-9]* (sleep) . $timer " /proc/[0-9]*/stat; do :; done
			fi
			;;
	esac
	[ -n "$members" ]
}`,
		],
		NOTES_ASKED,
	);
}

/** Whether this is the sleep(1) of the run's time limit. */
function isSleepOf(run: TestRun, { parentPid, command }: Process): boolean {
	const words = command(); // once: of one that ends meanwhile they are empty
	return words.startsWith("sleep ") && !/ 0\./.test(words) && (procTable.find(parentPid)?.command().includes(`${run.folder} `) ?? false);
}

for (const [name, shell, skip] of SHELLS) {
	describe(name, () => {
		const trial = (fact: string, check: (platform: Platform) => Promise<void>) =>
			test(fact, { skip }, async () => {
				await using platform = await openPlatform({ shell }, withLimitOfTest);
				await check(platform);
			});

		/** Starts a run whose limit is up once it is ready. */
		const startAndHit = async (platform: Platform, script: string, options: TestRunOptions = {}): Promise<TestRun> => {
			const run = await start(platform, script, { timeoutMs: HOUR_MS, ...options });
			await wordIn(run, "ready");
			limitIsUp(run);
			return run;
		};

		trial("a run that reaches its time limit is ended by the stop signal", async (platform) => {
			const run = await startAndHit(platform, FOREVER, { stopping: { signal: "SIGUSR1" } });
			const { status, result } = await ended(platform, run);
			assert.deepEqual([status, result], [{ signal: "SIGUSR1" }, "timeout"]);
		});

		trial("a run that exits at that signal keeps its exit code and has the result timeout", async (platform) => {
			const run = await startAndHit(platform, `trap 'exit 12' TERM; ${FOREVER}`);
			const { status, result } = await ended(platform, run);
			assert.deepEqual([status, result], [{ code: 12 }, "timeout"]);
		});

		trial("a run that ignores the signal is killed with its children and those that left its group", async (platform) => {
			const left = `setsid sh -c 'trap "" TERM HUP; echo yes >"$0/left"; while :; do sleep 0.02; done' "$1"`;
			const child = "(while :; do sleep 0.02; done)";
			const script = `trap '' TERM HUP; ${child} & ${left} & until [ -s "$1/left" ]; do sleep 0.02; done; ${FOREVER}`;
			const run = await startAndHit(platform, script, { stopping: { graceMs: 100, hangUp: true } });
			const { status, result } = await ended(platform, run);
			assert.deepEqual([status, result], [{ signal: "SIGKILL" }, "timeout"]);
			await nothingLeft(run);
		});

		test("the time limit also applies to a main process that left the shim's group", { skip }, async () => {
			await using platform = await openPlatform({ shell, leader: "" }, withLimitOfTest);
			const run = await startAndHit(platform, `exec setsid sh -c '${FOREVER.replaceAll("$1", "$0")}' "$1"`);
			const { status, result } = await ended(platform, run);
			assert.deepEqual([status, result], [{ signal: "SIGTERM" }, "timeout"]);
		});

		test("the time limit counts from the start of the main process, however late that is", { skip }, async () => {
			await using platform = await openPlatform({ shell }, (text) => text.replace("begin='", "begin='sleep 0.6; "));
			const run = await start(platform, "exec sleep 1000", { timeoutMs: 500 });
			const { status, result, uptimeSeconds } = await ended(platform, run);
			assert.deepEqual([status, result], [{ signal: "SIGTERM" }, "timeout"]);
			const [, begunAtSeconds = 0] = readFileSync(`${run.folder}/started`, "latin1").split(/\s+/).map(Number);
			assert.notEqual(begunAtSeconds, 0, "it had begun");
			const ranMs = ((uptimeSeconds ?? 0) - begunAtSeconds) * 1000;
			assert.ok(ranMs >= 480, `it ran for ${ranMs} ms`); // the clock ticks in hundredths of a second
		});

		test("a run that ends before its time limit leaves no timer process and does not wait for it", { skip }, async () => {
			await using platform = await openPlatform({ shell });
			const run = await start(platform, "exit 3", { timeoutMs: HOUR_MS });
			const { status, result } = await ended(platform, run);
			assert.deepEqual([status, result], [{ code: 3 }, "exit-code"]);
			assert.deepEqual(livingPids(run), []);
		});

		for (const max of [0, 1]) {
			const when = max === 0 ? "at the end" : "between two attempts";
			test(`a timer process that is about to sleep is not waited for ${when}`, { skip: skip || skipUnlessProc }, async () => {
				await using platform = await openPlatform({ shell }, startSleepBetweenLooks);
				const restart = { policy: "on-failure", delayMs: 0, max } as const;
				const run = await start(platform, ONCE_AT_SLEEP, { timeoutMs: 3_600_000, restart, stopping: { graceMs: 100 } });
				const { attempt, status } = await ended(platform, run);
				assert.deepEqual([attempt, status], [max + 1, { code: 1 }]);
				assert.ok(existsSync(`${run.folder}/seen`), "it slept after it was looked for");
				assert.ok(!existsSync(`${run.folder}/asked`), "no process was asked to end");
				assert.deepEqual(livingPids(run), []);
			});
		}

		test("who kills the sleep of the clock gives the run no more time than was left", { skip: skip || skipUnlessProc }, async () => {
			await using platform = await openPlatform({ shell }, (text) =>
				edited(text, ["if [ -r /proc/uptime ]; then read -r now rest </proc/uptime;", 'if :; then read -r now rest <"$run/now";']),
			);
			const run = layOut(platform, FOREVER, { timeoutMs: HOUR_MS });
			const clock = (seconds: number): void => writeFileSync(`${run.folder}/now`, `${seconds}.00 0\n`);
			const sleeper = (): Process | undefined => procTable.all().find((one) => isSleepOf(run, one));
			clock(1000);
			await platform.start(run.spec, run.handle);
			await wordIn(run, "ready");
			const first = await eventually("its clock sleeps", sleeper);
			assert.match(first.command(), / 3600\.000$/);
			clock(1000 + 3000);
			kill(first.pid, "SIGKILL");
			const second = await eventually("its clock sleeps for what is left", () => {
				const seen = sleeper();
				return seen?.pid !== first.pid && seen;
			});
			assert.match(second.command(), / 600$/);
			clock(1000 + 3600);
			kill(second.pid, "SIGKILL");
			assert.equal((await ended(platform, run)).result, "timeout");
		});

		test("a run that is stopped before its time limit does not have the result timeout", { skip }, async () => {
			await using platform = await openPlatform({ shell });
			const run = await start(platform, `trap 'exit 0' TERM; ${FOREVER}`, { timeoutMs: HOUR_MS });
			await wordIn(run, "ready");
			assert.deepEqual(await stop(platform, run), { kind: "ended" });
			const { status, result } = await ended(platform, run);
			assert.deepEqual([status, result], [{ code: 0 }, "success"]);
			assert.deepEqual(livingPids(run), []);
		});

		trial("a time limit that races the end of the run gives a record that can be true", async (platform) => {
			// Each looks for its sign every 20 ms: both outcomes come up.
			const count = rounds(4);
			const races = Array.from({ length: count }, async (_, index) => {
				const script = 'echo yes >"$1/ready"; until [ -e "$1/go" ]; do sleep 0.02; done; exit 21';
				const run = await start(platform, script, { timeoutMs: HOUR_MS });
				await wordIn(run, "ready");
				const go = (): void => writeFileSync(`${run.folder}/go`, "");
				const [first, second] = index % 2 === 0 ? [go, () => limitIsUp(run)] : [() => limitIsUp(run), go];
				first();
				await delay((12 * index) / count);
				second();
				const { status, result } = await ended(platform, run);
				const isNatural = "code" in status && status.code === 21;
				assert.ok(isNatural ? ["exit-code", "timeout"].includes(result) : result === "timeout", JSON.stringify({ status, result }));
				if (!isNatural) assert.deepEqual(status, { signal: "SIGTERM" });
				await nothingLeft(run);
			});
			await Promise.all(races);
		});
	});
}
