/** A run on a file system that is full is recorded like any other, under every shell. */
import assert from "node:assert/strict";
import { appendFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import {
	ended,
	HOUR_MS,
	layOut,
	limitIsUp,
	mountSmall,
	openPlatform,
	SHELLS,
	skipUnlessRoot,
	start,
	withLimitOfTest,
	wordIn,
} from "./support.ts";

for (const [name, shell, missing] of SHELLS) {
	describe(name, () => {
		for (const [script, status, result] of [
			["exit 9", { code: 9 }, "exit-code"],
			["kill -TERM $$", { signal: "SIGTERM" }, "signal"],
			["exit 143", { code: 143 }, "exit-code"],
			["while :; do sleep 0.02; done", { signal: "SIGTERM" }, "timeout"],
		] as const) {
			test(`"${script}" is recorded on a full disk`, { skip: missing || skipUnlessRoot }, async () => {
				await using platform = await openPlatform({ shell }, withLimitOfTest);
				const small = mountSmall(128 * 1024);
				try {
					const wait = 'echo yes >"$1/ready"; until [ -e "$1/go" ]; do sleep 0.02; done;';
					const options = { home: small.folder, ...(result === "timeout" ? { timeoutMs: HOUR_MS } : {}) };
					const run = layOut(platform, `${wait} ${script}`, options);
					await platform.start(run.spec, run.handle);
					await wordIn(run, "ready");
					fill(small.folder);
					makeEmpty(`${run.folder}/go`);
					if (result === "timeout") limitIsUp(run);
					const record = await ended(platform, run);
					assert.deepEqual([record.status, record.certain, record.result], [status, true, result]);
				} finally {
					small.unmount();
				}
			});
		}

		for (const [max, attempt, status] of [
			[1, 2, { signal: "SIGKILL" }],
			[2, 3, { code: 137 }],
		] as const) {
			test(`attempt ${attempt} is recorded on a full disk`, { skip: missing || skipUnlessRoot }, async () => {
				await using platform = await openPlatform({ shell });
				const small = mountSmall(128 * 1024);
				try {
					const script = [
						'[ -e "$1/two" ] && exit 137',
						'[ -e "$1/one" ] && mv "$1/one" "$1/two" && kill -KILL $$',
						'echo yes >"$1/ready"; until [ -e "$1/go" ]; do sleep 0.02; done; mv "$1/go" "$1/one"; exit 1',
					];
					const restart = { policy: "on-failure", delayMs: 0, max } as const;
					const run = await start(platform, script.join("\n"), { home: small.folder, restart, timeoutMs: HOUR_MS });
					await wordIn(run, "ready");
					fill(small.folder);
					makeEmpty(`${run.folder}/go`);
					const record = await ended(platform, run);
					assert.deepEqual([record.attempt, record.status, record.certain], [attempt, status, true]);
				} finally {
					small.unmount();
				}
			});
		}
	});
}

function fill(folder: string): void {
	assert.throws(() => {
		for (;;) appendFileSync(`${folder}/filler`, Buffer.alloc(1024));
	}, /ENOSPC/);
}

/** An entry of a folder needs no block on tmpfs. */
function makeEmpty(path: string): void {
	writeFileSync(path, "");
}
