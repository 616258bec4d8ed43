import assert from "node:assert/strict";
import { appendFileSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { parseLine, recentEvents, record } from "../../src/core/ledger.ts";
import { makeSession, openSession } from "../../src/core/session.ts";
import { eventually } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";

test("every line that a crash left whole is read, whatever byte the file was cut at", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = openSession(home.path, "default");
	makeSession(session);
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(1200), (count, cut) => {
			writeFileSync(session.ledger, "");
			for (let run = 1; run <= count; run++) record(session, { id: "x", run, name: "é 漢" }, "created", { command: ["a\nb"] });
			const all = recentEvents(session, 1e6);
			assert.equal(all.length, count);
			truncateSync(session.ledger, Math.min(cut, 100 * count));
			const rest = recentEvents(session, 1e6);
			assert.deepEqual(rest, all.slice(0, rest.length));
			appendFileSync(session.ledger, "\n");
			record(session, { id: "y", run: 1, name: "n" }, "exited");
			assert.equal(recentEvents(session, 1e6).at(-1)?.id, "y");
		}),
		{ numRuns: 50 },
	);
});

test("a line stays below 4 kB, however long the command", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = openSession(home.path, "default");
	makeSession(session);
	record(session, { id: "x", run: 1, name: "n" }, "created", { command: Array.from({ length: 5000 }, () => "x".repeat(500)) });
	const [event] = recentEvents(session, 1e6);
	assert.ok(JSON.stringify(event).length < 4000);
	assert.equal(event?.command?.at(-1), "…");
});

test("no text makes reading a line throw", () => {
	fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseLine(text)));
});

test("each verb leaves its event, and two that settle the same end leave one for the reader", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const job = await home.chore.run({ command: ["sleep", "60"], name: "web" });
	await Promise.all([home.chore.stop(job.id), home.open().stop(job.id)]);
	await home.chore.remove(job.id);
	const kinds: string[] = [];
	for await (const event of home.chore.events()) kinds.push(event.event);
	assert.deepEqual(kinds, ["created", "started", "stopped", "exited", "removed"]);
});

test("followed events come as they happen, each once, and see ends that nobody else waits for", async () => {
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

test("events from a moment on leave out what was before", async () => {
	await using home = await makeHome("fake", fakePlatform);
	await home.chore.wait((await home.chore.run({ command: ["true"] })).id);
	const since = new Date(Date.now() + 1);
	await eventually("the clock moved on", () => Date.now() > since.getTime());
	const job = await home.chore.run({ command: ["true"] });
	await home.chore.wait(job.id);
	const ids = new Set<string>();
	for await (const event of home.chore.events({ since })) ids.add(event.id);
	assert.deepEqual([...ids], [job.id]);
});
