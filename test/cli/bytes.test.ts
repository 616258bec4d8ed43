/** Words, variables and paths that are not UTF-8 reach the job as they are. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isChoreError } from "../../platform/errors.ts";
import { exactWords } from "../../src/cli/exact-words.ts";
import { Cli, PATIENCE } from "../support/cli.ts";

const skip = process.platform !== "linux" && "file names are UTF-8 here, or the system does not tell the words of a process";

/** Makes folders and files with such names, and goes there. */
const SCENE = `e=$(printf '\\351'); mkdir "d$e" "d$e/sub$e"; cd "d$e"
printf 'from the file' >"in$e"; printf '#!/bin/sh\\necho ran in "$PWD"\\n' >"run$e"; chmod +x "run$e"; printf 'F=<%s>\\n' "$e" >"vars$e"
`;

test("a job gets words, a directory, variables and an input whose bytes are not UTF-8, and its next run, too", {
	...PATIENCE,
	skip,
}, async () => {
	await using cli = new Cli();
	const outcome = await cli.shell(`${SCENE}OWN="own$e"; export OWN
chore run -q --wait -n bytes -E "V=v$e" -E OWN --env-file "vars$e" --stdin "in$e" -- sh -c 'printf "%s|" "$@" "$PWD" "$V" "$OWN" "$F"; cat' sh * "w$e" '\ufffd' >/dev/null
chore logs bytes; chore start -q bytes; chore wait bytes; chore logs bytes`);
	assert.equal(outcome.status, 0, outcome.stderr);
	const words = [
		"in\xe9",
		"run\xe9",
		"sub\xe9",
		"vars\xe9",
		"w\xe9",
		"\xef\xbf\xbd",
		`${cli.directory}/d\xe9`,
		"v\xe9",
		"own\xe9",
		"<\xe9>",
	];
	const once = `${words.join("|")}|from the file`;
	assert.equal(outcome.bytes.toString("latin1"), once + once);
	const job = await cli.job("bytes");
	assert.deepEqual([job.directory, job.command.at(-2), job.command.at(-1)], [`${cli.directory}/d\ufffd`, "w\ufffd", "\ufffd"]);
	assert.ok(JSON.stringify(job).isWellFormed());
	assert.match(readFileSync(`${cli.jobFolder(job.id)}/job.json`, "utf8"), /"w\\udce9"/);
});

test("a program and --working-directory may have such names; what is wrong with them is told", { ...PATIENCE, skip }, async () => {
	await using cli = new Cli();
	const outcome = await cli.shell(`${SCENE}chore run -q --follow "./run$e"; cd ..
chore run -q --follow --working-directory "d$e/sub$e" "../run$e"
chore run "./none$e"; echo $?; chore run --working-directory "none$e" true; chore run --stdin "none$e" true; chore run --tag "t$e" true`);
	assert.equal(
		outcome.bytes.toString("latin1"),
		`ran in ${cli.directory}/d\xe9\nran in ${cli.directory}/d\xe9/sub\xe9\n127\n`,
		outcome.stderr,
	);
	for (const words of [
		/none\ufffd.*ENOENT/,
		/cannot run in .*none\ufffd.*ENOENT/,
		/input from .*none\ufffd.*ENOENT/,
		/the tag is not valid UTF-8/,
	])
		assert.match(outcome.stderr, words);
});

test("send gives such bytes to the input of a job", { ...PATIENCE, skip }, async () => {
	await using cli = new Cli();
	const outcome = await cli.shell(
		`chore run -q -n in --stdin fifo cat >id; chore send --eof in "$(printf 's\\351')"; chore wait in; chore logs in`,
	);
	assert.equal(outcome.bytes.toString("latin1"), "s\xe9\n", outcome.stderr);
});

test("where the system does not tell the words of a process, a doubtful one is refused with the true reason", () => {
	assert.deepEqual(
		exactWords(["run", "é"], () => Buffer.alloc(0)),
		["run", "é"],
	);
	const told = Buffer.from("node\0--flag\0chore\0run\0\0a\xe9\0\xef\xbf\xbd\0", "latin1");
	assert.deepEqual(
		exactWords(["run", "", "a\ufffd", "\ufffd"], () => told),
		["run", "", "a\udce9", "\ufffd"],
	);
	for (const other of [Buffer.alloc(0), Buffer.from("title\0of\0this\0process\0")])
		assert.throws(
			() => exactWords(["run", "a\ufffd"], () => other),
			(error) => !isChoreError(error) && /is not valid UTF-8, or has the character U\+FFFD/.test(String(error)),
		);
});

test("a state folder whose path is not UTF-8 is refused, and nothing is made", { ...PATIENCE, skip }, async () => {
	await using cli = new Cli();
	const line = `e=$(printf '\\351')
for own in "CHORE_HOME=$PWD/d$e" "CHORE_HOME= XDG_STATE_HOME=$PWD/d$e" "CHORE_HOME= HOME=$PWD/d$e"; do env $own chore run true; echo $?; done; ls`;
	const { stdout, stderr } = await cli.shell(line);
	assert.equal(stdout, "1\n1\n1\n", stderr);
	const [home, xdg, user] = stderr.split("\n").filter((text) => text.startsWith("chore: "));
	for (const text of [home, xdg, user]) assert.match(text ?? "", /must be UTF-8, not ".*\/d\ufffd/);
	assert.match(stderr, /hint: .*CHORE_HOME chooses another folder/);
});
