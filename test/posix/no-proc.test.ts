/** The shim where there is no /proc, as on the BSDs: it looks for processes by ps(1). */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, describe, test } from "node:test";
import { PsTable } from "../../platform/shell/ps.ts";
import { kill } from "../support/eventually.ts";
import {
	ended,
	HOUR_MS,
	layOut,
	limitIsUp,
	livingPids,
	MAC_PS,
	nothingLeft,
	openPlatform,
	SHELLS,
	start,
	stop,
	withLimitOfTest,
	wordIn,
} from "./support.ts";

/** ps as on macOS: -E shows the environment, and -e all processes. */
const macFolder = mkdtempSync(`${tmpdir()}/chore-ps-`);
const macPs = `${macFolder}/ps`;
writeFileSync(macPs, MAC_PS, { mode: 0o755 });
after(() => rmSync(macFolder, { recursive: true }));

const FOREVER = 'echo yes >"$1/ready"; while :; do sleep 0.02; done';

for (const [name, shell, skip] of SHELLS) {
	describe(name, () => {
		const open = (ps = "ps", edit = (text: string): string => text) =>
			openPlatform({ shell, table: new PsTable() }, (text) => edit(text).replaceAll("/proc/", "/no/proc/").replaceAll(" ps -", ` ${ps} -`));

		test("processes that a job leaves are ended", { skip }, async () => {
			await using platform = await open();
			for (const traps of ["", "trap '' TERM;"]) {
				const script = `(${traps} ${FOREVER}) & until [ -s "$1/ready" ]; do :; done; exit 6`;
				const run = await start(platform, script, { stopping: { graceMs: 100 } });
				const record = await ended(platform, run);
				assert.deepEqual([record.status, record.uptimeSeconds, record.bootId], [{ code: 6 }, null, null]);
				await nothingLeft(run);
			}
		});

		test("somebody who has the mark of the run among his words is left alone", { skip }, async () => {
			await using platform = await open();
			const run = layOut(platform, "exit 6");
			const stranger = spawn("sh", ["-c", "sleep 600; :", `CHORE_RUN_ID=1.${run.spec.jobId}`], { detached: true, stdio: "ignore" });
			try {
				await platform.start(run.spec, run.handle);
				assert.equal((await ended(platform, run)).leftBehind, 0);
				assert.ok(stranger.exitCode === null && stranger.signalCode === null);
			} finally {
				kill(-(stranger.pid ?? Number.NaN), "SIGKILL");
			}
		});

		for (const [system, ps] of [
			["", "ps"],
			...(["dash", "bash --posix"].includes(name) ? [[", also on macOS", macPs] as const] : []), // what /bin/sh is there
		] as const) {
			test(`a time limit ends the job and the processes that left its group${system}`, { skip }, async () => {
				await using platform = await open(ps, withLimitOfTest);
				const left = `setsid sh -c 'trap "" TERM; echo yes >"$0/left"; while :; do sleep 0.02; done' "$1"`;
				const script = `trap '' TERM; ${left} & until [ -s "$1/left" ]; do sleep 0.02; done; ${FOREVER}`;
				const run = await start(platform, script, { timeoutMs: HOUR_MS, stopping: { graceMs: 100 } });
				await wordIn(run, "ready");
				limitIsUp(run);
				const { status, result } = await ended(platform, run);
				assert.deepEqual([status, result], [{ signal: "SIGKILL" }, "timeout"]);
				await nothingLeft(run);
			});
		}

		test("a run that ends before its time limit leaves no timer process", { skip }, async () => {
			await using platform = await open();
			const run = await start(platform, "exit 3", { timeoutMs: HOUR_MS });
			assert.equal((await ended(platform, run)).result, "exit-code");
			assert.deepEqual(livingPids(run), []);
		});

		test("a job that ignores the stop signal is killed and recorded as killed", { skip }, async () => {
			await using platform = await open();
			const run = await start(platform, `trap '' TERM; ${FOREVER}`);
			await wordIn(run, "ready");
			assert.deepEqual(await stop(platform, run, { graceMs: 50 }), { kind: "ended" });
			assert.deepEqual((await ended(platform, run)).status, { signal: "SIGKILL" });
		});
	});
}
