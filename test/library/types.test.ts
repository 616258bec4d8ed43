/** What the library promises to a type checker: wrong use does not compile, right use has the right types. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Chore, ChoreError, ErrorCode, Job, JobState, LogPiece, openChore, RequestOptions, RunOptions } from "../../src/index.ts";

type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;

/** Compiles only where both are the same type. */
function same<One, Other>(_proof: Same<One, Other>): void {}

test("results have the types that the documents say", () => {
	same<ReturnType<typeof openChore>, Promise<Chore>>(true);
	same<ReturnType<Chore["run"]>, Promise<Job>>(true);
	same<ReturnType<Chore["wait"]>, Promise<Job>>(true);
	same<ReturnType<Chore["list"]>, Promise<readonly Job[]>>(true);
	same<Job["exitCode"], number | null>(true);
	same<ChoreError["code"], ErrorCode>(true);
	same<LogPiece["bytes"], Uint8Array>(true);
	assert.ok(true);
});

test("wrong options do not compile", () => {
	const wrong: (Record<string, unknown> | RequestOptions | RunOptions)[] = [
		// @ts-expect-error the command is a list of words
		{ command: "make test" } satisfies RunOptions,
		// @ts-expect-error a command there must be
		{ name: "x" } satisfies RunOptions,
		// @ts-expect-error no such option
		{ command: ["true"], timeout: 5 } satisfies RunOptions,
		// @ts-expect-error KILL with the prefix SIG only
		{ command: ["true"], stopSignal: "KILL" } satisfies RunOptions,
		// @ts-expect-error none of the modes
		{ command: ["true"], output: "both" } satisfies RunOptions,
		// @ts-expect-error a URL there must be
		{ kind: "http" } satisfies RequestOptions,
		// @ts-expect-error a request has no command
		{ kind: "http", url: "http://localhost/", command: ["true"] } satisfies RequestOptions,
	];
	assert.equal(wrong.length, 7);
});

test("a snapshot cannot be written to", () => {
	const change = (job: Job): void => {
		// @ts-expect-error frozen
		job.state = "failed";
	};
	assert.throws(() => change(Object.freeze({ state: "running" satisfies JobState }) as unknown as Job), TypeError);
});
