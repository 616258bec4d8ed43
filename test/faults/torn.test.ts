/** Records that are read in the middle of a write: half of a record never counts as a whole one. */
import assert from "node:assert/strict";
import { readFileSync, readlinkSync } from "node:fs";
import { test } from "node:test";
import { exitRecord, mainPid, type Run, shimPid } from "../../platform/shell/run-folder.ts";
import { openChore } from "../../src/index.ts";
import { Cli, PATIENCE } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";
import { intercept } from "../support/intercept.ts";

/** The first readings of each open file with this name return half of its content, followed by blanks. */
function tear(name: string, readings: number): Disposable {
	const torn = new Map<number, number>();
	const reading = intercept("readSync", (original) => {
		const read = original as (file: number, buffer: Buffer, ...more: number[]) => number;
		const tearing = (file: number, buffer: Buffer, ...more: number[]): number => {
			const length = read(file, buffer, ...more);
			const before = torn.get(file) ?? 0;
			if (before < readings && readlinkSync(`/proc/self/fd/${file}`).endsWith(`/${name}`)) {
				torn.set(file, before + 1);
				const written = buffer.toString("latin1", 0, length).trimEnd().length;
				buffer.fill(" ", Math.floor((written * (before + 1)) / (readings + 1)), length);
			}
			return length;
		};
		return tearing as typeof original;
	});
	const closing = intercept("closeSync", (original) => (file) => {
		torn.delete(file);
		original(file);
	});
	return {
		[Symbol.dispose]: () => {
			closing[Symbol.dispose]();
			reading[Symbol.dispose]();
		},
	};
}

for (const readings of [1, 3]) {
	test(`an exit record that is read ${readings} times in the middle of a write is read again`, PATIENCE, async () => {
		await using cli = new Cli();
		const id = await cli.begin("-c", "exit 3");
		await eventually("its end is recorded", () => readFileSync(`${cli.runFolder(id)}/exit`, "utf8").startsWith("chore-exit"));
		await using chore = await openChore({ home: cli.state, platform: "posix" });
		using _ = tear("exit", readings);
		const job = await chore.get(id);
		assert.deepEqual([job.state, job.exitCode, job.reason], ["failed", 3, null]);
	});

	test(`a started file that is read ${readings} times in the middle of a write is read again`, PATIENCE, async () => {
		await using cli = new Cli();
		const id = await cli.begin("sleep", "600");
		const pid = await eventually("it runs", async () => (await cli.job(id)).pid ?? undefined);
		await using chore = await openChore({ home: cli.state, platform: "posix" });
		using _ = tear("started", readings);
		const job = await chore.get(id);
		assert.deepEqual([job.state, job.pid], ["running", pid]);
	});

	test(`the platform's files of a run that are read ${readings} times in the middle of a write are read again`, PATIENCE, async () => {
		await using cli = new Cli();
		const id = await cli.begin("-c", "exit 3");
		const run: Run = { jobId: id, run: 1, jobFolder: "", runFolder: cli.runFolder(id) };
		const look = () => [shimPid(run), mainPid(run), exitRecord(run)];
		const record = await eventually(
			"its end is recorded",
			() => look().every((found) => found !== "blank" && found !== undefined) && look(),
		);
		using _pid = tear("pid", readings);
		using _started = tear("started", readings);
		using _exit = tear("exit", readings);
		assert.deepEqual(look(), record);
	});
}
