/** A run whose shell cannot write the record of its end, as on a disk that fails. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Cli, PATIENCE } from "../support/cli.ts";
import { eventually, isEmpty } from "../support/eventually.ts";

const skip = spawnSync("prlimit", ["--version"]).status === 0 ? false : "there is no prlimit(1)";

test("a stop tells that the end was not recorded, and leaves nothing behind", { ...PATIENCE, skip }, async () => {
	await using cli = new Cli();
	const { id } = await cli.begun("-n", "web", "--stdin", "fifo", "--timeout", "1h", "sleep", "600");
	const [shim = ""] = readFileSync(`${cli.runFolder(id)}/pid`, "utf8")
		.trim()
		.split(" ");
	// From now on the shell cannot write to any file.
	assert.equal(spawnSync("prlimit", ["--pid", shim, "--fsize=0:0"]).status, 0);
	const { status, stdout } = await cli.chore("stop", "--grace", "0.1s", "web");
	assert.match(stdout, /^web \(.{8}\) lost: it was stopped, but nobody recorded how it ended/);
	assert.equal(status, 0);
	await eventually("no process of it is left", () => cli.processes(), isEmpty);
	assert.equal((await cli.chore("wait", "web")).status, 125);
});
