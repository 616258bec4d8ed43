/** What every shell must do alike as the parent of a job. */
import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { describe, test } from "node:test";
import type { ExitStatus, PlatformResult } from "../../platform/contract.ts";
import { signalNumber } from "../../platform/exit-record.ts";
import { ended, openPlatform, SHELLS, start } from "./support.ts";

const CODES = [0, 1, 2, 3, 7, 100, 125, 126, 127, 128, 129, 137, 143, 192, 200, 254, 255];
const SIGNALS = ["HUP", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "ALRM", "TERM", "XCPU", "SYS"];

for (const [name, shell, skip] of SHELLS) {
	describe(name, () => {
		for (const code of CODES) {
			test(`exit code ${code} is recorded`, { skip }, async () => {
				await using platform = await openPlatform({ shell });
				const beganMs = performance.now();
				const record = await ended(platform, await start(platform, `exit ${code}`));
				// All processors, busy with nothing else; and a tick of the clock.
				const mostMs = (performance.now() - beganMs) * availableParallelism() + 20;
				const result: PlatformResult = code === 0 ? "success" : "exit-code";
				assert.deepEqual([record.status, record.certain, record.result], [{ code }, true, result]);
				assert.ok(record.cpuTimeMs !== null && record.cpuTimeMs <= mostMs, `CPU time: ${record.cpuTimeMs} of ${mostMs}`);
			});
		}
		for (const signal of SIGNALS) {
			test(`death by SIG${signal} is recorded`, { skip }, async () => {
				await using platform = await openPlatform({ shell });
				const record = await ended(platform, await start(platform, `ulimit -c 0; kill -${signal} $$`));
				assert.deepEqual([record.status, record.certain, record.result], [{ signal: `SIG${signal}` }, true, "signal"]);
			});
		}
		for (const signal of ["SIGINT", "SIGPIPE"]) {
			const isExact = name === "ksh93" || name === "yash";
			test(`death by ${signal} ${isExact ? "and the like exit code are told apart" : "or the like exit code is recorded as uncertain"}`, {
				skip,
			}, async () => {
				await using platform = await openPlatform({ shell });
				const number = signalNumber(signal) ?? 0;
				const killed = await ended(platform, await start(platform, `kill -${number} $$`));
				assert.deepEqual([killed.status, killed.certain], [{ signal }, isExact]);
				const exited = await ended(platform, await start(platform, `exit ${128 + number}`));
				const status: ExitStatus = isExact ? { code: 128 + number } : { signal };
				assert.deepEqual([exited.status, exited.certain], [status, isExact]);
			});
		}
	});
}
