import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import type { Handle, Stopping } from "../../platform/contract.ts";
import { crashManager, userManager } from "../support/user-manager.ts";
import { eventually, Fixture, type Prepared, recordOf } from "./support.ts";

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
	const before = hints.of(marker);
	await eventually(() => hints.of(marker) >= before && before > 1);
}

test("a watch calls back for every run at its beginning, and again at the end of each", { skip }, async () => {
	await using fixture = await Fixture.open();
	const over = await fixture.start("exit 0");
	await recordOf(over);
	const [first, second] = [await fixture.startReady("ready; exec sleep 1000"), await fixture.startReady("ready; exec sleep 1000")];
	const hints = new Hints();
	await using _watch = await fixture.platform.watch([over.handle, first.handle, second.handle], hints.note);
	await eventually(() => [over, first, second].every((run) => hints.of(run) > 0), "the first hints");
	const before = [hints.of(first), hints.of(second)];
	await fixture.platform.stop(first.handle, TERM);
	await eventually(() => hints.of(first) > (before[0] ?? 0), "a hint of the end");
	await settled(fixture);
	assert.equal(hints.of(second), before[1]);
});

test("a failed end is told as well", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.startReady("ready; exec sleep 1000");
	const kinds: string[] = [];
	await using _watch = await fixture.platform.watch([run.handle], async () => {
		kinds.push((await fixture.observe(run)).kind);
	});
	await fixture.platform.kill(run.handle, "SIGKILL", "main");
	await eventually(() => kinds.includes("ended"));
});

test("to inspect in the callback causes no further callback", { skip }, async () => {
	await using fixture = await Fixture.open();
	const [never, over] = [fixture.prepare("exit 0"), await fixture.start("exit 0")];
	await fixture.is(over, "absent");
	let calls = 0;
	await using _watch = await fixture.platform.watch([never.handle, over.handle], async () => {
		calls += 1;
		await fixture.platform.inspect([never.handle, over.handle]);
	});
	await settled(fixture);
	await settled(fixture);
	assert.ok(calls <= 4, `${calls} callbacks`);
});

test("a watch that is disposed is silent, and others go on", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.startReady("ready; exec sleep 1000");
	const [gone, kept] = [new Hints(), new Hints()];
	const disposed = await fixture.platform.watch([run.handle], gone.note);
	await using _watch = await fixture.platform.watch([run.handle], kept.note);
	await eventually(() => gone.of(run) > 0 && kept.of(run) > 0);
	const before = gone.of(run);
	await disposed[Symbol.asyncDispose]();
	await disposed[Symbol.asyncDispose]();
	await fixture.platform.stop(run.handle, TERM);
	await fixture.is(run, "absent");
	await settled(fixture);
	assert.ok(kept.of(run) > 1);
	assert.equal(gone.of(run), before);
	const again = new Hints();
	await using _again = await fixture.platform.watch([run.handle], again.note);
	await eventually(() => again.of(run) > 0);
});

test("a watch outlives daemon-reexec", { skip: skipHarm }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.startReady("ready; exec sleep 1000");
	const hints = new Hints();
	await using _watch = await fixture.platform.watch([run.handle], hints.note);
	await eventually(() => hints.of(run) === 1);
	execFileSync("systemctl", ["--user", "daemon-reexec"]);
	await eventually(() => hints.of(run) > 1, "a hint that the manager was replaced");
	await fixture.is(run, "running");
	const before = hints.of(run);
	await fixture.platform.kill(run.handle, "SIGTERM", "main");
	await eventually(() => hints.of(run) > before, "a hint of the end");
});

test("a watch outlives a crash of the manager, and tells of its new runs", { skip: skipHarm }, async () => {
	await using fixture = await Fixture.open();
	const [old, young] = [await fixture.startReady("ready; exec sleep 1000"), fixture.prepare("exit 0")];
	const hints = new Hints();
	await using _watch = await fixture.platform.watch([old.handle, young.handle], hints.note);
	await eventually(() => hints.of(old) === 1);
	await crashManager();
	await eventually(() => hints.of(old) > 1, "a hint of the crash");
	await fixture.is(old, "unsupervised");
	await eventually(async () => {
		const before = hints.of(young);
		await fixture.platform.start(young.run, young.handle).catch(() => {});
		await new Promise((resolve) => setTimeout(resolve, 50));
		return hints.of(young) > before + 1;
	}, "signals of the new manager");
	await fixture.platform.stop(old.handle, { ...TERM, graceMs: 0 });
});
