/** Every option of systemd-run(1) means the same to `chore run`, or is refused with what to do instead. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import type { Command } from "commander";
import { UsageError } from "../../src/cli/failure.ts";
import { program } from "../../src/cli/program.ts";
import { longOf, SYSTEMD_RUN } from "../../src/cli/systemd-run.ts";

/** The options in the manual of version 258, then those of later versions, and `--tty`, which is in no manual. */
const MANUAL = [
	"--no-ask-password --scope --unit --property --description --slice --slice-inherit --expand-environment --remain-after-exit",
	"--send-sighup --service-type --uid --gid --nice --working-directory --same-dir --setenv --pty --pty-late --pipe --shell --quiet",
	"--verbose --on-active --on-boot --on-startup --on-unit-active --on-unit-inactive --on-calendar --on-clock-change",
	"--on-timezone-change --path-property --socket-property --timer-property --no-block --wait --collect --ignore-failure --job-mode",
	"--background --json --user --system --host --machine --capsule --help --version",
	"--root-directory --same-root-dir --no-pager --tty",
]
	.join(" ")
	.split(" ");

const ONE_LETTER: Readonly<Record<string, string>> = {
	"-u": "--unit",
	"-p": "--property",
	"-r": "--remain-after-exit",
	"-d": "--same-dir",
	"-R": "--same-root-dir",
	"-E": "--setenv",
	"-t": "--pty",
	"-T": "--pty-late",
	"-P": "--pipe",
	"-S": "--shell",
	"-q": "--quiet",
	"-v": "--verbose",
	"-G": "--collect",
	"-H": "--host",
	"-M": "--machine",
	"-C": "--capsule",
	"-h": "--help",
};

function runCommand(): Command | undefined {
	return program().commands.find((command) => command.name() === "run");
}

/** Parses options with the command `run`, which is made anew for each call. */
function parse(...words: readonly string[]): { readonly unknown: readonly string[]; readonly options: Readonly<Record<string, unknown>> } {
	const command = runCommand();
	assert.ok(command !== undefined);
	const { unknown } = command.parseOptions([...words]);
	return { unknown, options: command.opts() };
}

function refusal(...words: readonly string[]): UsageError {
	try {
		parse(...words);
	} catch (error) {
		if (error instanceof UsageError) return error;
		throw error;
	}
	return assert.fail(`${words.join(" ")} is taken`);
}

test("the table has each option of the manual, in its long and its short form, and no other", () => {
	assert.deepEqual(SYSTEMD_RUN.map(longOf).sort(), [...MANUAL].sort());
	const short = SYSTEMD_RUN.flatMap((word) => (/^-[A-Za-z](?=,)/.exec(word.flags) ?? []).map((flag) => [flag, longOf(word)] as const));
	assert.deepEqual(Object.fromEntries(short), ONE_LETTER);
});

test("the table has every option that the systemd-run of this machine has", (context) => {
	const help = spawnSync("systemd-run", ["--help"], { encoding: "utf8" });
	if (help.error !== undefined) return context.skip(`systemd-run is not here: ${help.error.message}`);
	const options = [...help.stdout.matchAll(/^ {2}(?:-[A-Za-z]| {2}) (--[a-z-]+)/gm)].map(([, long = ""]) => long);
	assert.ok(options.length > 30, help.stdout);
	const known = SYSTEMD_RUN.map(longOf);
	assert.deepEqual(
		options.filter((long) => !known.includes(long)),
		[],
	);
});

test("each option is known in its long and its short form, with a value if it has one", () => {
	const command = runCommand();
	for (const { flags } of SYSTEMD_RUN.filter(({ flags }) => !flags.endsWith("--help"))) {
		const [, short, long, value] = /^(?:(-[A-Za-z]), )?(--[a-z-]+)(?: <(.*)>)?$/.exec(flags) ?? [];
		const found = command?.options.find((option) => option.long === long) ?? program().options.find((option) => option.long === long);
		assert.deepEqual([found?.short, found?.required], [short, value !== undefined], flags);
	}
});

test("an option that may be refused is known only to the whole command line, which is asked about unknown options", () => {
	const [command] = program(["run"]).commands;
	const known = command?.options.map(({ long }) => long) ?? [];
	assert.ok(known.includes("--wait"));
	for (const word of SYSTEMD_RUN) {
		const mayBeRefused = word.fate === "refused" || (word.fate === "nothing" && word.only !== undefined);
		if (mayBeRefused) assert.ok(!known.includes(longOf(word)), word.flags);
	}
});

test("a refused option is named in the error, with what to do instead", () => {
	for (const word of SYSTEMD_RUN) {
		const { flags, fate } = word;
		const only = fate === "nothing" ? word.only : undefined;
		const instead = fate === "refused" ? word.instead : only?.instead;
		const [, short, long = "", value] = /^(?:(-[A-Za-z]), )?(--[a-z-]+)(?: <(.*)>)?$/.exec(flags) ?? [];
		if (instead === undefined) continue;
		for (const form of short === undefined ? [long] : [long, short]) {
			const error = refusal(form, ...(value === undefined ? [] : ["odd"]));
			assert.ok(error.message.includes(only === undefined ? flags.replace(/ <.*/, "") : `${long}=odd`), error.message);
			assert.equal(error.hint, instead);
		}
	}
});

test("options that change nothing are accepted", () => {
	for (const word of SYSTEMD_RUN) {
		if (word.fate !== "nothing") continue;
		const { flags, only } = word;
		const [long = "", value] = /--[a-z-]+|<.*>/g[Symbol.match](flags) ?? [];
		for (const one of only?.values ?? ["44"]) assert.deepEqual(parse(long, ...(value === undefined ? [] : [one])).unknown, [], flags);
	}
});

test("of options that set the same thing the last one counts", () => {
	for (const [words, directory] of [
		[["--working-directory=/a", "--working-directory=/b"], "/b"],
		[["--working-directory=/a", "-d"], undefined],
		[["-d", "--working-directory=/a"], "/a"],
		[["-D", "/a"], "/a"],
		[["--working-directory=/b", "--chdir=/a"], "/a"],
	] as const) {
		assert.equal(parse(...words).options["workingDirectory"], directory, words.join(" "));
	}
	assert.equal(parse("--nice=1", "--nice=2").options["nice"], 2);
	assert.equal(parse("--slice=a", "--slice=b").options["slice"], "b");
});
