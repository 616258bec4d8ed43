/** Prune forgets the ended jobs that it should, and no others. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { here } from "../../src/core/disk/place.ts";
import { clearPrograms, installProgram } from "../../src/core/disk/programs.ts";
import { openSession, type Session } from "../../src/core/disk/session.ts";
import { clearTrash } from "../../src/core/forget/clear.ts";
import type { PruneOptions } from "../../src/core/forget/prune.ts";
import { forget } from "../../src/core/forget/remove.ts";
import { begun } from "../support/begun.ts";
import { eventually, isEmpty } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { type Home, makeHome } from "../support/home.ts";
import { makePast } from "../support/past.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A home, its session, and a job in it that is over, of which others are copied. */
async function withModel(): Promise<{ readonly home: Home; readonly session: Session; readonly model: string } & AsyncDisposable> {
	const home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], name: "model" });
	await home.chore.wait(id);
	const session = openSession(home.path, "default");
	return { home, session, model: id, [Symbol.asyncDispose]: () => home[Symbol.asyncDispose]() };
}

function idsIn(session: Session): string[] {
	return readdirSync(session.jobs).sort();
}

test("options choose the jobs, those that ended first; a dry run reports the same and forgets nothing", async () => {
	await using made = await withModel();
	const { home, session, model } = made;
	const ages = [5, 24, 48, 24 * 29, 24 * 31];
	const [five, day, two, nearly, over] = ages.map((hoursAgo) => makePast(session, model, { hoursAgo, name: `h${hoursAgo}`, bytes: 1000 }));
	const kept = idsIn(session);
	for (const [options, gone] of [
		[{}, [over]],
		[{ olderThanMs: 2 * DAY_MS }, [over, nearly, two]],
		[{ olderThanMs: 365 * DAY_MS }, []],
		[{ keepJobs: 3 }, [over, nearly, two]],
		[{ keepJobs: 6, olderThanMs: 365 * DAY_MS }, []],
		[{ keepBytes: 2500, olderThanMs: 365 * DAY_MS }, [over, nearly, two]],
		[{ keepBytes: 0 }, [over, nearly, two, day, five]],
		[{ keepJobs: 0 }, [over, nearly, two, day, five, model]],
		[{ olderThanMs: 0 }, [over, nearly, two, day, five]],
		[{ all: true }, [over, nearly, two, day, five, model]],
	] as const satisfies readonly (readonly [PruneOptions, readonly (string | undefined)[]])[]) {
		const report = await home.chore.prune({ ...options, dryRun: true });
		const what = JSON.stringify(options);
		const ids = report.jobs.map(({ id }) => id);
		// The model ended just now, by a clock that ticks in hundredths of a second: whether that is 0 ms ago is chance.
		assert.deepEqual("olderThanMs" in options && options.olderThanMs === 0 ? ids.filter((id) => id !== model) : ids, gone, what);
		assert.equal(report.bytes, report.jobs.length * 1000 - (ids.includes(model) ? 1000 : 0), what);
		assert.deepEqual([report.dryRun, report.failures, idsIn(session)], [true, [], kept], what);
	}
	const { jobs, bytes, dryRun } = await home.chore.prune({ keepJobs: 3 });
	assert.deepEqual([jobs.map(({ id }) => id), bytes, dryRun], [[over, nearly, two], 3000, false]);
	assert.deepEqual(idsIn(session), [five, day, model].sort());
	assert.deepEqual(readdirSync(session.names).sort(), ["h24", "h5", "model"], "with their names");
	assert.deepEqual(readdirSync(session.trash), []);
	await home.chore.prune({ all: true });
	assert.deepEqual(
		(await home.chore.history()).map(({ name, removed }) => [name, removed]),
		[["model", true]],
	);
});

test("the limits of openChore are the defaults of the options", async () => {
	await using made = await withModel();
	const { home, session, model } = made;
	for (const hoursAgo of [2, 30, 60]) makePast(session, model, { hoursAgo, bytes: 100 });
	const count = async (options: object): Promise<number> => (await home.open(options).prune({ dryRun: true })).jobs.length;
	assert.deepEqual(await Promise.all([{}, { keepDays: 1 }, { keepJobs: 3 }, { keepBytes: 250 }].map(count)), [0, 2, 1, 1]);
});

test("wrong limits are refused", async () => {
	await using made = await withModel();
	const { chore } = made.home;
	for (const wrong of [
		{ olderThanMs: -1 },
		{ keepJobs: -1 },
		{ keepBytes: Number.NaN },
		{ all: true, keepJobs: 1 },
		{ all: true, olderThanMs: 0 },
	])
		await assert.rejects(chore.prune(wrong), { code: "INVALID_ARGUMENT" }, JSON.stringify(wrong));
	assert.equal(idsIn(made.session).length, 1);
});

test("prune forgets no job that is active, unknown, unreadable, or of a later version", async () => {
	await using made = await withModel();
	const { home, session, model } = made;
	const live = await home.chore.run({ command: ["sleep", "60"], name: "live" });
	const damaged = makePast(session, model, { hoursAgo: 9000 });
	writeFileSync(`${session.jobs}/${damaged}/job.json`, "{");
	const later = makePast(session, model, { hoursAgo: 9000 });
	const record = JSON.parse(readFileSync(`${session.jobs}/${later}/job.json`, "utf8"));
	writeFileSync(`${session.jobs}/${later}/job.json`, JSON.stringify({ ...record, format: 99 }));
	const elsewhere = makePast(session, model, { hoursAgo: 9000 });
	const run = `${session.jobs}/${elsewhere}/runs/1`;
	const place = JSON.parse(readFileSync(`${run}/run.json`, "utf8"));
	writeFileSync(`${run}/run.json`, JSON.stringify({ ...place, place: { ...here(), pidNamespace: "pid:[1]" } }));
	writeFileSync(`${run}/end.json`, "");
	writeFileSync(`${run}/exit`, " ".repeat(512));
	const { jobs, failures } = await home.chore.prune({ all: true });
	assert.deepEqual([jobs.map(({ id }) => id), failures], [[model], []]);
	assert.deepEqual(idsIn(session), [damaged, elsewhere, later, live.id].sort());
	assert.equal((await begun(() => home.chore.get(live.id))).id, live.id);
});

test("a job that ended just now is not forgotten for its age, however the wall clock was set", async () => {
	await using made = await withModel();
	const { home, session, model } = made;
	// Its end is recorded in uptime of this boot: the clock was years behind then, or is years ahead now.
	const young = makePast(session, model, { hoursAgo: 90_000, isOfThisBoot: true });
	const old = makePast(session, model, { hoursAgo: 90_000 });
	const future = makePast(session, model, { hoursAgo: -90_000 });
	const { jobs } = await home.chore.prune({ olderThanMs: DAY_MS });
	assert.deepEqual(
		jobs.map(({ id }) => id),
		[old],
	);
	assert.deepEqual(idsIn(session), [young, model, future].sort());
});

test("the age of a lost job counts from the moment at which it was found to be lost", async () => {
	await using made = await withModel();
	const { home, session, model } = made;
	const lost = makePast(session, model, { hoursAgo: 100 });
	const end = `${session.jobs}/${lost}/runs/1/end.json`;
	const job = JSON.parse(readFileSync(end, "utf8"));
	writeFileSync(end, JSON.stringify({ ...job, state: "lost", result: "lost", endedAt: null }));
	const gone = async (): Promise<number> => (await home.chore.prune({ olderThanMs: 99 * HOUR_MS, dryRun: true })).jobs.length;
	assert.equal(await gone(), 0);
	utimesSync(end, 0, (Date.now() - 100 * HOUR_MS) / 1000);
	assert.equal(await gone(), 1);
});

test("a job that is started again meanwhile is not forgotten", async () => {
	await using made = await withModel();
	const { home, session, model } = made;
	const job = await home.chore.get(model);
	const mark = `${session.active}/${model}`;
	writeFileSync(mark, JSON.stringify({ pid: process.pid, startTicks: null }));
	assert.deepEqual((await home.chore.prune({ all: true })).jobs, [], "another process has marked it");
	writeFileSync(mark, "");
	mkdirSync(`${session.jobs}/${model}/runs/2`);
	assert.equal(await forget(session, job), "started again", "its next run is there");
	assert.ok(existsSync(`${session.jobs}/${model}/runs/2`));
	assert.deepEqual([readdirSync(session.trash), existsSync(mark)], [[], true]);
	assert.equal(await forget(session, { ...job, run: 2 }), "forgotten");
	assert.equal(await forget(session, { ...job, run: 2 }), "gone");
});

test("names whose holders are gone are freed and can be taken", async () => {
	await using made = await withModel();
	const { home, session, model } = made;
	const claim = (name: string, number: number, id: string): void => {
		mkdirSync(`${session.names}/${name}`, { recursive: true, mode: 0o700 });
		symlinkSync(id, `${session.names}/${name}/${number}`);
	};
	const gone = "01900000-0000-7000-8000-000000000000";
	const beingMade = "01900000-0000-7000-8000-000000000001";
	claim("orphan", 7, gone);
	claim("damaged", 1, "no id");
	claim("being-made", 1, beingMade);
	writeFileSync(`${session.active}/${beingMade}`, JSON.stringify({ pid: process.pid, startTicks: null }));
	mkdirSync(`${session.names}/empty`, { mode: 0o700 });
	makePast(session, model, { hoursAgo: 10_000, name: "old" });
	const kept = makePast(session, model, { hoursAgo: 10, name: "held" });
	await home.chore.prune();
	assert.deepEqual(readdirSync(session.names).sort(), ["being-made", "damaged", "held", "model"]);
	for (const name of ["orphan", "old"]) assert.equal((await home.chore.run({ command: ["true"], name })).name, name);
	assert.equal((await home.chore.get("held")).id, kept);
});

test("a name means an older job when the last job of that name is removed", async () => {
	await using made = await withModel();
	const { home, session, model } = made;
	const older = makePast(session, model, { hoursAgo: 3, name: "web" });
	const newer = makePast(session, model, { hoursAgo: 2, name: "web" });
	assert.equal((await home.chore.get("web")).id, newer);
	await home.chore.remove("web");
	assert.equal((await home.chore.get("web")).id, older);
	await home.chore.remove("web");
	await assert.rejects(home.chore.get("web"), { code: "JOB_NOT_FOUND" });
});

test("a claim of a name that was freed and taken meanwhile fails", async () => {
	const asked = gate();
	const answer = gate();
	let isSlow = false;
	await using home = await makeHome("fake", {
		...fakePlatform,
		open: async (context) => {
			const platform = await fakePlatform.open(context);
			const { inspect } = platform;
			platform.inspect = async (...given) => {
				if (isSlow) {
					isSlow = false;
					asked.open();
					await answer.passed;
				}
				return inspect.apply(platform, given);
			};
			return platform;
		},
	});
	const first = await home.chore.run({ command: ["sleep", "60"], name: "web" });
	isSlow = true;
	const slow = home.open().run({ command: ["sleep", "60"], name: "web" });
	await asked.passed;
	await home.chore.remove(first.id, { force: true });
	assert.equal(existsSync(`${home.path}/default/names/web`), false);
	const second = await home.chore.run({ command: ["sleep", "60"], name: "web" });
	answer.open();
	await assert.rejects(slow, { code: "NAME_IN_USE" });
	assert.equal((await home.chore.get("web")).id, second.id);
});

function gate(): { readonly passed: Promise<void>; open(): void } {
	let open = (): void => {};
	const passed = new Promise<void>((resolve) => {
		open = resolve;
	});
	return { passed, open: () => open() };
}

test("files in the trash are deleted after an hour, not before, and in passing by another process", async () => {
	await using made = await withModel();
	const { session } = made;
	const left = async (nowMs: number, inPassing = false): Promise<string[]> => {
		await clearTrash(session, { nowMs, inPassing });
		return readdirSync(session.trash).sort();
	};
	const fill = (): void => {
		writeFileSync(`${session.trash}/claim`, "");
		mkdirSync(`${session.trash}/new-job/runs/1`, { recursive: true });
	};
	fill();
	const later = Date.now() + 1.1 * HOUR_MS;
	assert.deepEqual(await left(Date.now() + 0.9 * HOUR_MS), ["claim", "new-job"]);
	assert.deepEqual(await left(Date.now() - 9000 * HOUR_MS), ["claim", "new-job"], "a clock that was set back");
	assert.deepEqual(await left(later), []);
	fill();
	const { PATH } = process.env;
	try {
		process.env["PATH"] = "/nowhere";
		assert.deepEqual(await left(later, true), ["claim", "new-job"], "this process deletes nothing itself");
	} finally {
		process.env["PATH"] = PATH;
	}
	await left(later, true);
	await eventually("nothing is left", () => readdirSync(session.trash), isEmpty);
});

test("shell programs without a start for a month are deleted unless a job is active, and installed again when used", async () => {
	await using made = await withModel();
	const { home } = made;
	const folder = `${home.path}/libexec`;
	const path = installProgram(home.path, "shim", "true\n");
	const later = Date.now() + 31 * DAY_MS;
	clearPrograms(home.path, Date.now() + 29 * DAY_MS);
	assert.ok(existsSync(path));
	const live = await home.open({ session: "other" }).run({ command: ["sleep", "60"] });
	clearPrograms(home.path, later);
	assert.ok(existsSync(path), "a job of another session may refer to it");
	await home.open({ session: "other" }).remove(live.id, { force: true });
	clearPrograms(home.path, later);
	assert.deepEqual(readdirSync(folder), []);
	assert.equal(installProgram(home.path, "shim", "true\n"), path);
	assert.equal(readFileSync(path, "utf8"), "true\n");
	const old = new Date(Date.now() - 40 * DAY_MS);
	utimesSync(dirname(path), old, old);
	installProgram(home.path, "shim", "true\n");
	assert.ok(Date.now() - statSync(dirname(path)).mtimeMs < DAY_MS, "it is in use");
});
