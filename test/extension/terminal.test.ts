/** A terminal that follows a job: what it shows, and what closes it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JobList } from "../../extension/jobs/job-list.ts";
import { ChoreError, type Job, type LogPiece } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import "./editor.ts";

const { FollowTerminal } = await import("../../extension/logs/terminal.ts");

/**
 * A terminal that has followed a job with this output to its end. The job has ended, unless `more` says otherwise or
 * following fails.
 */
async function terminalAfter(text: string, more: Partial<Job> = {}, endsWithJob = false, failure?: Error) {
	const job = { id: "01936f0e-8d2a-7c31-9b55-0e6a1c9e2f40", name: "build", run: 1, state: "succeeded", attempt: 1, exitCode: 0 };
	const over = { ...job, createdAt: "2026-11-21T09:00:00.000Z", startedAt: null, endedAt: null, schedule: null, ...more } as unknown as Job;
	async function* logs(): AsyncGenerator<LogPiece> {
		yield { bytes: Buffer.from(text), offset: 0, stream: "output" };
		if (failure !== undefined) throw failure;
	}
	const chore = { logs, wait: async () => over };
	const list = { use: <T>(_: Job, act: (library: typeof chore) => Promise<T>): Promise<T> => act(chore) };
	const terminal = new FollowTerminal(list as unknown as JobList, async () => over, { tailBytes: 1000, endsWithJob });
	let shown = "";
	let closed = 0;
	let status: number | undefined;
	terminal.onDidWrite((part) => {
		shown += part;
	});
	terminal.onDidClose((code) => {
		closed++;
		status = code;
	});
	terminal.open();
	await eventually("it is over", () => closed > 0 || shown.includes("any key closes"));
	return { terminal, shown: () => shown, closed: () => closed, status: () => status };
}

describe("a terminal that follows a job", () => {
	test("shows the log with its colours and lines, then how the job ended", async () => {
		const { shown } = await terminalAfter("\u001b[31mred\u001b[0m\nend\n");
		assert.ok(shown().startsWith("\u001b[31mred\u001b[0m\r\nend\r\n\u001b[0m\u001b[2m[chore: build, succeeded"), shown());
	});

	test("says when it no longer follows a job that has not ended, and gives the task chore's exit status for failures", async () => {
		const failure = new ChoreError("JOB_UNKNOWN", "cannot wait for build (9e2f40): the bus is gone", { hint: "look at the bus" });
		const { shown, status } = await terminalAfter("said\n", {}, true, failure);
		assert.match(shown(), /^said\r\n.*\[chore: cannot wait for build \(9e2f40\): the bus is gone\].*\r\n.*\[chore: look at the bus\]/);
		assert.equal(status(), 125);
		assert.equal((await terminalAfter("", { state: "failed", exitCode: 7 }, true)).status(), 7);
	});

	test("is closed by any key once the job is over", async () => {
		for (const key of ["a", "\r", "\u001b", "\u001b[A", "\u001bOP", "\u001b[97u", "\u0003", "\u001b[200~pasted\u001b[201~", "é"]) {
			const { terminal, closed } = await terminalAfter("");
			terminal.handleInput(key);
			assert.equal(closed(), 1, JSON.stringify(key));
		}
	});

	test("is not closed by the terminal's own answers to queries in the log", async () => {
		const answers = {
			"cursor position": "\u001b[24;80R",
			status: "\u001b[0n",
			"primary attributes": "\u001b[?1;2c",
			"secondary attributes": "\u001b[>0;276;0c",
			"keyboard protocol": "\u001b[?0u",
			mode: "\u001b[?2004;1$y",
			"focus gained": "\u001b[I",
			"focus lost": "\u001b[O",
			"window size": "\u001b[8;24;80t",
			colour: "\u001b]11;rgb:1e1e/1e1e/1e1e\u001b\\",
			"colour, ended by BEL": "\u001b]10;rgb:cccc/cccc/cccc\u0007",
			"terminal name": "\u001bP>|xterm.js(5.6.0)\u001b\\",
			pointer: "\u001b[<0;10;5M\u001b[<0;10;5m",
			"several at once": "\u001b[24;80R\u001b[?1;2c",
		};
		const { terminal, closed } = await terminalAfter("");
		for (const [what, answer] of Object.entries(answers)) {
			terminal.handleInput(answer);
			assert.equal(closed(), 0, what);
		}
		terminal.handleInput(`${answers.status}q`);
		assert.equal(closed(), 1);
	});
});
