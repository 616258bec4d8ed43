/** A server that goes on for long prunes its sessions, as commands do when they end. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { uptime } from "node:os";
import { test } from "node:test";
import { Upkeep } from "../../src/api/upkeep.ts";
import { here } from "../../src/core/disk/place.ts";
import { openSession } from "../../src/core/disk/session.ts";
import type { Jobs } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";
import { makePast } from "../support/past.ts";

const MINUTE_MS = 60_000;

test("an old job goes within a minute of a request, and the session can be used on", async (context) => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], name: "model" });
	await home.chore.wait(id);
	const session = openSession(home.path, "default");
	const old = `${session.jobs}/${makePast(session, id, { hoursAgo: 24 * 31 })}`;
	const uptimeMs = uptime() * 1000;
	const clock = { bootId: here().bootId, offsetMs: Date.now() - uptimeMs, steadySinceMs: uptimeMs - 2 * 60 * MINUTE_MS };
	const empty = { next: [], after: "", jobs: 0, bytes: 0, oldest: [], going: [], isMore: false };
	writeFileSync(`${session.folder}/sweep.json`, JSON.stringify({ format: 1, restUntilMs: 0, clock, ...empty }));
	context.mock.timers.enable({ apis: ["setInterval"] });
	using upkeep = new Upkeep({ session: () => home.chore }, assert.ifError);
	const jobs = upkeep.session("default");
	await eventually(
		"the old job is gone",
		async () => {
			// On a busy machine one time may not be enough.
			assert.equal((await jobs.list()).length, 1);
			context.mock.timers.tick(MINUTE_MS);
			return existsSync(old);
		},
		false,
	);
	assert.equal((await jobs.get(id)).state, "succeeded");
});

test("each session that was asked for is closed once a minute, never twice at a time, and not after the end", async (context) => {
	const closed: string[] = [];
	const reported: unknown[] = [];
	let go = (): void => {};
	const made = new Map<string, Jobs>();
	const session = (name: string): Jobs => {
		const close = async (): Promise<void> => {
			closed.push(name);
			if (name === "slow") await new Promise<void>((resolve) => (go = resolve));
			if (name === "wrong") throw new Error("a bug");
		};
		const jobs = made.get(name) ?? ({ close } as Jobs);
		made.set(name, jobs);
		return jobs;
	};
	context.mock.timers.enable({ apis: ["setInterval"] });
	const upkeep = new Upkeep({ session }, (error) => void reported.push(error));
	for (const name of ["slow", "quick", "slow", "wrong"]) upkeep.session(name);
	context.mock.timers.tick(3 * MINUTE_MS);
	assert.deepEqual(closed, ["slow"]);
	go();
	await eventually("the fault is reported", () => reported.length, 1);
	assert.deepEqual(closed, ["slow", "quick", "wrong"]);
	upkeep[Symbol.dispose]();
	context.mock.timers.tick(MINUTE_MS);
	assert.equal(closed.length, 3);
});
