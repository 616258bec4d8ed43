/** History has each run once, also those of removed jobs, also with a damaged ledger. */
import assert from "node:assert/strict";
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { openSession } from "../../src/core/disk/session.ts";
import type { HistoryEntry } from "../../src/core/look/history.ts";
import { begun } from "../support/begun.ts";
import { above, eventually } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { type Home, makeHome } from "../support/home.ts";

/** Runs a line of shell to its end. @returns the job's id */
async function ran(home: Home, name: string, line: string): Promise<string> {
	const { id } = await home.chore.run({ name, command: ["sh", "-c", line] });
	await home.chore.wait(id);
	return id;
}

function shown(entries: readonly HistoryEntry[]): string[] {
	return entries.map(({ name, run, state, removed }) => `${name} ${run} ${state}${removed ? " removed" : ""}`);
}

test("history has each run once, the latest start first, with its end", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const good = await ran(home, "good", "true");
	const bad = await ran(home, "bad", "exit 3");
	const live = await home.chore.run({ name: "live", command: ["sleep", "60"] });
	await begun(() => home.chore.get(live.id));
	await home.chore.rerun(good);
	await home.chore.wait(good);
	await home.chore.remove(bad);
	const entries = await home.chore.history();
	assert.deepEqual(shown(entries), ["good 2 succeeded", "live 1 running", "bad 1 failed removed", "good 1 succeeded"]);
	const [second, running, failed] = entries;
	assert.deepEqual(
		{ ...failed, startedAt: null, endedAt: null, durationMs: null },
		{
			...{ schema: 1, id: bad, name: "bad", run: 1, attempt: 1, command: ["sh", "-c", "exit 3"], platform: "fake", state: "failed" },
			origin: null,
			...{ result: "exit-code", exitCode: 3, signal: null, startedAt: null, endedAt: null, durationMs: null, cpuTimeMs: null },
			...{ memoryPeakBytes: null, reason: null, removed: true },
		},
	);
	assert.equal(failed?.durationMs, Date.parse(failed?.endedAt ?? "") - Date.parse(failed?.startedAt ?? ""));
	const job = await home.chore.get(good);
	assert.deepEqual([second?.id, second?.startedAt, second?.endedAt, second?.exitCode], [good, job.startedAt, job.endedAt, 0]);
	assert.deepEqual([running?.id, running?.result, running?.endedAt, running?.durationMs], [live.id, null, null, null]);
	assert.deepEqual(await home.chore.history(), entries, "a second look shows the same");
});

test("who asked an API for a job stands in its record and in the history of its runs, also when it is forgotten", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const origin = { client: "alice é" };
	const { id } = await home.chore.run({ name: "asked", command: ["true"], origin });
	const { origin: shown } = await home.chore.wait(id);
	await home.chore.rerun(id);
	await home.chore.wait(id);
	await ran(home, "own", "true");
	const origins = async (): Promise<unknown[]> => (await home.chore.history()).map((entry) => [entry.name, entry.run, entry.origin]);
	const told = [
		["own", 1, null],
		["asked", 2, origin],
		["asked", 1, origin],
	];
	assert.deepEqual([shown, await origins()], [origin, told]);
	await home.chore.remove(id);
	assert.deepEqual(await origins(), told);
	for (const client of ["", "a\nb", "x".repeat(201)])
		await assert.rejects(home.chore.run({ command: ["true"], origin: { client } }), {
			code: "INVALID_ARGUMENT",
			message: /cannot be a client/,
		});
});

test("history settles ends first, and has no refused start", async () => {
	await using home = await makeHome("fake", {
		...fakePlatform,
		open: async (context) => {
			const platform = await fakePlatform.open(context);
			const { start } = platform;
			platform.start = async (spec, handle) => {
				if (spec.label.startsWith("refused")) throw Object.assign(new Error("no"), { name: "ChoreError", code: "PLATFORM_FAILED" });
				return start.call(platform, spec, handle);
			};
			return platform;
		},
	});
	const { id } = await home.chore.run({ name: "unseen", command: ["false"] });
	const record = `${home.path}/default/jobs/${id}/runs/1/exit`;
	await eventually("it has ended", () => readFileSync(record, "utf8").includes("chore-exit"));
	await assert.rejects(home.chore.run({ name: "refused", command: ["true"] }));
	assert.deepEqual(shown(await home.open().history()), ["unseen 1 failed"]);
});

test("history filters by names, ids and their ends, states, times and number", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const one = await ran(home, "one", "true");
	// Ends are noted by clocks that tick in hundredths of a second.
	const moveOn = (from: number): Promise<unknown> => eventually("the clock moved on", () => Date.now(), above(from + 50));
	await moveOn(Date.now());
	const before = new Date();
	await moveOn(Date.now());
	const two = await ran(home, "two", "exit 1");
	const live = await home.chore.run({ name: "live", command: ["sleep", "60"] });
	await eventually("it runs", async () => (await home.chore.get(live.id)).state, "running");
	const names = async (filter: Parameters<Home["chore"]["history"]>[0]): Promise<string[]> =>
		(await home.chore.history(filter)).map(({ name }) => name);
	assert.deepEqual(await names({ jobs: ["one"] }), ["one"]);
	assert.deepEqual(await names({ jobs: ["one", two, live.id.slice(-8)] }), ["live", "two", "one"]);
	assert.deepEqual(await names({ jobs: [one.slice(-6).toUpperCase(), "nobody", ""] }), ["one"]);
	assert.deepEqual(await names({ jobs: [one.slice(-3)] }), [], "too short to mean an id");
	assert.deepEqual(await names({ states: ["failed", "running"] }), ["live", "two"]);
	assert.deepEqual(await names({ since: before }), ["live", "two"]);
	assert.deepEqual(await names({ until: before }), ["one"]);
	assert.deepEqual(await names({ since: new Date(Date.now() + 1000) }), ["live"], "it is not over");
	assert.deepEqual(await names({ limit: 2 }), ["live", "two"]);
	assert.deepEqual(await names({ limit: 0 }), []);
	await assert.rejects(home.chore.history({ limit: -1 }), { code: "INVALID_ARGUMENT" });
	await assert.rejects(home.chore.history({ limit: Number.NaN }), { code: "INVALID_ARGUMENT" });
});

test("runs that the ledger has lost are taken from existing jobs", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = openSession(home.path, "default");
	await ran(home, "one", "exit 1");
	await ran(home, "two", "exit 2");
	const lines = readFileSync(session.ledger, "utf8").split("\n");
	for (const [kept, what] of [
		[lines.filter((line) => !line.includes('"exited"')), "without ends"],
		[lines.filter((line) => !line.includes('"created"') && !line.includes('"started"')), "without starts"],
		[lines.map((line) => line.slice(0, -1)), "with nothing but broken lines"],
		[[...lines].reverse(), "in the wrong order"],
		[[...lines, ...lines], "twice"],
		[[], "empty"],
	] as const) {
		writeFileSync(session.ledger, kept.join("\n"));
		const entries = await home.chore.history();
		assert.deepEqual(shown(entries), ["two 1 failed", "one 1 failed"], what);
		assert.deepEqual(
			entries.map(({ exitCode }) => exitCode),
			[2, 1],
			what,
		);
	}
	rmSync(session.ledger);
	assert.deepEqual(shown(await home.chore.history()), ["two 1 failed", "one 1 failed"]);
});

test("without the ledger first runs that began within 10 ms are sorted by when they were asked for", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = openSession(home.path, "default");
	const one = await ran(home, "one", "exit 1");
	const { startedAt } = await home.chore.get(await ran(home, "two", "exit 2"));
	const end = `${session.jobs}/${one}/runs/1/end.json`;
	const later = new Date(Date.parse(startedAt ?? "") + 5).toISOString();
	writeFileSync(end, readFileSync(end, "utf8").replace(/"startedAt":"[^"]*"/, `"startedAt":"${later}"`));
	writeFileSync(session.ledger, "");
	assert.deepEqual(shown(await home.chore.history()), ["two 1 failed", "one 1 failed"]);
});

test("a run that was removed before its end was settled is unknown", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = openSession(home.path, "default");
	const id = await ran(home, "web", "true");
	const lines = readFileSync(session.ledger, "utf8").split("\n");
	writeFileSync(session.ledger, lines.filter((line) => !line.includes('"exited"')).join("\n"));
	renameSync(`${session.jobs}/${id}`, `${session.trash}/${id}`);
	const [entry, ...others] = await home.chore.history();
	assert.deepEqual([entry?.state, entry?.removed, entry?.endedAt, others.length], ["unknown", true, null, 0]);
	assert.match(entry?.reason ?? "", /nobody saw/);
});

/** The id of a job that was never there. */
function idOf(digit: string): string {
	return `01a1fc70-44ee-7058-9aa9-00000000000${digit}`;
}

test("history skips lines of other versions and senseless ones", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = openSession(home.path, "default");
	await ran(home, "web", "true");
	const line = (fields: object): void =>
		appendFileSync(session.ledger, `${JSON.stringify({ at: "2026-01-01T00:00:00.000Z", ...fields })}\n`);
	line({
		event: "exited",
		id: idOf("a"),
		run: 1,
		name: "odd",
		state: "molten",
		exitCode: "3",
		signal: 9,
		command: 5,
		startedAt: "soon",
		endedAt: {},
	});
	line({ event: "created", id: idOf("b"), run: 1, name: "odd", command: [1, 2] });
	line({ event: "started", id: idOf("b"), run: 1, name: "odd", at: "not a time" });
	line({ event: "melted", id: idOf("c"), run: 1, name: "odd" });
	line({
		event: "exited",
		id: idOf("d"),
		run: 1,
		name: "odd",
		at: "2999-01-01T00:00:00.000Z",
		state: "failed",
		startedAt: "2999-01-01T00:00:00Z",
	});
	line({ event: "exited", id: "../../..", run: 1, name: "odd", state: "failed" });
	line({ event: "exited", id: idOf("e"), run: 1, name: "\u001b[2Jodd", state: "failed" });
	line({ event: "exited", id: idOf("f"), run: 1e300, name: "odd", state: "failed" });
	const entries = await home.chore.history();
	assert.deepEqual(shown(entries), ["odd 1 failed removed", "web 1 succeeded", "odd 1 unknown removed", "odd 1 unknown removed"]);
	for (const { command, exitCode, signal } of entries) {
		assert.ok(Array.isArray(command));
		assert.ok(exitCode === null || typeof exitCode === "number");
		assert.ok(signal === null || typeof signal === "string");
	}
});
