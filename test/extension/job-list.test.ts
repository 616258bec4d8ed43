/** The jobs of a window: sorted, never replaced by an older answer, and from sessions that are opened and closed once. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as posix from "../../platform/posix/index.ts";
import { type Chore, ChoreError, type Job, type LedgerEvent } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import { makeHome } from "../support/home.ts";
import "./editor.ts";

const { JobList } = await import("../../extension/jobs/job-list.ts");

type Open = ConstructorParameters<typeof JobList>[1];

function job(id: string, more: Partial<Job> = {}): Job {
	return {
		id,
		name: id,
		session: "default",
		run: 1,
		state: "running",
		createdAt: `2026-11-21T09:00:0${id}.000Z`,
		endedAt: null,
		...more,
	} as Job;
}

/** A promise that the test settles. */
function gate(): { readonly passed: Promise<void>; readonly pass: () => void } {
	let pass = (): void => {};
	const passed = new Promise<void>((resolve) => {
		pass = resolve;
	});
	return { passed, pass };
}

/** A library with jobs in memory. The test sends its events, and can delay its answers. */
class Library {
	readonly session: string;
	readonly jobs = new Map<string, Job>();
	/** How often it was closed, and the requests that came afterwards. */
	closed = 0;
	readonly askedWhenClosed: string[] = [];
	listing: Promise<void> | undefined;
	/** How many questions about a job are refused. */
	refusals = 0;
	readonly #events: LedgerEvent[] = [];
	#wake = (): void => {};

	constructor(session: string) {
		this.session = session;
	}

	tell(event: string, id: string): void {
		this.#events.push({ event, id, run: 1, name: id, at: new Date().toISOString() } as LedgerEvent);
		this.#wake();
	}

	async get(id: string): Promise<Job> {
		this.#asked("get");
		if (this.refusals-- > 0) throw new ChoreError("TOO_MANY_REQUESTS", "you ask for too much");
		const found = this.jobs.get(id);
		if (found === undefined) throw new ChoreError("JOB_NOT_FOUND", "there is no such job");
		return found;
	}

	async list(): Promise<readonly Job[]> {
		this.#asked("list");
		const found = [...this.jobs.values()];
		await this.listing;
		return found;
	}

	async *events({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<LedgerEvent> {
		while (!signal.aborted) {
			for (const event of this.#events.splice(0)) yield event;
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
				signal.addEventListener("abort", () => resolve(), { once: true });
			});
		}
	}

	sessions(): readonly string[] {
		return ["default"];
	}

	async *followSessions(): AsyncGenerator<string> {
		yield* this.sessions();
	}

	async capabilities(): Promise<void> {
		this.#asked("capabilities");
	}

	async close(): Promise<void> {
		this.closed++;
	}

	#asked(what: string): void {
		if (this.closed > 0) this.askedWhenClosed.push(what);
	}
}

/** A list of jobs, and every library that it opened, oldest first. */
function scene(prepare: (library: Library) => void = () => {}, opening: () => Promise<void> | undefined = () => undefined) {
	const opened: Library[] = [];
	const open: Open = async ({ session = "" } = {}) => {
		const library = new Library(session);
		opened.push(library);
		prepare(library);
		await opening();
		return library as unknown as Chore;
	};
	return { opened, list: new JobList(() => ({ session: "default", allSessions: false }), open) };
}

const ids = (jobs: readonly Job[]): string => jobs.map(({ id }) => id).join(" ");

describe("the jobs of a window", () => {
	test("are sorted: active ones first, by their start, then ended ones, by their end, the latest on top", async () => {
		const { list } = scene(({ jobs }) => {
			for (const one of [
				job("1", { state: "failed", endedAt: "2026-11-21T10:00:00.000Z" }),
				job("2"),
				job("3", { state: "succeeded", endedAt: "2026-11-21T11:00:00.000Z" }),
				job("4"),
			])
				jobs.set(one.id, one);
		});
		await list.ready();
		assert.equal(ids(list.all), "4 2 3 1");
		await list.dispose();
	});

	test("are sorted once after a change, however often they are read", async () => {
		const { list, opened } = scene(({ jobs }) => void jobs.set("1", job("1")));
		await list.ready();
		const first = list.all;
		assert.equal(list.all, first);
		opened[0]?.jobs.set("2", job("2"));
		await list.look(job("2"));
		assert.notEqual(list.all, first);
		assert.equal(ids(list.all), "2 1");
		await list.dispose();
	});

	test("keep an end that was reported while an older list was on its way", async () => {
		const { passed, pass } = gate();
		const { list, opened } = scene((library) => {
			library.jobs.set("1", job("1"));
			library.jobs.set("2", job("2"));
			library.listing = passed;
		});
		const ended: string[] = [];
		list.onDidEnd(({ id }) => ended.push(id));
		const ready = list.ready();
		const library = await eventually("the library is open", () => opened[0]);
		library.jobs.set("1", job("1", { state: "failed", endedAt: new Date().toISOString() }));
		library.jobs.delete("2");
		library.tell("exited", "1");
		library.tell("removed", "2");
		await eventually("the end is seen", () => ended.length === 1);
		pass();
		await ready;
		assert.deepEqual([list.get("1")?.state, list.get("2")], ["failed", undefined]);
		await list.dispose();
	});
});

test("a job is asked after again where the server took no more requests for the moment", async () => {
	const { list, opened } = scene(({ jobs }) => void jobs.set("1", job("1")));
	await list.ready();
	const [library] = opened;
	assert.ok(library);
	library.refusals = 1;
	library.jobs.set("1", job("1", { state: "failed", endedAt: new Date().toISOString() }));
	library.tell("exited", "1");
	await eventually("its end is shown", () => list.get("1")?.state === "failed");
	await list.dispose();
});

test("the end of a scheduled run is told, though its job goes on to wait", async () => {
	const { list, opened } = scene(({ jobs }) => void jobs.set("1", job("1")));
	const ended: string[] = [];
	list.onDidEnd(({ id, state }) => ended.push(`${id} ${state}`));
	await list.ready();
	opened[0]?.jobs.set("1", job("1", { state: "scheduled", result: "exit-code", endedAt: new Date().toISOString() }));
	opened[0]?.tell("exited", "1");
	await eventually("the end is told", () => ended.length > 0);
	assert.deepEqual(ended, ["1 scheduled"]);
	await list.dispose();
});

describe("the sessions of a window", () => {
	test("are opened once each, also if several callers ask for one at the same time", async () => {
		const { list, opened } = scene();
		await list.ready();
		const other = { session: "other" };
		const names = await Promise.all([1, 2, 3].map(() => list.use(other, async (chore) => (chore as unknown as Library).session)));
		assert.deepEqual(names, ["other", "other", "other"]);
		assert.deepEqual(
			opened.map(({ session }) => session),
			["default", "other"],
		);
		await list.dispose();
		assert.deepEqual(
			opened.map(({ closed }) => closed > 0),
			[true, true],
		);
	});

	test("are closed if the settings change while they are being opened, and the request is done on the new session", async () => {
		const { passed, pass } = gate();
		let count = 0;
		const { list, opened } = scene(undefined, () => (count++ === 1 ? passed : undefined));
		await list.ready();
		const used = list.use({ session: "other" }, async (chore) => opened.indexOf(chore as unknown as Library));
		await eventually("it is being opened", () => opened.length === 2);
		const refreshed = list.refresh();
		pass();
		await refreshed;
		const index = await used;
		assert.deepEqual(
			opened.map(({ closed, session }) => `${session} ${closed > 0 ? "closed" : "open"}`),
			["default closed", "other closed", "default open", "other open"],
		);
		assert.equal(index, 3);
		await list.dispose();
	});

	test("stay open while they are in use when the settings change, and are closed afterwards", async () => {
		const { list, opened } = scene(({ jobs }) => void jobs.set("1", job("1")));
		await list.ready();
		const { passed, pass } = gate();
		const used = list.use(job("1"), async (chore) => {
			await passed;
			return chore.get("1");
		});
		await eventually("it is in use", () => opened.length === 1);
		await new Promise((resume) => setImmediate(resume));
		await list.refresh();
		assert.equal(opened[0]?.closed, 0);
		pass();
		assert.equal((await used).id, "1");
		await eventually("it is closed", () => opened[0]?.closed === 1);
		await list.dispose();
		assert.deepEqual(
			opened.map(({ askedWhenClosed }) => askedWhenClosed),
			[[], []],
		);
	});
});

test("a window that shows all sessions shows one that is made later, and another one does not", async () => {
	await using home = await makeHome("posix", posix);
	const lists = [true, false].map((allSessions) => new JobList(() => ({ home: home.path, platform: "posix", allSessions })));
	const [all, own] = lists as [InstanceType<typeof JobList>, InstanceType<typeof JobList>];
	for (const list of lists) await list.ready();
	for (const session of ["later", "even-later"]) {
		const { id } = await home.open({ session }).run({ command: ["true"] });
		await eventually("its job is shown", () => all.get(id)?.state === "succeeded");
	}
	assert.deepEqual([all.all.length, all.failure, own.all, own.failure], [2, undefined, [], undefined]);
	for (const list of lists) await list.dispose();
});

test("opening and closing a window makes no state folder if there is none", async () => {
	const parent = mkdtempSync(join(tmpdir(), "chore-window-"));
	try {
		const list = new JobList(() => ({ home: join(parent, "state", "chore"), platform: "posix", allSessions: true }));
		await list.ready();
		assert.deepEqual([list.all, list.failure], [[], undefined]);
		await list.refresh();
		await list.dispose();
		assert.deepEqual(readdirSync(parent), []);
	} finally {
		rmSync(parent, { recursive: true });
	}
});
