/** Attempts: a run that is started again by its shim, under every shell. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Observation, Platform, RestartPolicy } from "../../platform/contract.ts";
import { procTable } from "../../platform/shell/proc.ts";
import { BURNT_MS, burning } from "../support/burning.ts";
import { above, eventually, kill } from "../support/eventually.ts";
import { rounds } from "../support/rounds.ts";
import {
	attemptsOf,
	edited,
	ended,
	HOUR_MS,
	LATE_SLEEP,
	limitIsUp,
	livingPids,
	NOTES_ASKED,
	nothingLeft,
	openPlatform,
	recordOf,
	SHELLS,
	skipUnlessProc,
	start,
	stop,
	type TestRun,
	withLimitOfTest,
	wordIn,
} from "./support.ts";

/** Sets $n to the number of the attempt, by the job's own count. */
const COUNT = 'read -r n <"$1/count" || n=0; n=$((n + 1)); echo $n >"$1/count";';
const FOREVER = 'echo yes >"$1/ready"; while :; do sleep 0.02; done';

const onFailure = (policy: Partial<RestartPolicy> = {}): RestartPolicy => ({ policy: "on-failure", delayMs: 0, max: null, ...policy });
const always = (policy: Partial<RestartPolicy> = {}): RestartPolicy => onFailure({ policy: "always", ...policy });

const observe = async (platform: Platform, run: TestRun): Promise<Observation | undefined> => (await platform.inspect([run.handle]))[0];

/** What became of each attempt. */
const outcomes = (run: TestRun) => attemptsOf(run).map(({ attempt, status, certain, result }) => [attempt, status, certain, result]);

async function waiting(platform: Platform, run: TestRun): Promise<void> {
	await eventually("it waits for its next attempt", async () => (await observe(platform, run))?.kind, "queued");
}

/** By what the shim waits. */
function sleepers(run: TestRun): readonly number[] {
	return livingPids(run).filter((pid) => procTable.find(pid)?.command().startsWith("sleep "));
}

for (const [name, shell, skip] of SHELLS) {
	describe(name, () => {
		const trial = (fact: string, check: (platform: Platform) => Promise<void>, edit?: (text: string) => string) =>
			test(fact, { skip: skip || skipUnlessProc }, async () => {
				await using platform = await openPlatform({ shell }, edit);
				await check(platform);
			});

		trial("a run that fails is started again until it succeeds, and each attempt is recorded", async (platform) => {
			const run = await start(platform, `${COUNT} echo $$ >>"$1/pids"; [ $n -lt 3 ] && exit $n; exit 0`, { restart: onFailure() });
			const last = await ended(platform, run);
			assert.deepEqual(outcomes(run), [
				[1, { code: 1 }, true, "exit-code"],
				[2, { code: 2 }, true, "exit-code"],
				[3, { code: 0 }, true, "success"],
			]);
			assert.deepEqual(attemptsOf(run).at(-1), last);
			const pids = readFileSync(`${run.folder}/pids`, "latin1").trim().split("\n").map(Number);
			assert.deepEqual(
				attemptsOf(run).map(({ pid }) => pid),
				pids,
			);
			assert.equal(new Set(pids).size, 3);
		});

		trial("a run is started again as often as it may be, and no more", async (platform) => {
			const failing = await start(platform, "exit 5", { restart: onFailure({ max: 2 }) });
			const succeeding = await start(platform, "exit 0", { restart: always({ max: 1 }) });
			const content = await start(platform, "exit 0", { restart: onFailure() });
			assert.deepEqual([(await ended(platform, failing)).attempt, attemptsOf(failing).length], [3, 3]);
			assert.deepEqual([(await ended(platform, succeeding)).attempt, attemptsOf(succeeding).length], [2, 2]);
			assert.deepEqual([(await ended(platform, content)).attempt, attemptsOf(content).length], [1, 1]);
		});

		for (const timeoutMs of [undefined, HOUR_MS]) {
			const how = timeoutMs === undefined ? "" : ", also with a clock that is killed each time";
			trial(`signals and the like exit codes are told apart in each attempt${how}`, async (platform) => {
				const script = `${COUNT} case $n in 1 | 3 | 6) kill -KILL $$ ;; 2 | 4) exit 137 ;; 5) kill -TERM $$ ;; 7) exit 143 ;; esac; exit 0`;
				const run = await start(platform, script, { restart: onFailure(), ...(timeoutMs !== undefined && { timeoutMs }) });
				await ended(platform, run);
				assert.deepEqual(outcomes(run), [
					[1, { signal: "SIGKILL" }, true, "signal"],
					[2, { code: 137 }, true, "exit-code"],
					[3, { signal: "SIGKILL" }, true, "signal"],
					[4, { code: 137 }, true, "exit-code"],
					[5, { signal: "SIGTERM" }, true, "signal"],
					[6, { signal: "SIGKILL" }, true, "signal"],
					[7, { code: 143 }, true, "exit-code"],
					[8, { code: 0 }, true, "success"],
				]);
				await nothingLeft(run);
			});
		}

		trial("the next attempt comes after the delay, and until then the run is queued", async (platform) => {
			const script = `${COUNT} [ $n -lt 2 ] && exit 1; ${FOREVER}`;
			const later = await start(platform, script, { restart: onFailure({ delayMs: HOUR_MS }) });
			await waiting(platform, later);
			assert.deepEqual(await observe(platform, later), { kind: "queued" });
			await stop(platform, later);
			const run = await start(platform, script, { restart: onFailure({ delayMs: 250 }) });
			const seen = new Set<string>();
			const look = async () => {
				const observation = await observe(platform, run);
				seen.add(observation?.kind ?? "nothing");
				return existsSync(`${run.folder}/ready`);
			};
			await eventually("the second attempt has begun", look);
			assert.deepEqual(await observe(platform, run), { kind: "running", paused: false });
			await stop(platform, run);
			const [first, second] = attemptsOf(run);
			for (const kind of seen) assert.ok(["queued", "running"].includes(kind), kind);
			assert.ok((second?.uptimeSeconds ?? 0) - (first?.uptimeSeconds ?? 0) >= 0.24, JSON.stringify([first, second]));
		});

		const hit = "each attempt has the time limit to itself, and one that hit it is followed by another";
		const hitting = async (platform: Platform): Promise<void> => {
			const traps = "trap 'exit 0' TERM; [ $n -eq 1 ] || trap '' TERM";
			const script = `${COUNT} [ $n -gt 2 ] && exit 0; ${traps}; echo $n >"$1/ready"; while :; do sleep 0.02; done`;
			const run = await start(platform, script, { restart: onFailure(), timeoutMs: HOUR_MS, stopping: { graceMs: 50 } });
			for (const attempt of [1, 2]) {
				await eventually(`attempt ${attempt} is ready`, () => wordIn(run, "ready"), String(attempt));
				limitIsUp(run, attempt);
			}
			await ended(platform, run);
			assert.deepEqual(outcomes(run), [
				[1, { code: 0 }, true, "timeout"],
				[2, { signal: "SIGKILL" }, true, "timeout"],
				[3, { code: 0 }, true, "success"],
			]);
			await nothingLeft(run);
		};
		trial(hit, hitting, withLimitOfTest);

		trial("the CPU time of an attempt is its own", async (platform) => {
			const run = await start(platform, `${COUNT} [ $n -gt 1 ] && exit 0; ${burning('"$1/times"')}; exit 1`, { restart: onFailure() });
			await ended(platform, run);
			const [first, second] = attemptsOf(run).map(({ cpuTimeMs }) => cpuTimeMs ?? Number.NaN);
			assert.ok((first ?? 0) >= BURNT_MS && (second ?? 0) < (first ?? 0) / 2, `${first} ms and ${second} ms`);
		});

		// By ps it takes two hundred of them; test/posix/no-proc has processes ended by ps under the other shells, too.
		for (const source of ["dash", "bash --posix"].includes(name) ? ["/proc", "ps"] : ["/proc"]) {
			trial(
				`what an attempt leaves behind is gone before the next, however it resists (processes by ${source})`,
				async (platform) => {
					const children = [
						`(trap '' TERM HUP INT; echo yes >"$1/one"; while :; do sleep 0.02; done) & one=$!`,
						`setsid sh -c 'trap "" TERM; echo $$ >"$0/two"; while :; do sleep 0.02; done' "$1" &`,
						`until [ -s "$1/one" ] && [ -s "$1/two" ]; do :; done; echo "$one $(cat "$1/two")" >"$1/children"; exit 1`,
					];
					const look = 'for pid in $(cat "$1/children"); do grep "^State:.*[A-Y] (" /proc/$pid/status >>"$1/left"; done; exit 0';
					const run = await start(platform, `${COUNT} [ $n -gt 1 ] && { ${look}; }\n${children.join("\n")}`, {
						restart: onFailure(),
						stopping: { graceMs: 60 },
						timeoutMs: HOUR_MS,
					});
					assert.deepEqual((await ended(platform, run)).status, { code: 0 });
					assert.equal(readFileSync(`${run.folder}/left`, "latin1"), "");
					assert.equal(attemptsOf(run)[0]?.uptimeSeconds === null, source === "ps");
					await nothingLeft(run);
				},
				(text) => (source === "ps" ? text.replaceAll("/proc/", "/no/proc/") : text),
			);
		}

		const leaves = (text: string): string => text.replace("leave() {", '$&\n\t\t: >"$run/left"');
		const stopWhileWaiting = async (platform: Platform): Promise<void> => {
			for (const options of [{ graceMs: HOUR_MS }, { graceMs: 0 }, { graceMs: HOUR_MS, signal: "SIGWINCH" as const }]) {
				const run = await start(platform, "exit 4", { restart: onFailure({ delayMs: HOUR_MS }), stopping: options });
				await waiting(platform, run);
				assert.deepEqual(await stop(platform, run, options), { kind: "ended" });
				assert.ok(existsSync(`${run.folder}/left`), "the shim was not killed: it left by itself");
				const { attempt, status } = await ended(platform, run);
				assert.deepEqual([attempt, status], [1, { code: 4 }]);
				await nothingLeft(run);
			}
		};
		trial("a stop while it waits ends the run at once, with the attempt that was", stopWhileWaiting, leaves);

		trial("a stop during an attempt is not followed by another", async (platform) => {
			const run = await start(platform, `${COUNT} [ $n -gt 1 ] || exit 3; trap 'exit 9' TERM; ${FOREVER}`, { restart: always() });
			await wordIn(run, "ready");
			assert.deepEqual(await stop(platform, run), { kind: "ended" });
			const { attempt, status } = await ended(platform, run);
			assert.deepEqual([attempt, status], [2, { code: 9 }]);
			assert.equal(await wordIn(run, "count"), "2");
		});

		trial("a stop at any moment of a restart is the end", async (platform) => {
			const times = rounds(4);
			for (let round = 0; round < times; round++) {
				const run = await start(platform, `${COUNT} exit 1`, { restart: always({ delayMs: round % 3 }), timeoutMs: HOUR_MS });
				await eventually("it was started again", () => attemptsOf(run).length, above(1));
				await delay((12 * round) / times);
				assert.deepEqual(await stop(platform, run), { kind: "ended" });
				assert.deepEqual(await observe(platform, run), { kind: "absent" });
				const { attempt } = await ended(platform, run);
				const count = Number(await wordIn(run, "count"));
				// The last one may have been killed before it could count.
				assert.ok(attempt === count || attempt === count + 1, `attempt ${attempt} of ${count}`);
				assert.equal(attemptsOf(run).length, attempt);
				await nothingLeft(run);
			}
		});

		test("a stop between two attempts does not end the clock, nor wait for it", { skip: skip || skipUnlessProc }, async () => {
			// The clock starts its sleep(1) behind the back of the first look, and the shim clears up after that.
			let run: TestRun | undefined;
			let looks = 0;
			const all = () => {
				const seen = procTable.all();
				if (run === undefined) return seen;
				writeFileSync(`${run.folder}/${looks === 0 ? "seen" : "go"}`, "");
				looks += 1;
				while (looks === 1 && sleepers(run).length === 0);
				return seen;
			};
			await using platform = await openPlatform({ shell, table: { ...procTable, all } }, (text) =>
				edited(text, LATE_SLEEP, ["\tclear_up() {", '\tclear_up() {\n\t\tuntil [ -e "$run/go" ]; do :; done'], NOTES_ASKED),
			);
			const script = 'until [ -e "$1/at-sleep" ]; do :; done; exit 1';
			const started = await start(platform, script, { restart: onFailure(), timeoutMs: HOUR_MS, stopping: { graceMs: 100 } });
			await waiting(platform, started);
			run = started;
			assert.deepEqual(await stop(platform, run), { kind: "ended" });
			assert.ok(looks > 1, "it was looked for");
			assert.ok(!existsSync(`${run.folder}/asked`), "no process was asked to end");
			await nothingLeft(run);
		});

		test("a stop between two attempts leaves what left the group its grace", { skip: skip || skipUnlessProc }, async () => {
			let looks = 0;
			let isEnough = (): void => {};
			const all = () => {
				looks += 1;
				if (looks === 15) isEnough();
				return procTable.all();
			};
			await using platform = await openPlatform({ shell, table: { ...procTable, all } });
			const away = `trap 'echo yes >"$1/heard"; until [ -e "$1/enough" ]; do sleep 0.02; done; echo yes >"$1/done"; exit' TERM`;
			const script = [
				`cat >"$1/away" <<'E'\n${away}\necho yes >"$1/ready"\nwhile :; do sleep 0.02; done\nE`,
				`setsid sh "$1/away" "$1" &\nuntil [ -s "$1/ready" ]; do sleep 0.02; done; exit 1`,
			];
			const run = await start(platform, script.join("\n"), { restart: onFailure(), stopping: { graceMs: 20_000 } });
			await wordIn(run, "heard");
			isEnough = () => writeFileSync(`${run.folder}/enough`, "");
			assert.deepEqual(await stop(platform, run, { graceMs: HOUR_MS }), { kind: "ended" });
			assert.ok(existsSync(`${run.folder}/done`), "it ended by itself");
		});

		trial("an attempt that cannot begin is a failed start, without a pid", async (platform) => {
			const run = await start(platform, 'mv "$1/../../start" "$1/away"; exit 1', { restart: onFailure({ max: 1 }) });
			const { attempt, result, pid } = await ended(platform, run);
			assert.deepEqual([attempt, result, pid], [2, "start-failed", null]);
			assert.equal(readFileSync(`${run.folder}/started`, "latin1").trim(), "");
		});

		trial("between two attempts nothing is signalled or held", async (platform) => {
			const run = await start(platform, "exit 1", { restart: onFailure({ delayMs: HOUR_MS }) });
			await waiting(platform, run);
			await eventually("the shim has done all that was to do", () => sleepers(run).length, 1);
			const before = sleepers(run);
			assert.equal(await platform.kill(run.handle, "SIGKILL", "all"), false);
			assert.equal(await platform.kill(run.handle, "SIGTERM", "all"), false);
			assert.equal(await platform.kill(run.handle, "SIGTERM", "main"), false);
			assert.equal(await platform.pause(run.handle), false);
			assert.equal(await platform.resume(run.handle), false);
			assert.deepEqual((await platform.usage(run.handle)).processes, []);
			assert.deepEqual(sleepers(run), before);
			assert.deepEqual(await observe(platform, run), { kind: "queued" });
			await stop(platform, run);
		});

		trial("a shim that is killed between two attempts leaves the record of the first", async (platform) => {
			const run = await start(platform, "exit 4", { restart: onFailure({ delayMs: HOUR_MS }) });
			await waiting(platform, run);
			kill(Number(await wordIn(run, "pid")), "SIGKILL");
			await eventually("it is gone", async () => (await observe(platform, run))?.kind, "absent");
			const record = await ended(platform, run);
			assert.deepEqual([record.attempt, record.status, String(record.pid)], [1, { code: 4 }, await wordIn(run, "started")]);
			await stop(platform, run);
			await nothingLeft(run);
		});

		trial("a shim that is killed during a later attempt leaves a job that runs on, and can be stopped", async (platform) => {
			const run = await start(platform, `${COUNT} [ $n -gt 1 ] || exit 4; ${FOREVER}`, { restart: onFailure(), timeoutMs: HOUR_MS });
			await wordIn(run, "ready");
			kill(Number(await wordIn(run, "pid")), "SIGKILL");
			await eventually("it is unsupervised", async () => (await observe(platform, run))?.kind, "unsupervised");
			assert.deepEqual(await stop(platform, run), { kind: "ended" });
			// The clock of its limit is killed with it, and may take a moment longer.
			await eventually("it is absent", async () => (await observe(platform, run))?.kind, "absent");
			const record = recordOf(run);
			assert.ok(typeof record === "object" && record.attempt === 1);
			assert.notEqual(String(record.pid), await wordIn(run, "started"));
			await nothingLeft(run);
		});

		trial("a job that removes or renames its folder is not started again", async (platform) => {
			for (const remove of ['rm -rf "$1"', 'mv "$1" "$1.away"']) {
				const run = await start(platform, `echo x >>"$1/../made"; ${remove}; exit 1`, { restart: always() });
				await nothingLeft(run);
				assert.deepEqual(await observe(platform, run), { kind: "absent" });
				assert.equal(readFileSync(`${dirname(run.folder)}/made`, "latin1"), "x\n");
			}
		});

		trial(
			"the list of attempts does not grow for ever",
			async (platform) => {
				const run = await start(platform, "exit 1", { restart: onFailure({ max: 11 }) });
				await ended(platform, run);
				assert.deepEqual(
					attemptsOf(run).map(({ attempt }) => attempt),
					[11, 12],
				);
				assert.equal(readFileSync(`${run.folder}/attempts.old`, "latin1").trim().split("\n").length, 5);
			},
			(text) => text.replace("% 1000", "% 5"),
		);
	});
}
