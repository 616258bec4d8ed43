/** What is told of jobs: each run once, failures in moderation, and what the user asked about always. */
import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";
import type { JobList } from "../../extension/jobs/job-list.ts";
import type { Job } from "../../src/index.ts";
import "./editor.ts";

const { EventEmitter, messages, settings, workspace } = await import("./vscode.ts");
const { Notifier } = await import("../../extension/views/notifications.ts");

/** What a workspace remembers, as JSON: so the editor keeps it. */
class Memory {
	#text = "{}";
	get(name: string, otherwise: unknown): unknown {
		return JSON.parse(this.#text)[name] ?? otherwise;
	}
	async update(name: string, value: unknown): Promise<void> {
		this.#text = JSON.stringify({ ...JSON.parse(this.#text), [name]: value });
	}
}

function scene(memory = new Memory()) {
	const jobs = new Map<string, Job>();
	const changed = new EventEmitter<void>();
	const ended = new EventEmitter<Job>();
	const list = { get: (id: string) => jobs.get(id), onDidChange: changed.event, onDidEnd: ended.event };
	const notifier = new Notifier(list as unknown as JobList, memory as never);
	const job = (name: string, more: Partial<Job> = {}): Job =>
		({
			id: `id-of-${name}`,
			name,
			run: 1,
			attempt: 1,
			state: "running",
			directory: "/srv/app",
			exitCode: null,
			schedule: null,
			...more,
		}) as Job;
	const end = (one: Job, more: Partial<Job> = {}): void => {
		const over = { ...one, state: "failed", result: "exit-code", exitCode: 2, ...more } as Job;
		jobs.set(one.id, over);
		ended.fire(over);
		changed.fire();
	};
	return { memory, notifier, job, end };
}

const told = (): string[] => messages.map(({ text }) => text.replace(/ \(.*\)/, ""));

describe("notifications", () => {
	beforeEach(() => {
		messages.length = 0;
		settings.clear();
		workspace.workspaceFolders = [{ uri: { fsPath: "/srv" } }];
	});

	test("tell of a failure with what can be done, and of no other end", () => {
		const { job, end } = scene();
		end(job("build"));
		end(job("good"), { state: "succeeded", result: "success", exitCode: 0 });
		end(job("ended"), { state: "stopped", result: "stopped", exitCode: null });
		assert.deepEqual(told(), ["build failed, exit code 2"]);
		assert.deepEqual(messages[0]?.choices, ["Show Log", "Run Again"]);
	});

	test("tell of a run once, also when the window was reloaded meanwhile", () => {
		const first = scene();
		first.end(first.job("build"));
		first.end(first.job("build"));
		scene(first.memory).end(first.job("build"));
		assert.equal(messages.length, 1);
		first.end(first.job("build", { run: 2 }));
		assert.equal(messages.length, 2);
	});

	test("tell of a failed run of a schedule, of those in a row once, and of its end if the user asked", () => {
		const { notifier, job, end } = scene();
		const nightly = (run: number): Job => job("nightly", { run, schedule: {} as Job["schedule"] });
		const waiting = { state: "scheduled" } as const;
		const good = { ...waiting, result: "success", exitCode: 0 } as const;
		end(nightly(1), waiting);
		end(nightly(2), waiting);
		end(nightly(3), good);
		end(nightly(4), waiting);
		assert.deepEqual(told(), ["nightly failed, exit code 2", "nightly failed, exit code 2"]);
		notifier.watch(nightly(5));
		end(nightly(5), good);
		assert.deepEqual(told().slice(2), ["nightly succeeded"]);
	});

	test("report three failures and each one that the user asked about at once, and the others later in one message", () => {
		mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
		try {
			const { notifier, job, end } = scene();
			const asked = [job("asked"), job("wanted")];
			for (const one of asked) notifier.watch(one);
			for (let count = 0; count < 10; count++) end(job(`job-${count}`));
			assert.equal(messages.length, 3);
			for (const one of asked) end(one);
			assert.deepEqual(told().slice(3), ["asked failed, exit code 2", "wanted failed, exit code 2"]);
			mock.timers.tick(10_000);
			assert.equal(messages.length, 6);
			assert.match(messages[5]?.text ?? "", /^7 more jobs failed: job-3 \(.*\), job-4 .*, job-7 \(.*\), …$/);
			assert.deepEqual(messages[5]?.choices, ["Show Jobs"]);
			// Whether or not the messages were closed: later failures are told like the first.
			end(job("later"));
			assert.equal(told()[6], "later failed, exit code 2");
			notifier.dispose();
		} finally {
			mock.timers.reset();
		}
	});

	test("report once every end that the user asked about, also after a reload and with failures silenced", () => {
		settings.set("notifyOnFailure", false);
		const first = scene();
		const [good, bad] = [first.job("good"), first.job("bad", { directory: "/elsewhere" })];
		for (const one of [good, bad]) first.notifier.watch(one);
		const second = scene(first.memory);
		second.end(good, { state: "succeeded", result: "success", exitCode: 0 });
		second.end(bad);
		second.end(bad);
		assert.deepEqual(told(), ["good succeeded", "bad failed, exit code 2"]);
		scene(first.memory).end(bad);
		assert.equal(messages.length, 2);
	});

	test("report failures of this workspace only, or without a folder those at home", () => {
		const { job, end } = scene();
		end(job("other", { directory: "/srvs" }));
		end(job("here", { directory: "/srv" }));
		workspace.workspaceFolders = undefined;
		end(job("away"));
		end(job("home", { directory: process.env["HOME"] ?? "/" }));
		assert.deepEqual(told(), ["here failed, exit code 2", "home failed, exit code 2"]);
	});

	test("show hostile names literally", () => {
		const { job, end } = scene();
		end(job("$(bug) [a](command:b)\n"));
		assert.doesNotMatch(messages[0]?.text ?? "", /\$\(|\]\(|\n/);
	});
});
