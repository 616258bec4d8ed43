/** The part of the contract suite about listeners: commands that are given the events of a session. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Platform, PlatformContext } from "../../platform/contract.ts";
import { installProgram } from "../../src/core/disk/programs.ts";
import { eventually } from "../support/eventually.ts";
import type { Home } from "../support/home.ts";
import type { Declare } from "./attempts.ts";
import type { Subject } from "./suite.ts";

export function testListen(on: Declare, { inMemory }: Subject, open: (context: PlatformContext) => Promise<Platform>): void {
	const skip = inMemory === true && "nothing records an end there but this process";

	on(
		"a listener is given each end as it is recorded, though nobody looks, and none of its own",
		async (home) => {
			await using platform = await open({ install: (name, text) => installProgram(home.path, name, text) });
			if (platform.launcher === undefined) return;
			const got = `${home.path}/got`;
			const listener = await home.chore.listen("sink", { command: ["/bin/sh", "-c", 'cat >>"$0"', got], job: "job-*" });
			const job = (name: string): ReturnType<Home["chore"]["run"]> =>
				home.chore.run({ name, command: ["/bin/sh", "-c", "until [ -e go ]; do sleep 0.02; done; exit 3"], directory: home.path });
			const jobs = await Promise.all(["job-1", "other", "job-2", "job-3"].map(job));
			writeFileSync(`${home.path}/go`, "");
			const wanted = jobs.filter(({ name }) => name !== "other").map(({ id }) => id);
			const ends = await eventually(
				"all that it listens to has come",
				() => (existsSync(got) ? readFileSync(got, "utf8").trimEnd().split("\n") : []),
				(lines) => lines.length >= wanted.length,
			);
			const events = ends.map((line) => JSON.parse(line));
			assert.deepEqual(
				events.map(({ event, exitCode }) => [event, exitCode]),
				wanted.map(() => ["exited", 3]),
			);
			assert.deepEqual(events.map(({ id }) => id).sort(), [...wanted].sort());
			const fed = await eventually("it waits again", async () => {
				const now = await home.chore.get(listener.jobId);
				return now.state === "scheduled" && now;
			});
			assert.deepEqual([fed.name, fed.result, fed.schedule], ["sink", "success", null]);
			assert.deepEqual(
				home.chore.listeners().map(({ name, behind }) => [name, behind]),
				[["sink", 0]],
			);
			// Ends that come while the listener is fed, or just was: none is left for later.
			for (let number = 4; number <= 9; number++) await home.chore.wait((await job(`job-${number}`)).id);
			await eventually("those have come", () => new Set(readFileSync(got, "utf8").match(/"name":"job-[4-9]"/g)).size, 6);
			await eventually("it waits again", async () => (await home.chore.get(listener.jobId)).state, "scheduled");
			await home.chore.unlisten("sink");
			assert.deepEqual([home.chore.listeners(), await home.chore.list({ all: true }).then((all) => all.length)], [[], jobs.length + 6]);
		},
		skip,
	);
}
