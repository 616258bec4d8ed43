/** The part of the contract suite about runs of several attempts, later runs of a job, and paused jobs. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { isChoreError } from "../../platform/errors.ts";
import type { Job } from "../../src/core/job.ts";
import type { RunOptions } from "../../src/core/prepare/spec.ts";
import { above, eventually, isRunning } from "../support/eventually.ts";
import type { Home } from "../support/home.ts";
import type { Subject } from "./suite.ts";

/** Declares one test with a home of its own. */
export type Declare = (title: string, body: (home: Home) => Promise<void>, skip?: string | false) => void;

/** A delay longer than any test: an attempt that must not come. */
const NEVER_MS = 600_000;

export function testAttempts(on: Declare, { disturbances, asciiOnly }: Subject): void {
	const shell = (home: Home, line: string, options: Partial<RunOptions> = {}): Promise<Job> =>
		home.chore.run({ command: ["/bin/sh", "-c", line], directory: home.path, ...options });

	on("on-failure restarts the program until it succeeds, in one run with one output", async (home) => {
		const { id } = await shell(home, 'echo run; echo x >>tries; [ "$(wc -l <tries)" -ge 3 ] || exit 7', {
			restart: { policy: "on-failure", delayMs: 20 },
		});
		const end = await home.chore.wait(id);
		assert.deepEqual([end.state, end.result, end.exitCode, end.run, end.attempt], ["succeeded", "success", 0, 1, 3]);
		assert.deepEqual(end.restart, { policy: "on-failure", delayMs: 20, max: null });
		assert.equal(readFileSync(end.output.paths[0] ?? "", "utf8"), "run\nrun\nrun\n");
		const { attempts } = await home.chore.status(id);
		assert.deepEqual(
			attempts.map(({ attempt, exitCode, signal }) => [attempt, exitCode, signal]),
			[
				[1, 7, null],
				[2, 7, null],
				[3, 0, null],
			],
		);
	});

	on("on-failure does not restart after exit code 0, and does after every signal and the time limit", async (home) => {
		const restart = { policy: "on-failure", delayMs: 0, max: 1 } as const;
		const lines: readonly (readonly [
			line: string,
			attempt: number,
			code: number | null,
			signal: string | null,
			more?: Partial<RunOptions>,
		])[] = [
			["exit 0", 1, 0, null],
			["exit 3", 2, 3, null],
			["kill -KILL $$", 2, null, "SIGKILL"],
			["kill -TERM $$", 2, null, "SIGTERM"],
			["kill -HUP $$", 2, null, "SIGHUP"],
			["exec sleep 60", 2, null, "SIGTERM", { timeoutMs: 2000 }],
		];
		const ends = await Promise.all(
			lines.map(async ([line, , , , more]) => home.chore.wait((await shell(home, line, { restart, ...more })).id)),
		);
		for (const [index, end] of ends.entries()) {
			const [line = "", attempt, code, signal] = lines[index] ?? [];
			assert.deepEqual([end.attempt, end.exitCode, end.signal], [attempt, code, signal], line);
			assert.deepEqual([end.state, end.result], attempt === 1 ? ["succeeded", "success"] : ["failed", "start-limit"], line);
		}
	});

	on("always restarts after exit code 0, and not after a stop", async (home) => {
		const { id } = await shell(home, "echo x >>tries; sleep 0.05", { restart: { policy: "always", delayMs: 10 } });
		await eventually("several attempts were made", async () => (await home.chore.get(id)).attempt, above(2));
		const end = await home.chore.stop(id);
		assert.equal(end.state, "stopped", JSON.stringify(end));
		const tries = readFileSync(`${home.path}/tries`, "utf8").length / 2;
		assert.ok(tries === end.attempt || tries === end.attempt + 1 || tries === end.attempt - 1, `${tries} tries, ${end.attempt} attempts`);
		assert.equal((await home.chore.get(id)).attempt, end.attempt, "it does not go on");
	});

	on("the allowed number of restarts is made, and the result says that it is used up", async (home) => {
		const { id } = await shell(home, "echo x >>tries; exit 4", { restart: { policy: "always", delayMs: 10, max: 3 } });
		const end = await home.chore.wait(id);
		assert.deepEqual([end.state, end.result, end.exitCode, end.attempt], ["failed", "start-limit", 4, 4]);
		assert.match(end.reason ?? "", /started again 3 times/);
		assert.equal(readFileSync(`${home.path}/tries`, "utf8"), "x\n".repeat(4));
		const ends: string[] = [];
		for await (const { event, result } of home.chore.events()) if (event === "exited") ends.push(String(result));
		assert.deepEqual(ends, ["start-limit"]);
	});

	on("between two attempts a job has not ended, has no process, and can be stopped", async (home) => {
		const { id } = await shell(home, "echo x >>tries; exit 5", { name: "waiting", restart: { policy: "on-failure", delayMs: NEVER_MS } });
		const waiting = await eventually("it waits", async () => {
			const job = await home.chore.get(id);
			return job.state === "queued" && job;
		});
		assert.deepEqual([waiting.attempt, waiting.pid, waiting.endedAt], [2, null, null]);
		assert.match(waiting.reason ?? "", /attempt 1 ended with exit code 5/);
		await assert.rejects(home.chore.kill(id), hasCode("JOB_NOT_ACTIVE"));
		await assert.rejects(home.chore.run({ command: ["true"], name: "waiting" }), hasCode("NAME_IN_USE"));
		await assert.rejects(home.chore.wait(id, { timeoutMs: 50 }), hasCode("TIMED_OUT"));
		const end = await home.chore.stop(id);
		assert.deepEqual([end.state, end.exitCode, end.attempt], ["stopped", 5, 1]);
		assert.equal(readFileSync(`${home.path}/tries`, "utf8"), "x\n");
		assert.equal((await home.chore.list()).find((job) => job.id === id)?.state, "stopped");
	});

	on("a stop during a later attempt ends the job in that attempt", async (home) => {
		const { id } = await shell(home, "[ -e first ] && { touch again; exec sleep 600; }; touch first; exit 1", {
			restart: { policy: "on-failure", delayMs: 0 },
		});
		await eventually("the second attempt runs", async () => {
			const job = await home.chore.get(id);
			return job.attempt === 2 && job.state === "running" && existsSync(`${home.path}/again`);
		});
		const end = await home.chore.stop(id);
		assert.deepEqual([end.state, end.signal, end.attempt], ["stopped", "SIGTERM", 2]);
	});

	on("stops that race restarts leave no process and one true end", async (home) => {
		const jobs = await Promise.all(
			Array.from({ length: 8 }, (_, index) =>
				shell(home, `echo $$ >>pids; sleep 0.0${index}; exit 1`, { restart: { policy: "always", delayMs: index * 3 } }),
			),
		);
		for (const { id } of jobs) await eventually("it was restarted", async () => (await home.chore.get(id)).attempt, above(2));
		for (const end of await Promise.all(jobs.map(({ id }) => home.chore.stop(id)))) assert.equal(end.state, "stopped", JSON.stringify(end));
		const pids = readFileSync(`${home.path}/pids`, "utf8").trim().split("\n").map(Number);
		await eventually("no process is left", () => !pids.some(isRunning));
		const active = (await home.chore.list()).filter(({ endedAt }) => endedAt === null);
		assert.deepEqual(active, []);
	});

	on("processes that an attempt left are gone before the next begins", async (home) => {
		const look = 'case $(ps -o stat= -p "$(cat left)") in "" | Z*) exit 0 ;; *) exit 9 ;; esac';
		const line = `[ -e left ] && { ${look}; }; sleep 600 & echo $! >left; exit 1`;
		const end = await home.chore.wait((await shell(home, line, { restart: { policy: "on-failure", delayMs: 0, max: 2 } })).id);
		assert.deepEqual([end.state, end.attempt], ["succeeded", 2], "exit code 9: the child of the first attempt was still there");
	});

	for (const { what, act } of disturbances.length > 0 ? disturbances : [{ what: "a reload of the manager", act: async () => {} }]) {
		on(
			`${what} between attempts and during one loses no attempt and allows none too many`,
			async (home) => {
				const [between, during] = await Promise.all([
					shell(home, "echo x >>between; exit 3", { restart: { policy: "on-failure", delayMs: 700, max: 3 } }),
					shell(home, "echo x >>during; sleep 0.7; exit 4", { restart: { policy: "on-failure", delayMs: 0, max: 2 } }),
				]);
				for (const number of [1, 2]) {
					await eventually("an attempt is over", async () => (await home.chore.get(between.id)).attempt, above(number));
					await act();
				}
				const ends = await Promise.all([home.chore.wait(between.id), home.chore.wait(during.id)]);
				assert.deepEqual(
					ends.map(({ result, exitCode, attempt }) => [result, exitCode, attempt]),
					[
						["start-limit", 3, 4],
						["start-limit", 4, 3],
					],
				);
				assert.deepEqual(
					["between", "during"].map((name) => readFileSync(`${home.path}/${name}`, "utf8").length / 2),
					[4, 3],
				);
			},
			disturbances.length === 0 && "nothing supervises the jobs that could be reloaded",
		);
	}

	on("rerun starts a job with its settings, as a run with its own output and record", async (home) => {
		const who = asciiOnly === undefined ? "é" : "e";
		const { id } = await shell(home, 'echo "run by $WHO"; [ -e again ] || exit 3', { name: "twice", setEnvironment: { WHO: who } });
		assert.equal((await home.chore.wait(id)).exitCode, 3);
		await assert.rejects(home.chore.rerun("no-such-job"), hasCode("JOB_NOT_FOUND"));
		writeFileSync(`${home.path}/again`, "");
		const second = await home.chore.rerun("twice");
		assert.deepEqual([second.id, second.run], [id, 2]);
		const end = await home.chore.wait(id);
		assert.deepEqual([end.run, end.attempt, end.state, end.exitCode], [2, 1, "succeeded", 0]);
		const all = await home.chore.runs(id);
		assert.deepEqual(
			all.map(({ run, state, exitCode }) => [run, state, exitCode]),
			[
				[1, "failed", 3],
				[2, "succeeded", 0],
			],
		);
		for (const run of [1, 2]) {
			const parts: Buffer[] = [];
			for await (const { bytes } of home.chore.logs(id, { run })) parts.push(Buffer.from(bytes));
			assert.equal(Buffer.concat(parts).toString(), `run by ${who}\n`);
		}
		assert.deepEqual(
			(await home.chore.status(id)).earlierRuns.map(({ run }) => run),
			[1],
		);
	});

	on("eight processes that rerun a job at once make one run", async (home) => {
		const { id } = await shell(home, "[ -e once ] && exec sleep 600; touch once");
		await home.chore.wait(id);
		const handles = Array.from({ length: 8 }, () => home.open());
		const outcomes = await Promise.allSettled(handles.map((chore) => chore.rerun(id)));
		assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
		for (const outcome of outcomes)
			if (outcome.status === "rejected") assert.ok(hasCode("JOB_ACTIVE")(outcome.reason), String(outcome.reason));
		const job = await eventually("it runs", async () => {
			const now = await home.chore.get(id);
			return now.state === "running" && now;
		});
		assert.equal(job.run, 2);
		assert.ok((await home.chore.list()).some((one) => one.id === id && one.state === "running"));
		assert.equal((await home.chore.restart(id)).run, 3);
		assert.equal((await home.chore.runs(id))[1]?.state, "stopped");
	});

	on("rerun does not take a name from another job", async (home) => {
		const { id } = await shell(home, "exit 0", { name: "shared" });
		await home.chore.wait(id);
		const other = await shell(home, "exec sleep 600", { name: "shared" });
		await assert.rejects(home.chore.rerun(id), hasCode("NAME_IN_USE"));
		assert.equal((await home.chore.get(id)).run, 1);
		await home.chore.stop(other.id);
		assert.equal((await home.chore.rerun(id)).run, 2);
		assert.equal((await home.chore.get("shared")).id, id);
	});

	on("a paused job does nothing, is shown as paused by every process, and goes on after resume", async (home) => {
		const { id } = await shell(home, "sleep 600 & while :; do echo x >>beats; sleep 0.01; done");
		await eventually("it beats", () => existsSync(`${home.path}/beats`));
		assert.equal((await home.chore.pause(id)).state, "paused");
		const other = home.open();
		assert.equal((await other.get(id)).state, "paused");
		assert.equal((await other.list()).find((job) => job.id === id)?.state, "paused");
		const beats = readFileSync(`${home.path}/beats`, "utf8").length;
		await promisify(execFile)("sh", ["-c", "for beat in 0 1 2 3 4 5 6 7 8 9; do sleep 0.01; done"]); // a loop like it would have beaten ten times
		assert.equal(readFileSync(`${home.path}/beats`, "utf8").length, beats);
		assert.equal((await other.pause(id)).state, "paused", "twice is once");
		assert.equal((await other.resume(id)).state, "running");
		await eventually("it beats again", () => readFileSync(`${home.path}/beats`, "utf8").length, above(beats));
		assert.equal((await home.chore.resume(id)).state, "running");
		await home.chore.pause(id);
		const end = await home.chore.stop(id);
		assert.deepEqual([end.state, end.signal], ["stopped", "SIGTERM"], "a paused job can be stopped, politely");
		await assert.rejects(home.chore.pause(id), hasCode("JOB_NOT_ACTIVE"));
		await assert.rejects(home.chore.resume(id), hasCode("JOB_NOT_ACTIVE"));
		const events: string[] = [];
		for await (const { event } of home.chore.events()) events.push(event);
		assert.deepEqual(events, ["created", "started", "paused", "resumed", "paused", "stopped", "exited"]);
	});

	on("a paused job stays paused whatever signal it is sent, and gets that when it is resumed; SIGKILL comes at once", async (home) => {
		const hear = (who: string): string => `trap 'echo ${who} >>heard' TERM USR1; while :; do echo x >>${who}; sleep 0.01; done`;
		const { id } = await shell(home, `(${hear("child")}) & ${hear("main")}`);
		const count = (file: string): number => textOf(home, file).length;
		const goesOn = async (): Promise<void> => {
			for (const who of ["main", "child"]) await eventually(`${who} goes on`, () => count(who), above(count(who)));
		};
		await goesOn();
		for (const [signal, whom] of [
			["SIGTERM", "main"],
			["SIGTERM", "all"],
			["SIGUSR1", "all"],
		] as const) {
			await home.chore.pause(id);
			const [main, child] = [count("main"), count("child")];
			assert.equal((await home.chore.kill(id, { signal, whom })).state, "paused");
			assert.equal((await home.open().get(id)).state, "paused");
			assert.deepEqual([count("main"), count("child"), count("heard")], [main, child, 0]);
			assert.equal((await home.chore.resume(id)).state, "running");
			const heard = (): string => textOf(home, "heard").trim().split("\n").sort().join(" ");
			await eventually("those who were sent it have heard it", heard, whom === "main" ? "main" : "child main");
			await goesOn();
			rmSync(`${home.path}/heard`);
		}
		await home.chore.pause(id);
		await home.chore.kill(id, { signal: "SIGKILL" });
		const end = await home.chore.wait(id);
		assert.deepEqual([end.state, end.signal], ["failed", "SIGKILL"]);
	});

	on("resume wakes the rest of a job whose main process alone was sent SIGCONT", async (home) => {
		const { id } = await shell(home, "(while :; do echo x >>child; sleep 0.01; done) & exec sleep 600");
		const beats = (): number => textOf(home, "child").length;
		await eventually("the child beats", beats, above(0));
		await home.chore.pause(id);
		const before = beats();
		assert.equal((await home.chore.kill(id, { signal: "SIGCONT", whom: "main" })).state, "running");
		assert.equal(beats(), before);
		assert.equal((await home.chore.resume(id)).state, "running");
		await eventually("the child beats again", beats, above(before));
	});

	on("a job that was stopped by SIGSTOP ends politely at a stop with another grace", async (home) => {
		const { id } = await shell(home, "trap 'exit 3' TERM; echo x >>ready; while :; do sleep 0.01; done");
		await eventually("it is ready", () => existsSync(`${home.path}/ready`));
		await home.chore.kill(id, { signal: "SIGSTOP" });
		const end = await home.chore.stop(id, { graceMs: 20_000 });
		assert.deepEqual([end.state, end.exitCode], ["stopped", 3]);
	});
}

/** The text that a job has written into a file of the home; empty before. */
function textOf({ path }: Home, file: string): string {
	return existsSync(`${path}/${file}`) ? readFileSync(`${path}/${file}`, "utf8") : "";
}

function hasCode(code: string): (error: unknown) => boolean {
	return (error) => isChoreError(error) && error.code === code;
}
