/** launchctl is judged by its exit code, and never waited for for ever. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { isChoreError } from "../../platform/errors.ts";
import { Launchctl, wordsOf } from "../../platform/launchd/launchctl.ts";
import { eventually, isRunning } from "../support/eventually.ts";

/** A launchctl of a test's own, as a shell program. */
function program(text: string): { readonly path: string; readonly folder: string } & Disposable {
	const folder = mkdtempSync(`${tmpdir()}/chore launchctl-`);
	writeFileSync(`${folder}/launchctl`, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
	return { folder, path: `${folder}/launchctl`, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

test("an answer has the exit code, stdout and stderr", async () => {
	using one = program(`printf '%s|' "$@"; echo 'Bad request.' >&2; echo 'Could not find service "x"' >&2; exit 113`);
	const answer = await new Launchctl(one.path).call("print", "gui/501/a b");
	assert.deepEqual(answer, { code: 113, out: "print|gui/501/a b|", err: 'Bad request.\nCould not find service "x"\n' });
	assert.equal(wordsOf(answer), 'Could not find service "x"');
	assert.equal(wordsOf({ code: 37, out: "", err: "" }), "exit code 37");
});

test("long output arrives whole", async () => {
	using one = program("i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done");
	assert.equal((await new Launchctl(one.path).call("print")).out.length, 220_000);
});

test("a launchctl that hangs is given up and killed", async () => {
	using one = program('echo $$ >"$(dirname "$0")/pid"; while :; do sleep 0.1; done');
	await assert.rejects(
		new Launchctl(one.path, 500).call("bootstrap", "gui/501"),
		(error) => isChoreError(error) && error.code === "PLATFORM_UNAVAILABLE" && /bootstrap did not answer within 500 ms/.test(error.message),
	);
	const pid = Number(readFileSync(`${one.folder}/pid`, "utf8"));
	await eventually("it was ended", () => !isRunning(pid));
});

test("a missing launchctl, or one that is killed, is an error that says so", async () => {
	await assert.rejects(
		new Launchctl("/no/such/launchctl").call("print"),
		(error) => isChoreError(error) && error.code === "PLATFORM_UNAVAILABLE" && /cannot be run: ENOENT/.test(error.message),
	);
	using one = program("kill -9 $$");
	await assert.rejects(
		new Launchctl(one.path).call("print"),
		(error) => isChoreError(error) && error.code === "PLATFORM_UNAVAILABLE" && /ended by SIGKILL/.test(error.message),
	);
});
