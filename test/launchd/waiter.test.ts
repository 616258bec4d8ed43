/** The shell program that launchd starts, apart from launchd: bash 3.2 of macOS has to read it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { text } from "../../platform/launchd/waiter.sh.ts";
import { membersText, SHIM_TEXT } from "../../platform/shell/shim.ts";
import { SHELLS } from "../posix/support.ts";

const WAITER = `${membersText}\n${text}`;

/** What bash got after 3.2, and what 3.2 does not find the end of: a `case` within a command substitution. */
const NOT_IN_BASH_3: readonly RegExp[] = [
	/&>>|\|&|;;?&/,
	/\$\{[A-Za-z_]\w*(?:\[[^\]]*\])?(?:\^|,|@)/,
	/\b(?:coproc|mapfile|readarray)\b/,
	/\bwait -[nfp]/,
	/\b(?:declare|local|typeset) -\w*[Agn]/,
	/\{[A-Za-z_]\w*\}[<>]/,
	/\bread -\w*[Ni]/,
	/\$'[^']*\\u/,
	/\[ -v |\[\[ -v /,
	/\$\((?:[^()]|\([^()]*\))*\bcase\b[^()]*\)/,
];

test("the shell programs hold nothing that bash 3.2 lacks", () => {
	for (const [name, program] of [
		["waiter", WAITER],
		["shim", SHIM_TEXT],
	] as const) {
		for (const lacking of NOT_IN_BASH_3) assert.doesNotMatch(program, lacking, name);
	}
});

for (const [name, [shell = "", ...words], skip] of SHELLS) {
	test(`${name} can read the waiting shell's program`, { skip }, () => {
		const { status, stderr } = spawnSync(shell, [...words, "-n"], { input: WAITER, encoding: "utf8" });
		assert.equal(status, 0, stderr);
	});
}

test("a waiting shell whose run was removed starts nothing, makes nothing, and has its service forgotten", () => {
	const folder = mkdtempSync(`${tmpdir()}/chore waiter-`);
	try {
		writeFileSync(`${folder}/waiter`, WAITER);
		writeFileSync(`${folder}/launchctl`, `#!/bin/sh\necho "$@" >>'${folder}/asked'\n`, { mode: 0o755 });
		const run = [`${folder}/jobs/runs/1`, "TERM", "no", "1000", "touch", `${folder}/started`];
		spawnSync("/bin/bash", [`${folder}/waiter`, `${folder}/launchctl`, "gui/501/label", "job", "1.job", ...run]);
		assert.deepEqual(readdirSync(folder).sort(), ["asked", "launchctl", "waiter"]);
	} finally {
		rmSync(folder, { recursive: true });
	}
});
