/** The part of the contract suite about the ledger: whoever records an end tells it, as the core would. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { recordEnd } from "../../src/core/disk/ledger.ts";
import { openSession } from "../../src/core/disk/session.ts";
import type { RunOptions } from "../../src/core/prepare/spec.ts";
import { eventually } from "../support/eventually.ts";
import type { Home } from "../support/home.ts";
import type { Declare } from "./attempts.ts";
import type { Subject } from "./suite.ts";

/** Ends, each after the job was told to go on; and how the ledger puts it. */
const ENDS: readonly (readonly [line: string, state: string, result: string, more?: Partial<RunOptions>])[] = [
	["exit 0", "succeeded", "success"],
	["exit 3", "failed", "exit-code"],
	["kill -KILL $$", "failed", "signal"],
	["kill -USR1 $$", "failed", "signal"],
	["exec sleep 60", "failed", "timeout", { timeoutMs: 1000 }],
	["echo >>tries; [ $(wc -l <tries) -eq 2 ]", "succeeded", "success", { restart: { policy: "on-failure", delayMs: 0 } }],
	["exit 4", "failed", "start-limit", { restart: { policy: "on-failure", delayMs: 0, max: 1 } }],
];

export function testTold(on: Declare, { inMemory }: Subject): void {
	const skip = inMemory === true && "nothing records an end there but this process";

	on(
		"whoever records an end tells it in the ledger, as the core would, and the core does not tell it again",
		async (home) => {
			const wait = "until [ -e go ]; do sleep 0.02; done; ";
			const jobs = await Promise.all(
				ENDS.map(([line, , , more]) => home.chore.run({ command: ["/bin/sh", "-c", wait + line], directory: home.path, ...more })),
			);
			writeFileSync(`${home.path}/go`, "");
			for (const [index, { id }] of jobs.entries()) {
				const told = `${home.path}/default/jobs/${id}/runs/1/told`;
				await eventually(`the end of "${ENDS[index]?.[0]}" is told`, () => existsSync(told));
			}
			const before = jobs.map(({ id }) => endsOf(home, id));
			for (const [index, { id }] of jobs.entries()) {
				const [line, state, result] = ENDS[index] ?? [];
				const job = await home.chore.get(id);
				assert.deepEqual([job.state, job.result], [state, result], line);
				assert.deepEqual(endsOf(home, id), before[index], line);
				assert.equal(before[index]?.length, 1, line);
				recordEnd(openSession(home.path, "default"), job);
				const [first, second] = endsOf(home, id).map(({ at, ...rest }) => rest);
				assert.deepEqual(first, second, line);
			}
		},
		skip,
	);

	on("an end is told by the core where whoever recorded it could not tell it", async (home) => {
		const { id } = await home.chore.run({
			command: ["/bin/sh", "-c", "until [ -e go ]; do sleep 0.02; done; exit 5"],
			directory: home.path,
		});
		rmSync(`${home.path}/default/jobs/${id}/tell`, { force: true });
		writeFileSync(`${home.path}/go`, "");
		await home.chore.wait(id);
		const ends = endsOf(home, id).map(({ event, exitCode }) => [event, exitCode]);
		assert.deepEqual(ends, [["exited", 5]]);
	});
}

/** The lines of the ledger that tell how a run of this job ended. */
function endsOf({ path }: Home, id: string): Record<string, unknown>[] {
	return readFileSync(`${path}/default/ledger.jsonl`, "utf8")
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => JSON.parse(line))
		.filter((event) => event.id === id && (event.event === "exited" || event.event === "lost"));
}
