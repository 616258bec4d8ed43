/** The environment of the login shell: start files that print, that hang, that leave something behind, and none at all. */
import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { loginEnvironment } from "../../src/index.ts";
import { busy } from "../support/busy.ts";
import { eventually, isRunning, kill } from "../support/eventually.ts";

describe("the environment of the login shell", () => {
	let home = "";
	before(async () => {
		home = await mkdtemp(join(tmpdir(), "chore login-"));
	});
	after(() => rm(home, { recursive: true, force: true }));

	/** Asks bash with that ~/.bash_profile. */
	const ask = async (profile: string, more: { readonly shell?: string; readonly timeoutMs?: number } = {}) => {
		await writeFile(join(home, ".bash_profile"), profile);
		return loginEnvironment({ shell: "/bin/bash", environment: { HOME: home, PATH: "/usr/bin:/bin", KEPT: "yes" }, ...more });
	};

	test("has the variables that the start files set, exactly, and those from before", async () => {
		const found = await ask(`echo welcome; export ODD=$'two\\nlines "quoted" é'; PATH=/opt/of/nvm:/usr/bin:/bin\n`);
		assert.deepEqual([found["ODD"], found["PATH"], found["KEPT"]], ['two\nlines "quoted" é', "/opt/of/nvm:/usr/bin:/bin", "yes"]);
		assert.deepEqual(
			["ELECTRON_RUN_AS_NODE", "SHLVL", "_"].filter((name) => name in found),
			[],
		);
	});

	test("is asked of each shell in its own way: one that refuses the options of sh tells it, too", async () => {
		const shell = join(home, "tcsh");
		await writeFile(shell, '#!/bin/sh\n[ "$1" = -ic ] && [ $# = 2 ] || exit 1\nexport FROM=tcsh; eval "$2"\n');
		await chmod(shell, 0o755);
		assert.equal((await ask("", { shell }))["FROM"], "tcsh");
	});

	test("is found although a start file leaves a program that keeps the output open", async () => {
		const pid = join(home, "pid");
		const found = await ask(`sleep 1000 & echo $! >'${pid}'; export AFTER=yes\n`);
		assert.equal(found["AFTER"], "yes");
		kill(Number(await readFile(pid, "utf8")), "SIGTERM");
	});

	test("is given up, and the shell is killed, when the start files take too long", async () => {
		const path = join(home, "hung");
		await assert.rejects(ask(`echo $$ >'${path}'; while :; do sleep 1; done\n`, { timeoutMs: 4000 }), { code: "TIMED_OUT" });
		const pid = Number(await readFile(path, "utf8"));
		await eventually("the shell is ended", () => !isRunning(pid));
	});

	test("is found although this process was busy for longer than the limit", async () => {
		await writeFile(join(home, ".bash_profile"), "export SET=yes\n");
		const asked = loginEnvironment({ shell: "/bin/bash", environment: { HOME: home, PATH: "/usr/bin:/bin" }, timeoutMs: 5000 });
		busy(6000);
		assert.equal((await asked)["SET"], "yes");
	});

	test("is an error with a hint if the shell prints nothing or does not exist", async () => {
		await assert.rejects(ask("exit 3\n"), (error: { code?: string; message?: string; hint?: string }) => {
			assert.equal(error.code, "COMMAND_NOT_EXECUTABLE");
			assert.match(error.message ?? "", /exit code 3/);
			assert.match(error.hint ?? "", /-i -l -c env/);
			return true;
		});
		const text = join(home, "text");
		await writeFile(text, "no program\n");
		await chmod(text, 0o644);
		await assert.rejects(ask("", { shell: text }), { code: "COMMAND_NOT_EXECUTABLE" });
	});
});
