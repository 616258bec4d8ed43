/** The script of an HTTP job under each kind of /bin/sh, with a curl that answers as it is told. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { text } from "../../src/core/prepare/request.sh.ts";

const SHELLS: readonly (readonly string[])[] = [["dash"], ["bash", "--posix"], ["mksh"], ["ksh93"], ["busybox", "sh"], ["yash"], ["posh"]];

/** In place of curl: the body into the file, a message, the facts, and how it ends. */
const CURL = `#!/bin/sh
cat >"$5.asked"
printf 'a\\0b' >"$5"
echo "Warning: Problem : HTTP error. Will retry" >&2
printf '%s' '200 0.1 0.1 0 3 [::1]:80 http://h/%s\\n\\\\'
eval "$END"
`;

for (const words of SHELLS) {
	const [shell = "", ...rest] = words;
	const isMissing = spawnSync(shell, [...rest, "-c", ":"]).error !== undefined;
	test(`the script gives back what came, under ${words.join(" ")}`, { skip: isMissing && `${shell} is not installed` }, () => {
		const job = mkdtempSync(`${tmpdir()}/chore it's $HOME * `);
		try {
			const run = `${job}/runs/1`;
			mkdirSync(run, { recursive: true });
			writeFileSync(`${job}/request`, text);
			writeFileSync(`${job}/data`, "asked");
			writeFileSync(`${job}/cu rl`, CURL, { mode: 0o755 });
			writeFileSync(`${run}/stderr`, "Warning: Problem of an attempt before\n");
			for (const [end, expect, code] of [
				["exit 0", "2??", 0],
				["exit 0", "404 200", 0],
				["exit 0", "4?? 3??", 22],
				["exit 28", "2??", 28],
				["kill -9 $$", "2??", 137],
			] as const) {
				const ended = spawnSync(shell, [...rest, `${job}/request`, run, `${job}/cu rl`, "stderr", expect], {
					env: { PATH: process.env["PATH"], END: end },
					cwd: job,
				});
				assert.deepEqual([ended.status, ended.stdout.toString()], [code, "a\0b"], `${end}, ${expect}: ${ended.stderr}`);
				assert.equal(readFileSync(`${run}/response`, "utf8"), "2 200 0.1 0.1 0 3 [::1]:80 http://h/%s\\n\\\\\n");
				assert.deepEqual([readFileSync(`${run}/body.asked`, "utf8"), existsSync(`${run}/body`)], ["asked", false]);
			}
		} finally {
			rmSync(job, { recursive: true });
		}
	});
}
