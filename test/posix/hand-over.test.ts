/** Processes that start the next one and end: too quick to be found by listing processes. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { Platform } from "../../platform/contract.ts";
import { eventually } from "../support/eventually.ts";
import { ended, layOut, openPlatform, SHELLS, type TestRun, type TestRunOptions } from "./support.ts";

/** Each leaves a sign that it lived. */
const LINK = '[ -e "$1/go" ] || exit\n: >"$1/sign"\nsh "$0" "$1" &\n';
const BEGIN = ': >"$1/go"; sh "$1/link" "$1" & until [ -e "$1/sign" ]; do :; done';

for (const [name, shell, skip] of SHELLS) {
	describe(name, () => {
		const trial = (fact: string, script: string, options: TestRunOptions, check: (platform: Platform, run: TestRun) => Promise<void>) =>
			test(fact, { skip }, async () => {
				await using platform = await openPlatform({ shell });
				const run = layOut(platform, script, options);
				writeFileSync(`${run.folder}/link`, LINK);
				try {
					await platform.start(run.spec, run.handle);
					await check(platform, run);
				} finally {
					rmSync(`${run.folder}/go`, { force: true });
				}
			});

		trial("what hands over all the time is gone with the job", `${BEGIN}; exit 6`, {}, async (platform, run) => {
			assert.deepEqual((await ended(platform, run)).status, { code: 6 });
			await eventually("nothing of it is left", () => isSilent(run));
		});

		// As many programs are run as it would take to see one sign.
		const look = 'rm -f "$1/sign"; i=0; while [ $i -lt 30 ]; do sh -c :; i=$((i + 1)); done; [ -e "$1/sign" ] || exit 0';
		const script = `[ -e "$1/go" ] || { ${BEGIN}; exit 6; }; for round in 1 2 3 4 5; do ${look}; done; exit 9`;
		const restart = { policy: "on-failure", delayMs: 0, max: 1 } as const;
		trial("what hands over all the time is gone before the next attempt", script, { restart }, async (platform, run) => {
			const { attempt, status } = await ended(platform, run);
			assert.deepEqual([attempt, status], [2, { code: 0 }], "9: the second attempt met it");
		});
	});
}

function isSilent({ folder }: TestRun): boolean {
	rmSync(`${folder}/sign`, { force: true });
	for (let count = 0; count < 30; count++) execFileSync("/bin/sh", ["-c", ":"]);
	return !existsSync(`${folder}/sign`);
}
