import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import type { Handle, Stopping } from "../../platform/contract.ts";
import { above, eventually } from "../support/eventually.ts";
import { crashManager, userManager } from "../support/user-manager.ts";
import { Fixture, type Prepared, recordOf } from "./support.ts";

const { skip, skipHarm } = userManager(import.meta);

const TERM: Stopping = { signal: "SIGTERM", graceMs: 10_000, hangUp: false };

/** Counts the hints of each run. */
class Hints {
	readonly #counts = new Map<Handle, number>();
	readonly note = (handle: Handle): void => {
		this.#counts.set(handle, this.of({ handle }) + 1);
	};
	of({ handle }: Pick<Prepared, "handle">): number {
		return this.#counts.get(handle) ?? 0;
	}
}

/** When every signal so far has been delivered: those of a run made for that come after them. */
async function settled(fixture: Fixture): Promise<void> {
	const marker = fixture.prepare("exit 0");
	const hints = new Hints();
	await using _watch = await fixture.platform.watch([marker.handle], hints.note);
	await fixture.platform.start(marker.run, marker.handle);
	await recordOf(marker);
	await fixture.is(marker, "absent");
	await eventually("its end is hinted at", () => hints.of(marker), above(1));
}

test("a watch calls back for every run when it begins, and again at the end of each", { skip }, async () => {
	await using fixture = await Fixture.open();
	const over = await fixture.start("exit 0");
	await recordOf(over);
	const [first, second] = [await fixture.startReady("ready; exec sleep 1000"), await fixture.startReady("ready; exec sleep 1000")];
	const hints = new Hints();
	await using _watch = await fixture.platform.watch([over.handle, first.handle, second.handle], hints.note);
	await eventually("the first hints", () => [over, first, second].every((run) => hints.of(run) > 0));
	await settled(fixture); // those of both beginnings, too
	const before = { first: hints.of(first), second: hints.of(second) };
	await fixture.platform.stop(first.handle, TERM);
	await eventually("a hint of the end", () => hints.of(first), above(before.first));
	await settled(fixture);
	assert.equal(hints.of(second), before.second, "nothing became of the other");
	await fixture.platform.stop(second.handle, TERM);
	await eventually("a hint of the other's end", () => hints.of(second), above(before.second));
});

test("a watch calls back for a failed end, too", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.startReady("ready; exec sleep 1000");
	const kinds: string[] = [];
	await using _watch = await fixture.platform.watch([run.handle], async () => {
		kinds.push((await fixture.observe(run)).kind);
	});
	await fixture.platform.kill(run.handle, "SIGKILL", "main");
	await eventually(
		"the end is told",
		() => kinds,
		(all) => all.includes("ended"),
	);
});

test("inspect inside the callback causes no further callback", { skip }, async () => {
	await using fixture = await Fixture.open();
	const [never, over] = [fixture.prepare("exit 0"), await fixture.start("exit 0")];
	await fixture.is(over, "absent");
	let calls = 0;
	await using _watch = await fixture.platform.watch([never.handle, over.handle], async () => {
		calls += 1;
		await fixture.platform.inspect([never.handle, over.handle]);
	});
	await eventually("both are hinted at", () => calls, above(1));
	for (let barrier = 0; barrier < 2; barrier++) await settled(fixture); // what the first callbacks caused
	const before = calls;
	for (let barrier = 0; barrier < 2; barrier++) await settled(fixture);
	assert.equal(calls, before);
});

test("a disposed watch does not call back, and others do", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.startReady("ready; exec sleep 1000");
	const [gone, kept] = [new Hints(), new Hints()];
	const disposed = await fixture.platform.watch([run.handle], gone.note);
	await using _watch = await fixture.platform.watch([run.handle], kept.note);
	await eventually("both have their first hint", () => gone.of(run) > 0 && kept.of(run) > 0);
	const before = gone.of(run);
	await disposed[Symbol.asyncDispose]();
	await disposed[Symbol.asyncDispose]();
	await fixture.platform.stop(run.handle, TERM);
	await fixture.is(run, "absent");
	await settled(fixture);
	await eventually("the one that is kept tells the end", () => kept.of(run), above(1));
	assert.equal(gone.of(run), before);
	const again = new Hints();
	await using _again = await fixture.platform.watch([run.handle], again.note);
	await eventually("the new watch has its first hint", () => again.of(run), above(0));
});

test("a watch outlives daemon-reexec", { skip: skipHarm }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.startReady("ready; exec sleep 1000");
	const hints = new Hints();
	await using _watch = await fixture.platform.watch([run.handle], hints.note);
	await eventually("the first hint", () => hints.of(run), above(0));
	await settled(fixture);
	const first = hints.of(run);
	execFileSync("systemctl", ["--user", "daemon-reexec"]);
	await eventually("a hint that the manager was replaced", () => hints.of(run), above(first));
	await fixture.is(run, "running");
	await settled(fixture);
	const before = hints.of(run);
	await fixture.platform.kill(run.handle, "SIGTERM", "main");
	await eventually("a hint of the end", () => hints.of(run), above(before));
});

test("a watch outlives a crash of the manager, and calls back for runs of the new one", { skip: skipHarm }, async () => {
	await using fixture = await Fixture.open();
	const [old, young] = [await fixture.startReady("ready; exec sleep 1000"), fixture.prepare("exit 0")];
	const hints = new Hints();
	await using _watch = await fixture.platform.watch([old.handle, young.handle], hints.note);
	await eventually("the first hint", () => hints.of(old), above(0));
	await settled(fixture);
	const first = hints.of(old);
	await crashManager();
	await eventually("a hint of the crash", () => hints.of(old), above(first));
	await fixture.is(old, "unsupervised");
	await eventually("signals of the new manager are told", async () => {
		const before = hints.of(young);
		try {
			await fixture.platform.start(young.run, young.handle);
		} catch {
			return false; // the new manager is not there yet
		}
		await settled(fixture);
		return hints.of(young) > before + 1; // one tells that it is connected again
	});
	await fixture.platform.stop(old.handle, { ...TERM, graceMs: 0 });
});
