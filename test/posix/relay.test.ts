/** Output that passes a pipe, while the process that copies it is only being made. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as posix from "../../platform/posix/index.ts";
import { HANGS_MS } from "../support/eventually.ts";
import { makeHome } from "../support/home.ts";
import { rounds } from "../support/rounds.ts";

test("what a job prints is kept, however soon it signals its group", { timeout: HANGS_MS }, async () => {
	await using home = await makeHome("posix", posix);
	const command = ["/bin/sh", "-c", "echo x; kill -TERM 0"];
	const run = async (): Promise<string> => {
		const { id } = await home.chore.run({ command, relay: true });
		const { output } = await home.chore.wait(id);
		return readFileSync(output.paths[0] ?? "", "utf8");
	};
	for (let round = 0; round < rounds(3); round++) {
		const printed = await Promise.all(Array.from({ length: 10 }, run));
		assert.deepEqual(
			printed,
			Array.from({ length: 10 }, () => "x\n"),
		);
	}
});
