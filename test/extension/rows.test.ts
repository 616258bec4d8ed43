/** Rows, tooltips and views of jobs, without an editor. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Trouble } from "../../extension/failure.ts";
import type { JobList } from "../../extension/jobs/job-list.ts";
import type { View } from "../../extension/views/tree.ts";
import type { Job, JobSchedule, JobTrigger } from "../../src/index.ts";
import "./editor.ts";

const { EventEmitter } = await import("./vscode.ts");
const { stateIcon, tooltip, treeItem } = await import("../../extension/views/row.ts");
const { JobTree } = await import("../../extension/views/tree.ts");
const { clock, commandLine, literal, rowWords, printable, scheduleWords, whenWords } = await import("../../extension/words.ts");

const NOON = new Date(2026, 10, 21, 12, 0);

function job(more: Partial<Job> = {}): Job {
	const at = (hours: number, minutes: number): string => new Date(2026, 10, 21, hours, minutes).toISOString();
	return {
		...{ schema: 1, id: "01936f0e-8d2a-7c31-9b55-0e6a1c9e2f40", name: "build", session: "default", platform: "posix", unit: null },
		...{ command: ["make", "all"], directory: "/work", description: null, state: "failed", result: "exit-code" },
		...{ createdAt: at(9, 5), startedAt: at(9, 5), endedAt: at(9, 7), run: 1, attempt: 1, pid: null, exitCode: 2, signal: null },
		...{
			exitCertain: true,
			cpuTimeMs: 41_200,
			memoryPeakBytes: 432_013_312,
			leftBehind: null,
			output: { mode: "merged", relay: false, paths: ["/o"], bytes: 2048 },
		},
		...{ restart: { policy: "no", delayMs: null, max: null }, reason: null, schedule: null },
		limits: { timeoutMs: null, memoryBytes: null, cpus: null, tasks: null },
		...more,
	} as Job;
}

const HOSTILE = "$(bug) [go](command:quit) **b** <i>\n\u001b[31m \u202e `x` ````";

describe("a row", () => {
	test("tells the state by its shape and in words, and the command", () => {
		const item = treeItem({ kind: "job", job: job() });
		assert.equal(item.label, "build");
		assert.equal(item.description, "failed, exit code 2 · make all");
		assert.equal(item.contextValue, "job ended failed");
		const shapes = new Set(
			(["starting", "running", "paused", "stopping", "succeeded", "failed", "stopped", "lost", "unknown"] as const).map((state) => {
				const { iconPath } = treeItem({ kind: "job", job: job({ state }) });
				return iconPath !== undefined && typeof iconPath === "object" && "id" in iconPath ? iconPath.id : "";
			}),
		);
		assert.equal(shapes.size, 9);
	});

	test("has words with a clock time for screen readers", () => {
		assert.equal(rowWords(job(), NOON), "build, failed, exit code 2, ended 09:07");
		assert.equal(rowWords(job({ state: "running", endedAt: null }), NOON), "build, running, started 09:05");
		assert.equal(clock(new Date(2026, 10, 20, 23, 59).toISOString(), NOON), "2026-11-20 23:59");
	});

	test("says of every end why it came", () => {
		const cases: readonly (readonly [Partial<Job>, string])[] = [
			[{ result: "timeout", exitCode: null, signal: "SIGTERM" }, "failed, time limit"],
			[{ result: "oom-kill" }, "failed, out of memory"],
			[{ result: "start-failed" }, "failed, could not start"],
			[{ result: "signal", exitCode: null, signal: "SIGSEGV" }, "failed, SIGSEGV"],
			[{ result: "exit-code", attempt: 3 }, "failed, exit code 2, 3 attempts"],
			[{ state: "lost", result: "lost" }, "lost"],
			[{ state: "unknown", reason: "unreadable: /x: damaged" }, "unreadable"],
		];
		for (const [more, words] of cases) {
			const { description } = treeItem({ kind: "job", job: job(more) });
			assert.equal(description, `${words} · ${more.state === "unknown" ? more.reason : "make all"}`);
		}
	});

	test("shows hostile text literally: no icon, no link, no control character", () => {
		const { description } = treeItem({ kind: "job", job: job({ command: [HOSTILE] }) });
		assert.doesNotMatch(String(description), /\$\(|\]\(|[\p{Cc}\u202a-\u202e]/u);
		assert.equal(literal("a\tb\nc\u0000"), "a\\tb\\nc\\x00");
	});

	test("has a tooltip with the facts, in which hostile text is no markdown", () => {
		const { value } = tooltip(job({ description: HOSTILE, directory: HOSTILE, command: ["sh", HOSTILE] }), null, NOON);
		for (const fact of ["41\\.2 s|41.2 s", "412 MiB", "2.0 KiB", "Ended: 09:07, 2 h 53 min ago", "Took: 2 min", "exit code 2"])
			assert.match(value, new RegExp(fact));
		assert.ok(!value.includes("\u001b") && !value.includes("\u202e"));
		assert.ok(value.includes("\\$\\(bug\\) \\[go\\]\\(command:quit\\) \\*\\*b\\*\\* \\<i\\>"), value);
	});

	test("has a tooltip that tells of a running job for how long it runs, and what it uses at present", () => {
		const processes = [7, 8, 9].map((pid) => ({ pid, parentPid: 1, command: "make", escaped: false }));
		const usage = { processes, cpuTimeMs: 5000, memoryBytes: 3 * 1024 ** 2, memoryPeakBytes: 4 * 1024 ** 2 };
		const running = job({ state: "running", endedAt: null, exitCode: null, cpuTimeMs: null, memoryPeakBytes: null, pid: 7 });
		const { value } = tooltip(running, usage, NOON);
		for (const fact of [
			"Started: 09:05, 2 h 55 min ago",
			"CPU time: 5.00 s",
			"Memory: 3.0 MiB",
			"Peak memory: 4.0 MiB",
			"Process: 7 and 2 more",
		])
			assert.ok(value.replaceAll("\\", "").includes(fact), `${fact} is not in ${value}`);
		assert.ok(!value.includes("Ended") && !value.includes("Took"), value);
	});

	test("has a command that could be typed", () => {
		assert.equal(commandLine(["make", "it's", ""]), "make 'it'\\''s' ''");
		assert.equal(commandLine(["/bin/sh", "-c", "a | b"]), "a | b");
		assert.equal(printable("a\u2028b"), "a\\u2028b");
	});
});

function trigger(kind: JobTrigger["kind"], text: string): JobTrigger {
	return { id: "t1", kind, text, paused: false, next: null };
}

/** The next day at nine, a run every working day. */
function schedule(more: Partial<JobSchedule> = {}): JobSchedule {
	return {
		...{ next: new Date(2026, 10, 22, 9, 0).toISOString(), last: new Date(2026, 10, 21, 9, 0).toISOString(), paused: false, due: false },
		...{ missed: 0, missedSince: null, calendar: ["Mon..Fri *-*-* 09:00:00"], leastIntervalMs: null },
		triggers: [trigger("calendar", "Mon..Fri 9:00")],
		...{
			missedPolicy: "once",
			overlap: "skip",
			when: null,
			queued: false,
			wake: "platform",
			jitterMs: 0,
			keepRuns: 100,
			notBefore: null,
			notAfter: null,
		},
		...more,
	};
}

function scheduled(more: Partial<Job> = {}): Job {
	return job({ name: "nightly", state: "scheduled", schedule: schedule(), ...more });
}

describe("a row of a scheduled job", () => {
	const row = (one: Job) => treeItem({ kind: "schedule", job: one });

	test("tells when it runs next, what its last run came to, by its shape, too, and how it is scheduled", () => {
		const over = "2001-02-03T09:05:00";
		const item = row(scheduled({ startedAt: over, schedule: schedule({ next: "2199-01-01T09:00:00" }) }));
		assert.equal(item.description, "next 2199-01-01 09:00 · last 2001-02-03 09:05, failed, exit code 2 · Mon..Fri 9:00");
		assert.equal(item.accessibilityInformation?.label, `nightly, ${String(item.description).replaceAll(" · ", ", ")}`);
		assert.deepEqual(item.iconPath, stateIcon("failed"));
		assert.deepEqual(row(scheduled({ result: "success", exitCode: 0 })).iconPath, stateIcon("succeeded"));
		assert.equal(item.contextValue, "schedule idle armed ran");
	});

	test("says of one that has not run yet, is paused, or runs, that it does", () => {
		const words = (more: Partial<Job>) => scheduleWords(scheduled(more), NOON).slice(0, 2);
		assert.deepEqual(words({}), ["next Sun 09:00", "last 09:05, failed, exit code 2"]);
		assert.deepEqual(words({ run: 0, startedAt: null, endedAt: null, result: null }), ["next Sun 09:00", "has not run yet"]);
		assert.deepEqual(words({ state: "running", endedAt: null, result: null }), ["next Sun 09:00", "running"]);
		assert.deepEqual(words({ schedule: schedule({ paused: true }) })[0], "paused");
		assert.equal(row(scheduled({ run: 0, schedule: schedule({ paused: true }) })).contextValue, "schedule idle paused new");
		assert.equal(row(scheduled({ state: "running" })).contextValue, "schedule active armed ran");
	});

	test("names a moment by its hour today, its weekday within six days, and its date beyond", () => {
		const next = (day: number) =>
			scheduleWords(scheduled({ schedule: schedule({ next: new Date(2026, 10, day, 9, 0).toISOString() }) }), NOON)[0];
		assert.deepEqual([21, 22, 27, 28].map(next), ["next 09:00", "next Sun 09:00", "next Fri 09:00", "next 2026-11-28 09:00"]);
	});

	test("says since when runs were missed", () => {
		const missed = schedule({ missed: 3, missedSince: new Date(2026, 10, 21, 8, 30).toISOString() });
		assert.equal(scheduleWords(scheduled({ schedule: missed }), NOON)[2], "missed 3 since 08:30");
	});

	test("says when as one would type it", () => {
		const words = (kind: "every" | "at" | "cron", text: string) => whenWords(schedule({ triggers: [trigger(kind, text)] }));
		assert.equal(words("every", "600s"), "every 10min");
		assert.equal(words("every", "5400s"), "every 90min");
		assert.equal(words("every", "86400s"), "every 1d");
		assert.equal(words("at", new Date(2026, 11, 24, 18, 0).toISOString()), "at 2026-12-24 18:00:00");
		assert.equal(words("cron", "0 9 * * 1-5"), "0 9 * * 1-5");
	});

	test("has a tooltip with when it runs, next and last, in which hostile text is no markdown", () => {
		const hostile = schedule({ triggers: [trigger("calendar", HOSTILE)] });
		const { value } = tooltip(scheduled({ schedule: hostile }), null, NOON);
		for (const fact of ["Next run: 2026\\-11\\-22 09:00", "Last run: failed, exit code 2"]) assert.ok(value.includes(fact), value);
		assert.ok(value.includes("When: \\$\\(bug\\)"), value);
		assert.ok(!value.includes("\u001b"));
	});
});

/** A list of these jobs, as far as a tree needs one. */
function listOf(jobs: readonly Job[], more: { readonly failure?: Trouble } = {}) {
	const changed = new EventEmitter<void>();
	const list = { all: jobs, failure: undefined, ready: async () => {}, onDidChange: changed.event, ...more };
	return { changed, list: list as unknown as JobList };
}

describe("a view", () => {
	const tree = (shows: View, jobs: readonly Job[], by: "none" | "session" | "folder" = "none", failure?: string) => {
		const { list } = listOf(
			jobs,
			failure === undefined ? {} : { failure: { title: "Jobs cannot be shown", message: failure, hint: undefined } },
		);
		return new JobTree(list, { shows, groupBy: () => by, limit: () => 200 });
	};
	const many = [...Array(450).keys()].map((count) => job({ id: `id-${count}`, name: `job-${count}` }));

	test("shows the newest 200, and more on request", async () => {
		const finished = tree("finished", many);
		assert.equal((await finished.getChildren()).length, 201);
		finished.showMore();
		assert.deepEqual((await finished.getChildren()).at(-1), { kind: "more", hidden: 50 });
		finished.showMore();
		assert.equal((await finished.getChildren()).length, 450);
		assert.deepEqual(await tree("running", many).getChildren(), []);
	});

	test("shows what the filter finds in name, command, state or folder", async () => {
		const finished = tree("finished", [job({ name: "a", command: ["npm", "Test"] }), job({ name: "b", directory: "/srv/tests" }), job()]);
		finished.filter("TEST");
		assert.equal((await finished.getChildren()).length, 2);
		finished.filter("");
		assert.equal((await finished.getChildren()).length, 3);
	});

	test("of scheduled jobs has those that run and those that do not, what runs next on top; running and finished jobs are elsewhere", async () => {
		const soon = schedule({ next: new Date(2026, 10, 21, 12, 30).toISOString() });
		const all = [
			scheduled({ id: "1", name: "later" }),
			scheduled({ id: "2", name: "paused", schedule: schedule({ next: null, paused: true }) }),
			scheduled({ id: "3", name: "soon", state: "running", schedule: soon }),
			job({ id: "4", name: "over" }),
			job({ id: "5", name: "going", state: "running" }),
		];
		const names = async (shows: View) =>
			(await tree(shows, all).getChildren()).map((row) => ("job" in row ? `${row.kind} ${row.job.name}` : row.kind));
		assert.deepEqual(await names("scheduled"), ["schedule soon", "schedule later", "schedule paused"]);
		assert.deepEqual(await names("running"), ["job soon", "job going"]);
		assert.deepEqual(await names("finished"), ["job over"]);
	});

	test("groups by session or folder", async () => {
		const jobs = [job({ session: "a", directory: "/x/one" }), job({ session: "b", directory: "/x/one" }), job({ session: "a" })];
		const labels = async (by: "session" | "folder") =>
			(await tree("finished", jobs, by).getChildren()).map((row) => (row.kind === "group" ? [row.label, row.jobs.length] : row.kind));
		assert.deepEqual(await labels("session"), [
			["a", 2],
			["b", 1],
		]);
		assert.deepEqual(await labels("folder"), [
			["one", 2],
			["work", 1],
		]);
	});

	test("shows a failure as one row with the reason, in one of the views", async () => {
		const [row] = await tree("running", [], "none", "the bus is dead").getChildren();
		assert.ok(row);
		assert.deepEqual([treeItem(row).label, treeItem(row).description], ["Jobs cannot be shown", "the bus is dead"]);
		assert.deepEqual(await tree("finished", [], "none", "the bus is dead").getChildren(), []);
	});

	test("is drawn again when its jobs look different, and left alone when they do not", () => {
		const jobs = [job({ state: "running", endedAt: null, exitCode: null })];
		const { list, changed } = listOf(jobs);
		const running = new JobTree(list, { shows: "running", groupBy: () => "folder", limit: () => 1 });
		let drawn = 0;
		running.onDidChangeTreeData(() => drawn++);
		const drawnFor = (now: Job[]): number => {
			const before = drawn;
			jobs.splice(0, jobs.length, ...now);
			changed.fire();
			return drawn - before;
		};
		const [same] = jobs as [Job];
		assert.equal(drawnFor([same]), 1);
		assert.equal(drawnFor([{ ...same, cpuTimeMs: 5000, output: { ...same.output, bytes: 12345 } }]), 0);
		assert.equal(drawnFor([{ ...same, state: "paused" }]), 1);
		assert.equal(drawnFor([same]), 1);
		running.filter("no such job");
		assert.equal(drawnFor([same]), 0);
		running.filter("");
		assert.equal(drawnFor([same]), 0);
		assert.equal(drawnFor([]), 1);
		running.dispose();
		assert.equal(drawnFor([same]), 0);
	});
});
