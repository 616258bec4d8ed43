import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { PlatformModule } from "../../platform/contract.ts";
import { allEvents, type LedgerEvent, newEvents, parseLine, recentEvents, record } from "../../src/core/disk/ledger.ts";
import { makeSession, openSession, type Session } from "../../src/core/disk/session.ts";
import type { Job } from "../../src/core/job.ts";
import { above, eventually, HANGS_MS } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";
import { fc } from "../support/random.ts";

/** Ids of jobs that were never there. */
const [X, Y, OLD, END] = ["1", "2", "3", "4"].map(idOf) as [string, string, string, string];

function idOf(digits: string): string {
	return `01a1fc70-44ee-7058-9aa9-${digits.padStart(12, "0")}`;
}

test("every whole line is read, at whatever byte a crash cut the file", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = openSession(home.path, "default");
	makeSession(session);
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(1200), (count, cut) => {
			writeFileSync(session.ledger, "");
			for (let run = 1; run <= count; run++) record(session, { id: X, run, name: "n" }, "created", { command: ["a\nb", "é 漢"] });
			const all = recentEvents(session, 1e6);
			assert.equal(all.length, count);
			truncateSync(session.ledger, Math.min(cut, 100 * count));
			const rest = recentEvents(session, 1e6);
			assert.deepEqual(rest, all.slice(0, rest.length));
			// The next line stands behind what is left of the one that was cut.
			record(session, { id: Y, run: 1, name: "n" }, "exited");
			assert.deepEqual(
				recentEvents(session, 1e6).map(({ id }) => id),
				[...rest.map(({ id }) => id), Y],
			);
		}),
		{ numRuns: 50 },
	);
});

test("a line stays below 4 kB as it is written, however long the command or the reason, and whatever is in them", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = openSession(home.path, "default");
	makeSession(session);
	const name = "n".repeat(64);
	for (const [index, text] of ["x", "\u0001", "\ud800", "漢", "👩", '"'].entries()) {
		const run = index + 1;
		record(session, { id: X, run, name }, "created", { command: Array.from({ length: 5000 }, () => text.repeat(500)) });
		record(session, { id: X, run, name }, "lost", { reason: text.repeat(3000), by: "somebody@somewhere" });
		const [created, lost, ...others] = readFileSync(session.ledger, "utf8")
			.trimEnd()
			.split("\n")
			.slice(-2)
			.map((line) => {
				assert.ok(Buffer.byteLength(line) < 4096, `${JSON.stringify(text)}: ${Buffer.byteLength(line)}`);
				return parseLine(line)[0];
			});
		assert.deepEqual([created?.run, created?.name, lost?.run, lost?.name, others.length], [run, name, run, name, 0]);
		assert.equal(created?.command?.at(-1), "…");
		assert.ok(lost?.reason, "as much of it as there is room for");
	}
});

/** Fills the ledger up, but for so many bytes, with events of a job of long ago. */
function fill(session: Session, freeBytes: number): void {
	const wanted = 16 * 1024 * 1024 - freeBytes;
	let text = "";
	for (let run = 1; text.length < wanted; run++) {
		const line = JSON.stringify({ at: "2020-01-01T00:00:00.000Z", event: "exited", id: OLD, run, name: "n", reason: "x".repeat(860) });
		text += `${line.padEnd(Math.min(1000, wanted - text.length) - 1)}\n`.slice(-(wanted - text.length));
	}
	writeFileSync(session.ledger, text);
	assert.equal(statSync(session.ledger).size, wanted);
}

async function eventsOf(session: Session): Promise<LedgerEvent[]> {
	const events: LedgerEvent[] = [];
	for await (const some of allEvents(session)) events.push(...some);
	return events;
}

function ledgers(session: Session): string[] {
	return readdirSync(session.folder)
		.filter((name) => name.startsWith("ledger"))
		.sort();
}

test("a full ledger is renamed, the next line begins another, and all are read in the order of writing", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = openSession(home.path, "default");
	makeSession(session);
	fill(session, 150);
	record(session, { id: X, run: 1, name: "last-in-the-old" }, "created");
	assert.deepEqual(ledgers(session), ["ledger.jsonl"]);
	record(session, { id: X, run: 1, name: "one-too-many" }, "started");
	assert.deepEqual(ledgers(session), ["ledger.1.jsonl"]);
	record(session, { id: X, run: 1, name: "first-in-the-new" }, "exited");
	assert.deepEqual(ledgers(session), ["ledger.1.jsonl", "ledger.jsonl"]);
	const names = ["last-in-the-old", "one-too-many", "first-in-the-new"];
	assert.deepEqual(
		(await eventsOf(session)).slice(-3).map(({ name }) => name),
		names,
	);
	assert.deepEqual(
		recentEvents(session, 128 * 1024)
			.slice(-3)
			.map(({ name }) => name),
		names,
	);
});

test("the last four full ledgers are kept", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = openSession(home.path, "default");
	makeSession(session);
	for (let run = 1; run <= 7; run++) {
		fill(session, 10);
		record(session, { id: X, run, name: "n" }, "created");
	}
	assert.deepEqual(
		ledgers(session),
		[4, 5, 6, 7].map((number) => `ledger.${number}.jsonl`),
	);
});

test("a rename that a crash interrupted is made with the next line", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = openSession(home.path, "default");
	makeSession(session);
	fill(session, 10);
	const taken = `${session.folder}/ledger.1.jsonl`;
	writeFileSync(taken, "");
	record(session, { id: X, run: 1, name: "n" }, "created");
	assert.deepEqual(ledgers(session), ["ledger.1.jsonl", "ledger.jsonl"], "another process is about to rename it");
	utimesSync(taken, 0, 0);
	record(session, { id: X, run: 1, name: "n" }, "started");
	assert.deepEqual(ledgers(session), ["ledger.1.jsonl", "ledger.2.jsonl"]);
	assert.equal((await eventsOf(session)).at(-1)?.id, X);
});

test("processes that write while the ledger is renamed lose no line, and a follower gives each once", { timeout: HANGS_MS }, async () => {
	const [writers, lines] = [4, 3500];
	await using home = await makeHome("fake", fakePlatform);
	const over = new AbortController();
	const seen: LedgerEvent[] = [];
	const following = (async () => {
		for await (const event of home.open().events({ follow: true, signal: over.signal })) seen.push(event);
	})();
	const program = `
		const { record } = await import(${JSON.stringify(new URL("../../src/core/disk/ledger.js", import.meta.url).href)});
		const { makeSession, openSession } = await import(${JSON.stringify(new URL("../../src/core/disk/session.js", import.meta.url).href)});
		const session = openSession(process.argv[1], "default");
		makeSession(session);
		const job = { id: process.argv[2], run: 0, name: "n" };
		for (let run = 1; run <= ${lines}; run++) record(session, { ...job, run }, "created", { reason: "x".repeat(3800) });
	`;
	const children = Array.from({ length: writers }, (_, index) =>
		spawn(process.execPath, ["--input-type=module", "-e", program, home.path, idOf(`${index + 10}`)], { stdio: "inherit" }),
	);
	const statuses = await Promise.all(children.map((child) => new Promise((resolve) => child.once("exit", resolve))));
	assert.deepEqual(statuses, Array(writers).fill(0));
	const session = openSession(home.path, "default");
	assert.ok(ledgers(session).length >= 4, `${ledgers(session)}`);
	await eventually("all lines are told", () => seen.length, above(writers * lines - 1));
	record(session, { id: END, run: 1, name: "n" }, "created");
	await eventually("the last line is told", () => seen.at(-1)?.id, END);
	over.abort();
	await following;
	for (const events of [seen, await eventsOf(session)]) {
		for (let index = 0; index < writers; index++) {
			const runs = events.filter(({ id }) => id === idOf(`${index + 10}`)).map(({ run }) => run);
			assert.deepEqual(
				runs,
				Array.from({ length: lines }, (_, run) => run + 1),
			);
		}
	}
});

test("a follower reads a ledger to its end that is renamed or deleted meanwhile", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = openSession(home.path, "default");
	makeSession(session);
	const over = new AbortController();
	const seen: number[] = [];
	const following = (async () => {
		for await (const { run } of home.chore.events({ follow: true, signal: over.signal })) seen.push(run);
	})();
	const write = (run: number, name = "name"): void => record(session, { id: X, run, name }, "created");
	const until = (run: number): Promise<unknown> => eventually(`event ${run} is told`, () => seen.includes(run));
	write(1);
	await until(1);
	renameSync(session.ledger, `${session.folder}/ledger.1.jsonl`);
	write(2);
	await until(2);
	// Its writer had opened it before it was renamed.
	appendFileSync(`${session.folder}/ledger.1.jsonl`, `${JSON.stringify({ at: "", event: "created", id: X, run: 3, name: "n" })}\n`);
	await until(3);
	write(4);
	rmSync(session.ledger);
	write(5);
	await until(5);
	truncateSync(session.ledger);
	write(6, "n");
	await until(6);
	over.abort();
	await following;
	assert.deepEqual(seen, [1, 2, 3, 4, 5, 6]);
});

test("an event that is written while events are followed is given, whatever its time", async () => {
	for (const [since, past] of [
		["now", []],
		[new Date(), [2]],
		[undefined, [1, 2, 3]],
	] as const) {
		await using home = await makeHome("fake", fakePlatform);
		const session = openSession(home.path, "default");
		makeSession(session);
		const write = (at: string, run: number): void =>
			appendFileSync(session.ledger, `${JSON.stringify({ at, event: "created", id: X, run, name: "n" })}\n`);
		write("2020-01-01T00:00:00.000Z", 1);
		write("2100-01-01T00:00:00.000Z", 2);
		write("no time at all", 3);
		const over = new AbortController();
		const seen: number[] = [];
		const following = (async () => {
			for await (const { run } of home.chore.events({ follow: true, since, signal: over.signal })) seen.push(run);
		})();
		let run = 1000;
		await eventually("what comes is told, although the clock was set back", () => {
			write("2020-01-01T00:00:00.000Z", ++run);
			return seen.some((one) => one > 1000);
		});
		over.abort();
		await following;
		assert.deepEqual(
			seen.filter((one) => one < 1000),
			past,
		);
	}
});

test("following from now on reads the end of the ledger only, and each event since once", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = openSession(home.path, "default");
	makeSession(session);
	const line = (run: number): string => `${JSON.stringify({ at: "2026-01-01T00:00:00.000Z", event: "created", id: X, run, name: "n" })}\n`;
	writeFileSync(session.ledger.replace("jsonl", "1.jsonl"), line(1).repeat(40_000));
	writeFileSync(session.ledger, line(2).repeat(40_000));
	const bytesRead = (): number => Number(/^rchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
	const before = bytesRead();
	const over = new AbortController();
	const seen: number[] = [];
	const following = (async () => {
		for await (const { run } of home.chore.events({ follow: true, since: "now", signal: over.signal })) seen.push(run);
	})();
	// Once more what was the last, as by two processes that settle the same end; then something new.
	await eventually("what comes is told", () => {
		appendFileSync(session.ledger, `${line(2)}${line(3)}`);
		return seen.length > 0;
	});
	// The full file is renamed, and the one that wrote to it last has not noticed.
	renameSync(session.ledger, session.ledger.replace("jsonl", "2.jsonl"));
	writeFileSync(session.ledger, line(4));
	appendFileSync(session.ledger.replace("jsonl", "2.jsonl"), line(5));
	await eventually("both files are followed", () => [...seen].sort().join(), "3,4,5");
	over.abort();
	await following;
	const bytes = bytesRead() - before;
	assert.ok(bytes < 2_000_000, `${bytes} bytes were read of ${2 * 40_000 * line(1).length}`);
});

test("parseLine throws for no text", () => {
	fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseLine(text)));
});

test("each verb writes its event, and two processes that settle the same end give the reader one", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const job = await home.chore.run({ command: ["sleep", "60"], name: "web" });
	await Promise.all([home.chore.stop(job.id), home.open().stop(job.id)]);
	await home.chore.remove(job.id);
	const kinds: string[] = [];
	for await (const event of home.chore.events()) kinds.push(event.event);
	assert.deepEqual(kinds, ["created", "started", "stopped", "exited", "removed"]);
});

test("followed events come as they happen, each once, also ends that no other process waits for", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const over = new AbortController();
	const seen: string[] = [];
	const following = (async () => {
		for await (const event of home.open().events({ follow: true, signal: over.signal })) seen.push(event.event);
	})();
	await home.chore.run({ command: ["sleep", "0.2"] });
	await eventually("the end is told", () => seen.includes("exited"));
	over.abort();
	await following;
	assert.deepEqual(seen, ["created", "started", "exited"]);
});

test("all who follow a session wait for each job once, and are told of all of them, also those who come later", async () => {
	let [watches, over] = [0, 0];
	const module: PlatformModule = {
		...fakePlatform,
		open: async (given) => {
			const platform = await fakePlatform.open(given);
			const watch = platform.watch.bind(platform);
			platform.watch = async (...handles) => {
				watches++;
				const watching = await watch(...handles);
				return {
					async [Symbol.asyncDispose]() {
						await watching[Symbol.asyncDispose]();
						over++;
					},
				};
			};
			return platform;
		},
	};
	await using home = await makeHome("fake", module);
	const jobs = await Promise.all(["one", "two"].map((name) => home.chore.run({ command: ["sleep", "60"], name })));
	const control = new AbortController();
	const told: string[][] = [];
	const follow = async (signal: AbortSignal): Promise<void> => {
		const mine: string[] = [];
		told.push(mine);
		const onChange = ({ name }: Job): void => void (mine.includes(name) || mine.push(name));
		for await (const { event, name } of home.chore.events({ follow: true, since: "now", onChange, signal })) mine.push(`${name} ${event}`);
	};
	const first = new AbortController();
	const following = [follow(first.signal), ...Array.from({ length: 9 }, () => follow(control.signal))];
	await eventually("all know the jobs", () => told.every((mine) => mine.length === 2));
	following.push(follow(control.signal));
	await eventually("one who comes later, too", () => told.every((mine) => mine.length === 2));
	first.abort();
	await following[0];
	for (const { id } of jobs) await home.chore.kill(id, { signal: "SIGKILL" });
	const ends = jobs.map(({ name }) => `${name} exited`);
	await eventually("all who are left see the ends", () => told.slice(1).every((mine) => ends.every((end) => mine.includes(end))));
	control.abort();
	await Promise.all(following);
	assert.deepEqual([watches, over], [2, 2]);
	assert.deepEqual(told[0]?.sort(), ["one", "two"]);
});

test("following events makes no folder, and tells of the first job that is made, however often the state is deleted", async () => {
	await using parent = await makeHome("fake", fakePlatform);
	const home = join(parent.path, "not", "there");
	const chore = parent.open({ home });
	const told: string[] = [];
	const over = new AbortController();
	const following = (async () => {
		for await (const { event, name } of parent.open({ home }).events({ follow: true, signal: over.signal })) told.push(`${name} ${event}`);
	})();
	try {
		for (const name of ["first", "second"]) {
			// Two turns of the event loop: the follower is at rest, or would have made what it makes.
			for (let turn = 0; turn < 2; turn++) await new Promise((resume) => setImmediate(resume));
			assert.deepEqual(readdirSync(parent.path), []);
			const job = await chore.run({ command: ["true"], name });
			await eventually("its end is told", () => told.includes(`${name} exited`));
			await chore.remove(job.id);
			rmSync(join(parent.path, "not"), { recursive: true });
		}
	} finally {
		over.abort();
		await following;
	}
	assert.deepEqual(
		told.filter((event) => event.endsWith("created")),
		["first created", "second created"],
	);
});

test("an end is given after its start, also if the creator has not noted the start", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = openSession(home.path, "default");
	const job = await home.chore.run({ command: ["true"] });
	const run = `${session.jobs}/${job.id}/runs/1`;
	await eventually("it is over", async () => (await home.chore.get(job.id)).state, "succeeded");
	// As it is between the start by the platform and the creator's note of it.
	rmSync(`${run}/end.json`);
	rmSync(`${run}/told`);
	writeFileSync(`${session.active}/${job.id}`, JSON.stringify({ pid: process.pid, startTicks: null }));
	writeFileSync(session.ledger, "");
	assert.equal((await home.open().get(job.id)).state, "succeeded");
	record(session, job, "started", { platform: "fake" });
	assert.deepEqual(
		(await eventsOf(session)).map(({ event }) => event),
		["started", "exited"],
	);
});

test("events from a moment on leave out earlier ones", async () => {
	await using home = await makeHome("fake", fakePlatform);
	await home.chore.wait((await home.chore.run({ command: ["true"] })).id);
	const since = new Date(Date.now() + 1);
	await eventually("the clock moved on", () => Date.now(), above(since.getTime()));
	const job = await home.chore.run({ command: ["true"] });
	await home.chore.wait(job.id);
	const ids = new Set<string>();
	for await (const event of home.chore.events({ since })) ids.add(event.id);
	assert.deepEqual([...ids], [job.id]);
});

test("a follower of events remembers a bounded number of them, and gives an event once that is written twice in a row", () => {
	const seen = new Set<string>();
	const line = (number: number): string =>
		JSON.stringify({
			at: "2026-11-21T09:00:00.000Z",
			event: "exited",
			id: "01a1fc70-44ee-7058-9aa9-000000000001",
			run: number,
			name: "web",
		});
	let given = 0;
	for (let first = 0; first < 120_000; first += 1000) {
		const lines = Array.from({ length: 1000 }, (_, index) => line(first + index));
		given += newEvents([...lines, ...lines], seen).length;
	}
	assert.equal(given, 120_000);
	assert.ok(seen.size <= 50_000, `${seen.size} are remembered`);
});
