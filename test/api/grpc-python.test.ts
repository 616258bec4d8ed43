/** The example for Python, with Debian's grpcio and messages made by protoc: a client that is none of ours. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";
import { serve } from "./grpc-server.ts";

/** That of Debian may stand behind another one in PATH. */
const python = ["python3", "/usr/bin/python3"].find((program) => spawnSync(program, ["-c", "import grpc"]).status === 0);
const isMissing = python === undefined ? "needs python3-grpcio" : spawnSync("protoc", ["--version"]).status !== 0 && "needs protoc(1)";

test("the example for Python runs a command, shows its output, and ends with its code", { skip: isMissing }, async () => {
	const folder = mkdtempSync(join(tmpdir(), "chore-python-"));
	try {
		const made = spawnSync("protoc", ["-I", "proto", "--python_out", folder, "chore/v1/chore.proto"], { encoding: "utf8" });
		assert.equal(made.status, 0, made.stderr);
		await using home = await makeHome("fake", fakePlatform);
		await using server = await serve(home.chore);
		const environment = { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: "1" };
		const run = (...words: readonly string[]): Promise<readonly [code: unknown, stdout: string, stderr: string]> =>
			new Promise((resolve) => {
				const line = ["examples/grpc/jobs.py", server.address, ...words];
				execFile(String(python), line, { env: environment }, (error, stdout, stderr) => resolve([error?.code ?? 0, stdout, stderr]));
			});
		const [code, stdout, stderr] = await run("sh", "-c", "echo one; echo 'zwö'; exit 7");
		assert.deepEqual([code, stdout], [7, "one\nzwö\n"], stderr);
		assert.match(stderr, /^sh is [0-9a-f-]{36}\nsh failed\n$/);
		const refused = await run("no-such-program");
		assert.deepEqual([refused[0], refused[1]], [125, ""]);
		assert.match(refused[2], /^FAILED_PRECONDITION: .*no-such-program/);
		assert.deepEqual(server.reported, []);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
});
