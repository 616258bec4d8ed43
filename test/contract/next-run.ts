/** The part of the contract suite about two runs of one job: a request that still works on the first does not affect the second. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Handle, Platform, PlatformContext } from "../../platform/contract.ts";
import { eventually, isRunning, noProc } from "../support/eventually.ts";
import type { Declare } from "./attempts.ts";

export function testNextRun(on: Declare, open: (context: PlatformContext) => Promise<Platform>): void {
	on(
		"no request about an ended run affects the next run of the job",
		async (home) => {
			const line = "[ -e again ] || exit 3; sleep 600 & child=$!; setsid sleep 601 & echo $$ $child $! >writing; mv writing pids; wait";
			const { id } = await home.chore.run({ command: ["/bin/sh", "-c", line], directory: home.path });
			await home.chore.wait(id);
			writeFileSync(`${home.path}/again`, "");
			await home.chore.rerun(id);
			await eventually("the next run is under way", () => existsSync(`${home.path}/pids`));
			const pids = readFileSync(`${home.path}/pids`, "utf8").trim().split(" ").map(Number);

			await using platform = await open({ install: () => assert.fail("nothing is started here") });
			const run = JSON.parse(readFileSync(`${home.path}/default/jobs/${id}/runs/1/run.json`, "utf8")) as { readonly handle: Handle };
			const over = run.handle;
			const isOver = async (after: string): Promise<void> => {
				const [seen] = await platform.inspect([over]);
				assert.ok(seen?.kind === "absent" || seen?.kind === "ended", `after ${after}: ${JSON.stringify(seen)}`);
				assert.deepEqual((await platform.usage(over)).processes, [], after);
				for (const pid of pids) assert.ok(isRunning(pid), `after ${after}: process ${pid} of the next run is there`);
				assert.equal((await home.chore.get(id)).state, "running", after);
			};
			// A shim whose kill is a program (posh) has ended its group, that program included, a moment before all of it is gone.
			await eventually("the first run has ended its processes", async () => {
				const [seen] = await platform.inspect([over]);
				return (seen?.kind === "absent" || seen?.kind === "ended") && (await platform.usage(over)).processes.length === 0;
			});
			await isOver("its end");
			for (const whom of ["main", "all"] as const) {
				for (const signal of ["SIGSTOP", "SIGKILL"]) {
					assert.equal(await platform.kill(over, signal, whom), false);
					await isOver(`${signal} to ${whom}`);
				}
			}
			assert.equal(await platform.pause(over), false);
			assert.equal(await platform.resume(over), false);
			await isOver("a pause");
			for (const graceMs of [200, 0]) {
				assert.deepEqual(await platform.stop(over, { signal: "SIGTERM", graceMs, hangUp: graceMs > 0 }), { kind: "ended" });
				await isOver(`a stop with a grace of ${graceMs} ms`);
			}
			await platform.forget(over);
			await isOver("it is forgotten");
			const end = await home.chore.stop(id);
			assert.deepEqual([end.run, end.state, end.signal], [2, "stopped", "SIGTERM"]);
		},
		noProc && "needs setsid(1)",
	);
}
