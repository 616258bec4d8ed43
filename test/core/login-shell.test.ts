/** The arguments for login shells: in the syntax of each family, and for any path of Node. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { loginShellArguments } from "../../src/core/prepare/login-shell.ts";

const folder = mkdtempSync(join(tmpdir(), "chore-shell-"));
after(() => rmSync(folder, { recursive: true }));

/** A program in a folder whose name has all special characters of shells; it prints its second argument. */
const odd = join(folder, `it's "odd" \\ $HOME !x é`, "node");
mkdirSync(join(odd, ".."));
writeFileSync(odd, '#!/bin/sh\nprintf "%s" "$2"\n');
chmodSync(odd, 0o755);

const ANSWER = 'process.stdout.write("mark" + JSON.stringify(process.env) + "mark")';

describe("a login shell", () => {
	for (const name of ["bash", "zsh", "dash", "ksh93", "mksh", "yash", "fish", "tcsh", "bsd-csh", "nu"]) {
		const shell = (process.env["PATH"] ?? "").split(":").find((path) => existsSync(join(path, name)));
		const skip = shell === undefined ? `there is no ${name}` : false;
		test(`${name} runs a program with any path, and passes its arguments unchanged`, { skip }, () => {
			const { stdout, stderr } = spawnSync(join(shell ?? "", name), loginShellArguments(name, odd, "mark"), {
				encoding: "utf8",
				env: { HOME: folder, PATH: process.env["PATH"], LANG: "C.UTF-8" },
				input: "",
			});
			assert.ok(stdout.includes(ANSWER), `${stdout} ${stderr}`);
		});
	}

	test("gets the options and the syntax of its family", () => {
		const ask = (shell: string): readonly string[] => loginShellArguments(shell, "/opt/it's/node", "mark");
		assert.deepEqual(ask("/bin/bash"), ["-i", "-l", "-c", `'/opt/it'\\''s/node' -e '${ANSWER}'`]);
		assert.deepEqual(ask("/bin/tcsh"), ["-ic", `'/opt/it'\\''s/node' -e '${ANSWER}'`]);
		assert.deepEqual(ask("/usr/bin/nu"), ["-i", "-l", "-c", `^"/opt/it's/node" -e '${ANSWER}'`]);
		assert.deepEqual(ask("/usr/bin/xonsh"), [
			...["-i", "-l", "-c"],
			'import os, json; print("mark" + json.dumps(dict(os.environ)) + "mark")',
		]);
		assert.deepEqual(ask("/usr/bin/pwsh"), ["-Login", "-Command", `& '/opt/it''s/node' -e '${ANSWER.replaceAll('"', "''")}'`]);
	});
});
