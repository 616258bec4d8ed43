/** Events from where a reader was the last time. */
import assert from "node:assert/strict";
import { appendFileSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { isChoreError } from "../../platform/errors.ts";
import { record } from "../../src/core/disk/ledger.ts";
import { makeSession, openSession, type Session } from "../../src/core/disk/session.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { type Home, makeHome } from "../support/home.ts";

const ID = "01a1fc70-44ee-7058-9aa9-000000000001";

function write(session: Session, run: number): void {
	record(session, { id: ID, run, name: "n" }, "created");
}

function sessionOf({ path }: Home): Session {
	const session = openSession(path, "default");
	makeSession(session);
	return session;
}

/** The numbers of the runs in the events after a cursor, or "gap". */
async function after(home: Home, cursor: string, options: { readonly from?: string; readonly max?: number } = {}) {
	const { events, next } = await home.chore.eventsAfter(cursor, options);
	return { runs: events.map((event) => (event.event === "gap" ? "gap" : event.run)), next };
}

test("a reader is given what it has not had, again until its cursor is moved", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = sessionOf(home);
	assert.deepEqual(await after(home, "pg"), { runs: [], next: "1:0" });
	for (const run of [1, 2, 3]) write(session, run);
	const first = await after(home, "pg", { max: 2 });
	assert.deepEqual(first.runs, [1, 2]);
	assert.deepEqual(await after(home, "pg", { max: 2 }), first);
	assert.deepEqual((await after(home, "pg", { from: first.next })).runs, [3]);
	await home.chore.moveCursor("pg", first.next);
	assert.deepEqual((await after(home, "pg")).runs, [3]);
	assert.deepEqual((await after(home, "other")).runs, [1, 2, 3], "each cursor stands for itself");
	assert.equal(statSync(`${session.folder}/cursors/pg`).mode & 0o777, 0o600);
});

test("an event that two processes told is given once, also when the cursor stands between the two lines", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = sessionOf(home);
	write(session, 1);
	const { next } = await after(home, "pg");
	write(session, 1);
	write(session, 2);
	assert.deepEqual((await after(home, "pg", { from: next })).runs, [2]);
});

test("a line is given once it is whole", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = sessionOf(home);
	write(session, 1);
	write(session, 2);
	const text = readFileSync(session.ledger, "utf8");
	truncateSync(session.ledger, text.length - 5);
	const { runs, next } = await after(home, "pg");
	assert.deepEqual(runs, [1]);
	appendFileSync(session.ledger, text.slice(-5));
	assert.deepEqual((await after(home, "pg", { from: next })).runs, [2]);
});

test("a cursor goes on in a file that was renamed, and in the next one", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = sessionOf(home);
	write(session, 1);
	await home.chore.moveCursor("pg", (await after(home, "pg")).next);
	write(session, 2);
	renameSync(session.ledger, `${session.folder}/ledger.1.jsonl`);
	assert.deepEqual((await after(home, "pg")).runs, [2]);
	write(session, 3);
	const { runs, next } = await after(home, "pg");
	assert.deepEqual(runs, [2, 3]);
	assert.match(next, /^2:/);
	// A writer has taken the next number, and renames the file or dies.
	writeFileSync(`${session.folder}/ledger.2.jsonl`, "");
	write(session, 4);
	const taken = await after(home, "pg", { from: next });
	assert.deepEqual(taken.runs, [4]);
	renameSync(session.ledger, `${session.folder}/ledger.3.jsonl`);
	write(session, 5);
	assert.deepEqual((await after(home, "pg", { from: taken.next })).runs, [3, 4, 5], "it died: some are given again, and none is left out");
});

test("one event tells of files that were dropped before they were read", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = sessionOf(home);
	write(session, 1);
	const { next } = await after(home, "pg");
	await home.chore.moveCursor("pg", next);
	write(session, 2);
	renameSync(session.ledger, `${session.folder}/ledger.1.jsonl`);
	write(session, 3);
	renameSync(session.ledger, `${session.folder}/ledger.2.jsonl`);
	rmSync(`${session.folder}/ledger.1.jsonl`);
	write(session, 4);
	const { events } = await home.chore.eventsAfter("pg");
	assert.deepEqual(
		events.map((event) => (event.event === "gap" ? [event.from, event.to] : event.run)),
		[[next, "2:0"], 3, 4],
	);
	await home.chore.moveCursor("pg", (await after(home, "pg")).next);
	assert.deepEqual((await after(home, "pg")).runs, []);
	rmSync(session.ledger);
	rmSync(`${session.folder}/ledger.2.jsonl`);
	write(session, 5);
	assert.deepEqual((await after(home, "pg")).runs, ["gap", 5], "the whole ledger was begun anew");
});

test("the end of a job at which nobody has looked is given, too", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["sh", "-c", "exit 3"] });
	const events: unknown[] = [];
	for (let from: string | undefined; events.length < 3; ) {
		const batch = await home.chore.eventsAfter("pg", from === undefined ? {} : { max: 10 });
		events.splice(0, events.length, ...batch.events.map((event) => [event.event, "id" in event && event.id === id]));
		from = batch.next;
		await new Promise((resume) => setImmediate(resume));
	}
	assert.deepEqual(events, [
		["created", true],
		["started", true],
		["exited", true],
	]);
});

test("an impossible name, place or number of events is refused", async () => {
	await using home = await makeHome("fake", fakePlatform);
	for (const wrong of [
		() => home.chore.eventsAfter("../pg"),
		() => home.chore.eventsAfter("pg", { from: "x" }),
		() => home.chore.eventsAfter("pg", { max: 0 }),
		() => home.chore.moveCursor("pg", "1:-1"),
		() => home.chore.moveCursor("a/b", "1:0"),
	])
		await assert.rejects(wrong, (error) => isChoreError(error) && error.code === "INVALID_ARGUMENT");
});
