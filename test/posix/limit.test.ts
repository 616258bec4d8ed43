/** The time limit, under every shell. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { Platform } from "../../platform/contract.ts";
import { ended, livingPids, nothingLeft, openPlatform, SHELLS, start, stop, wordIn } from "./support.ts";

const FOREVER = 'echo yes >"$1/ready"; while :; do sleep 0.02; done';

for (const [name, shell, skip] of SHELLS) {
	describe(name, () => {
		const trial = (fact: string, check: (platform: Platform) => Promise<void>) =>
			test(fact, { skip }, async () => {
				await using platform = await openPlatform({ shell });
				await check(platform);
			});

		trial("a run that hits its limit is ended by the stop signal", async (platform) => {
			const run = await start(platform, FOREVER, { timeoutMs: 150, stopping: { signal: "SIGUSR1" } });
			const { status, result } = await ended(platform, run);
			assert.deepEqual([status, result], [{ signal: "SIGUSR1" }, "timeout"]);
		});

		trial("a run that answers the signal keeps its exit code, and is said to have hit the limit", async (platform) => {
			const run = await start(platform, `trap 'exit 12' TERM; ${FOREVER}`, { timeoutMs: 150 });
			const { status, result } = await ended(platform, run);
			assert.deepEqual([status, result], [{ code: 12 }, "timeout"]);
		});

		trial("a run that ignores the signal is killed, and so are its children and those that left it", async (platform) => {
			const script = `trap '' TERM HUP; (${FOREVER}) & setsid sh -c 'trap "" TERM HUP; while :; do sleep 0.02; done' & wait; ${FOREVER}`;
			const run = await start(platform, script, { timeoutMs: 150, stopping: { graceMs: 100, hangUp: true } });
			const { status, result } = await ended(platform, run);
			assert.deepEqual([status, result], [{ signal: "SIGKILL" }, "timeout"]);
			await nothingLeft(run);
		});

		trial("a main process that left the group is held to the limit, too", async (platform) => {
			const run = await start(platform, "exec setsid sleep 1000", { timeoutMs: 150 });
			const { status, result } = await ended(platform, run);
			assert.deepEqual([status, result], [{ signal: "SIGTERM" }, "timeout"]);
		});

		test("the limit is that of the main process, however late it begins", { skip }, async () => {
			await using platform = await openPlatform({ shell }, (text) => text.replace("begin='", "begin='sleep 0.6; "));
			const run = await start(platform, "exec sleep 1000", { timeoutMs: 500 });
			const { status, result, uptimeSeconds } = await ended(platform, run);
			assert.deepEqual([status, result], [{ signal: "SIGTERM" }, "timeout"]);
			const [, begunAtSeconds = 0] = readFileSync(`${run.folder}/started`, "latin1").split(/\s+/).map(Number);
			assert.notEqual(begunAtSeconds, 0, "it had begun");
			const ranMs = ((uptimeSeconds ?? 0) - begunAtSeconds) * 1000;
			assert.ok(ranMs >= 480, `it ran for ${ranMs} ms`); // the clock ticks in hundredths of a second
		});

		trial("a run that ends before its limit leaves no clock behind, and does not wait for it", async (platform) => {
			const run = await start(platform, "exit 3", { timeoutMs: 3_600_000 });
			const { status, result } = await ended(platform, run);
			assert.deepEqual([status, result], [{ code: 3 }, "exit-code"]);
			assert.deepEqual(livingPids(run), []);
		});

		trial("a run that is stopped before its limit did not hit it", async (platform) => {
			const run = await start(platform, `trap 'exit 0' TERM; ${FOREVER}`, { timeoutMs: 3_600_000 });
			await wordIn(run, "ready");
			assert.deepEqual(await stop(platform, run), { kind: "ended" });
			const { status, result } = await ended(platform, run);
			assert.deepEqual([status, result], [{ code: 0 }, "success"]);
			assert.deepEqual(livingPids(run), []);
		});

		trial("a limit that races the natural end gives a record that can be true", async (platform) => {
			// The limit begins some milliseconds after the job: both outcomes come up.
			const races = Array.from({ length: 24 }, async (_, index) => {
				const run = await start(platform, "sleep 0.2; exit 21", { timeoutMs: 175 + index });
				const { status, result } = await ended(platform, run);
				const isNatural = "code" in status && status.code === 21;
				assert.ok(isNatural ? ["exit-code", "timeout"].includes(result) : result === "timeout", JSON.stringify({ status, result }));
				if (!isNatural) assert.deepEqual(status, { signal: "SIGTERM" });
				await nothingLeft(run);
			});
			await Promise.all(races);
		});
	});
}
