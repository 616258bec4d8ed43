/** The sweep: a little pruning after each command, and never of young jobs. */
import assert from "node:assert/strict";
import {
	constants,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	truncateSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { tmpdir, uptime } from "node:os";
import { test } from "node:test";
import { here } from "../../src/core/disk/place.ts";
import { openSession, type Session } from "../../src/core/disk/session.ts";
import type { ChoreOptions } from "../../src/core/options.ts";
import { eventually, isEmpty } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { type Home, makeHome } from "../support/home.ts";
import { intercept } from "../support/intercept.ts";
import { makePast } from "../support/past.ts";

const HOUR_MS = 3_600_000;

interface Made extends AsyncDisposable {
	readonly home: Home;
	readonly session: Session;
	readonly model: string;
	/** As commands do that list the jobs, until there is nothing more to do: on a busy machine one may not be enough. */
	pass(options?: ChoreOptions): Promise<void>;
	left(): string[];
}

/** A session with one job that is over, in which no command has pruned in passing yet. */
async function withModel(): Promise<Made> {
	const home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], name: "model" });
	await home.chore.wait(id);
	const session = openSession(home.path, "default");
	return {
		home,
		session,
		model: id,
		pass: async (options = {}) => {
			for (let isDone = false; !isDone; isDone = isResting(session)) {
				const chore = home.open(options);
				await chore.list();
				await chore.close();
			}
		},
		left: () => readdirSync(session.jobs).sort(),
		[Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
	};
}

/** As if the last look had been long ago, and the clock steady for so many hours. */
function due(session: Session, { steadyHours = 2, changes = {} }: { steadyHours?: number; changes?: object } = {}): void {
	const uptimeMs = uptime() * 1000;
	const clock = { bootId: here().bootId, offsetMs: Date.now() - uptimeMs, steadySinceMs: uptimeMs - steadyHours * HOUR_MS };
	const empty = { next: [], after: "", jobs: 0, bytes: 0, oldest: [], going: [], isMore: false };
	writeFileSync(`${session.folder}/sweep.json`, JSON.stringify({ format: 1, restUntilMs: 0, clock, ...empty, ...changes }));
}

function sweep(session: Session): { restUntilMs: number; clock: { steadySinceMs: number }; going: unknown[] } {
	return JSON.parse(readFileSync(`${session.folder}/sweep.json`, "utf8"));
}

/** Whether the next command has nothing to do; also where that cannot be known. */
function isResting(session: Session): boolean {
	try {
		return sweep(session).restUntilMs !== 0;
	} catch {
		return true;
	}
}

test("the sweep forgets jobs beyond the limits, those that ended first, and none of the last hour", async () => {
	for (const [options, gone] of [
		[{}, ["old"]],
		[{ keepDays: 1 }, ["old", "days"]],
		[{ keepJobs: 4 }, ["old"]],
		[{ keepJobs: 3 }, ["old", "days"]],
		[{ keepJobs: 0 }, ["old", "days", "hours"]],
		[{ keepBytes: 2500 }, ["old", "days"]],
		[{ keepBytes: 0, keepDays: 0 }, ["old", "days", "hours"]],
		[{ keepDays: 400 }, []],
	] as const) {
		await using made = await withModel();
		const { session, model } = made;
		const ids = new Map(
			(
				[
					["old", 31 * 24],
					["days", 48],
					["hours", 1.1],
					["young", 0.9],
				] as const
			).map(([name, hoursAgo]) => [makePast(session, model, { hoursAgo, name, bytes: 1000 }), name as string]),
		);
		due(session);
		await made.pass(options);
		const left = new Set(made.left());
		assert.deepEqual(
			[...ids].filter(([id]) => !left.has(id)).map(([, name]) => name),
			gone,
			JSON.stringify(options),
		);
		assert.ok(left.has(model));
		assert.deepEqual(
			readdirSync(session.names).sort(),
			["model", ...ids.values()].filter((name) => !(gone as readonly string[]).includes(name)).sort(),
		);
		assert.deepEqual(readdirSync(session.trash), []);
		assert.ok(sweep(session).restUntilMs > Date.now() + 0.9 * HOUR_MS, "then there is nothing to do for a while");
	}
});

test("a big output is deleted by another process, which only a command that was asked to forget the job waits for", async () => {
	await using made = await withModel();
	const { home, session, model } = made;
	const folder = mkdtempSync(`${tmpdir()}/chore-rm-`);
	// An rm(1) that begins when it may.
	writeFileSync(`${folder}/rm`, `#!/bin/sh\nwhile [ -d ${folder} ] && ! [ -e ${folder}/go ]; do sleep 0.01; done\nexec /bin/rm "$@"\n`, {
		mode: 0o755,
	});
	const { PATH } = process.env;
	try {
		process.env["PATH"] = `${folder}:${PATH}`;
		const makeBig = (name: string): string => {
			const id = makePast(session, model, { hoursAgo: 10_000, name });
			truncateSync(`${session.jobs}/${id}/runs/1/output`, 300 * 1024 ** 2);
			return id;
		};
		makeBig("swept");
		due(session);
		await made.pass();
		assert.deepEqual([made.left(), readdirSync(session.names)], [[model], ["model"]]);
		assert.equal(readdirSync(session.trash).length, 1, "its files are there yet");
		const removed = home.chore.remove(makeBig("removed"));
		await eventually("both jobs are in the trash", () => readdirSync(session.trash).length, 2);
		writeFileSync(`${folder}/go`, "");
		await removed;
		await eventually("nothing is left", () => readdirSync(session.trash), isEmpty);
		assert.deepEqual(made.left(), [model]);
	} finally {
		process.env["PATH"] = PATH;
		rmSync(folder, { recursive: true });
	}
});

test("a command that only gets one job does not sweep, and neither does one soon after a whole sweep", async () => {
	await using made = await withModel();
	const { home, session, model } = made;
	due(session);
	const before = readFileSync(`${session.folder}/sweep.json`, "utf8");
	const chore = home.open();
	await chore.get(model);
	for await (const _ of chore.logs(model)) {
	}
	await chore.history();
	await chore.close();
	assert.equal(readFileSync(`${session.folder}/sweep.json`, "utf8"), before);
	await made.pass();
	const after = readFileSync(`${session.folder}/sweep.json`, "utf8");
	makePast(session, model, { hoursAgo: 10_000 });
	await made.pass();
	assert.equal(readFileSync(`${session.folder}/sweep.json`, "utf8"), after);
	assert.equal(made.left().length, 2);
});

test("the sweep forgets nothing before the clock has been steady for an hour of this boot", async () => {
	await using made = await withModel();
	const { session, model } = made;
	makePast(session, model, { hoursAgo: 10_000 });
	const uptimeMs = uptime() * 1000;
	const offsetMs = Date.now() - uptimeMs;
	const longAgo = uptimeMs - 9 * HOUR_MS;
	for (const [what, prepare] of [
		["the first command ever", () => {}],
		["half an hour", () => due(session, { steadyHours: 0.5 })],
		["another boot", () => due(session, { changes: { clock: { bootId: "another", offsetMs, steadySinceMs: longAgo } } })],
		[
			"set forward by a month",
			() => due(session, { changes: { clock: { bootId: here().bootId, offsetMs: offsetMs - 720 * HOUR_MS, steadySinceMs: longAgo } } }),
		],
		[
			"set back by two minutes",
			() => due(session, { changes: { clock: { bootId: here().bootId, offsetMs: offsetMs + 120_000, steadySinceMs: longAgo } } }),
		],
		[
			"set back, so that it would rest for years",
			() =>
				due(session, {
					changes: { restUntilMs: Date.now() + 99_999 * HOUR_MS, clock: { bootId: "another", offsetMs, steadySinceMs: longAgo } },
				}),
		],
		["nonsense", () => writeFileSync(`${session.folder}/sweep.json`, '{"format":1,"going":[{"id":"../../x"}]}')],
		["an empty file", () => writeFileSync(`${session.folder}/sweep.json`, "")],
	] as const) {
		prepare();
		await made.pass();
		assert.equal(made.left().length, 2, what);
		const { restUntilMs } = sweep(session);
		assert.ok(restUntilMs > Date.now() && restUntilMs <= Date.now() + HOUR_MS, `${what}: it is looked at again within the hour`);
	}
	due(session, { changes: { clock: { bootId: here().bootId, offsetMs: offsetMs + 30_000, steadySinceMs: longAgo } } });
	await made.pass();
	assert.deepEqual(made.left(), [model], "half a minute is drift");
});

test("a young job does not go for its age, however the wall clock was set when it ended or is set now", async () => {
	await using made = await withModel();
	const { session, model } = made;
	makePast(session, model, { hoursAgo: 90_000, isOfThisBoot: true });
	makePast(session, model, { hoursAgo: -90_000 });
	const seenLate = makePast(session, model, { hoursAgo: 90_000 });
	utimesSync(`${session.jobs}/${seenLate}/runs/1/end.json`, new Date(), new Date()); // its end was found just now
	due(session);
	await made.pass({ keepDays: 1 });
	due(session);
	await made.pass({ keepJobs: 0 });
	assert.equal(made.left().length, 4);
});

test("the sweep forgets no job that is active, unreadable, of a later version, or was started again meanwhile", async () => {
	await using made = await withModel();
	const { home, session, model } = made;
	const past = (): string => makePast(session, model, { hoursAgo: 9000 });
	const live = await home.chore.run({ command: ["sleep", "60"], name: "live" });
	const [marked, damaged, later, again] = [past(), past(), past(), past()];
	const change = (id: string, fields: object): void => {
		const path = `${session.jobs}/${id}/job.json`;
		writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...fields }));
	};
	writeFileSync(`${session.active}/${marked}`, JSON.stringify({ pid: process.pid, startTicks: null }));
	writeFileSync(`${session.jobs}/${damaged}/job.json`, "{");
	change(later, { format: 99 });
	due(session, { changes: { going: [{ id: again, endedAtMs: 0, bytes: 0, leastAgeMs: 0 }] } });
	await made.pass(); // what was to go has changed since it was looked at
	assert.ok(existsSync(`${session.jobs}/${again}`));
	mkdirSync(`${session.jobs}/${again}/runs/2`);
	due(session);
	await made.pass({ keepJobs: 0 });
	assert.deepEqual(made.left(), [live.id, model, marked, damaged, later, again].sort());
});

test("the sweep leaves the file of a later version alone", async () => {
	await using made = await withModel();
	const { session, model } = made;
	makePast(session, model, { hoursAgo: 9000 });
	const text = '{"format":2,"plan":"another"}';
	writeFileSync(`${session.folder}/sweep.json`, text);
	await made.pass();
	assert.equal(readFileSync(`${session.folder}/sweep.json`, "utf8"), text);
	assert.equal(made.left().length, 2);
});

test("with many jobs the sweep takes several commands, each a short time, and ends", async (context) => {
	await using made = await withModel();
	const { session, model } = made;
	for (let index = 0; index < 250; index++) makePast(session, model, { hoursAgo: 2000 - index, name: `past-${index}`, bytes: 1 });
	due(session);
	const gone: number[] = [];
	while (!isResting(session)) {
		assert.ok(gone.length < 2000, "it comes to its end");
		const chore = made.home.open({ keepJobs: 50, keepDays: 10_000 });
		await chore.wait(model);
		const before = made.left().length;
		// By this clock each look at the time, which is one a job, takes a millisecond: no command may take more than 20.
		let nowMs = performance.now();
		const clock = context.mock.method(performance, "now", () => nowMs++);
		await chore.close();
		clock.mock.restore();
		gone.push(before - made.left().length);
	}
	assert.equal(made.left().length, 50);
	assert.ok(made.left().includes(model), "the last that ended are left");
	assert.equal(readdirSync(session.names).length, 50);
	assert.ok(gone.length >= 10, `${gone.length} commands`);
	assert.ok(Math.max(...gone) <= 20, `so many jobs went behind each: ${gone}`);
});

test("a state folder that cannot be written does not keep a command from its answer", async () => {
	await using made = await withModel();
	const { session } = made;
	rmSync(`${session.folder}/sweep.json`, { force: true });
	mkdirSync(`${session.folder}/sweep.json`);
	await made.pass();
	rmSync(`${session.folder}/sweep.json`, { recursive: true });
	await made.pass();
	assert.ok(existsSync(`${session.folder}/sweep.json`));
});

test("a command that lists a session does not make its folder", async () => {
	await using made = await withModel();
	const chore = made.home.open({ session: "never" });
	await chore.list();
	await chore.close();
	assert.equal(existsSync(`${made.home.path}/never`), false);
});

test("a command that lists a session without jobs does not try to make a file", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const made: string[] = [];
	using _ = intercept("openSync", (original) => (path, flags, mode) => {
		if (typeof flags === "number" && (flags & constants.O_CREAT) !== 0) made.push(String(path));
		return original(path, flags, mode);
	});
	const chore = home.open({ session: "never" });
	assert.deepEqual(await chore.list(), []);
	await chore.close();
	assert.deepEqual([made, readdirSync(home.path)], [[], []]);
});
