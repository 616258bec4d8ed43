/** The documents say what the command line does: the manual page, the README and the guides against commander's own list. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { Command, Option } from "commander";
import { ChoreError, type ErrorCode } from "../../platform/errors.ts";
import { describeFailure, UsageError } from "../../src/cli/failure.ts";
import { NOBODY_READS_STATUS } from "../../src/cli/output.ts";
import { program } from "../../src/cli/program.ts";
import { SYSTEMD_RUN } from "../../src/cli/systemd-run.ts";

const PAGE = "man/chore.1";
const page = readFileSync(PAGE, "utf8");
const readme = readFileSync("README.md", "utf8");
const guides = readdirSync("site/guides")
	.map((name) => `site/guides/${name}`)
	.sort();

/** One line a code, so that a new one cannot be forgotten in DIAGNOSTICS. */
const CODES: Readonly<Record<ErrorCode, true>> = {
	INVALID_ARGUMENT: true,
	JOB_NOT_FOUND: true,
	JOB_AMBIGUOUS: true,
	JOB_ACTIVE: true,
	JOB_NOT_ACTIVE: true,
	JOB_UNREADABLE: true,
	NAME_IN_USE: true,
	UNIT_EXISTS: true,
	TOO_MANY_JOBS: true,
	COMMAND_NOT_FOUND: true,
	COMMAND_NOT_EXECUTABLE: true,
	DIRECTORY_UNUSABLE: true,
	OPTION_UNSUPPORTED: true,
	STOP_FAILED: true,
	TIMED_OUT: true,
	ABORTED: true,
	JOB_UNKNOWN: true,
	NO_INPUT: true,
	NO_OUTPUT: true,
	STATE_UNUSABLE: true,
	STATE_FULL: true,
	CONFIG_INVALID: true,
	PLATFORM_UNAVAILABLE: true,
	PLATFORM_FAILED: true,
	NOT_ALLOWED: true,
	KEY_REUSED: true,
	TOO_LARGE: true,
	TOO_MANY_REQUESTS: true,
	SERVER_UNREACHABLE: true,
};

const chore = program();
const commands = commandsBelow(chore);
/** Described once, in OPTIONS; the other sections leave them out. */
const common = new Set(optionsOf(chore).map(spelling));

describe("man/chore.1", () => {
	test("mandoc gives no warning", (context) => {
		const lint = spawnSync("mandoc", ["-Tlint", "-W", "warning", PAGE, "man/chore.7"], { encoding: "utf8" });
		if (lint.error !== undefined) return context.skip(`mandoc is not installed (${lint.error.message})`);
		assert.equal(lint.stdout, "");
		assert.equal(lint.status, 0);
	});

	test("COMMANDS has a section for each command and no other", () => {
		const names = commands.map(titleOf);
		assert.deepEqual([...sections("Ss", section("Sh", "COMMANDS")).keys()].sort(), names.sort());
	});

	test("OPTIONS has the options of every command with their values, and no other", () => {
		assert.deepEqual(itemsOf(section("Sh", "OPTIONS")).sort(), [...common].sort());
	});

	for (const command of commands) {
		const title = titleOf(command);
		const text = () => section("Ss", title, section("Sh", "COMMANDS"));

		test(`the section on ${title} has its options, with their values, and no other`, () => {
			const own = optionsOf(command).map(spelling);
			assert.deepEqual(itemsOf(text()).sort(), own.filter((one) => !common.has(one)).sort());
		});

		test(`the section on ${title} begins with its arguments`, () => {
			const forms = text()
				.split("\n")
				.filter((line) => line.startsWith(`.D1 Nm Cm ${fullName(command)}`));
			const shown = new Set(forms.flatMap((line) => [...line.matchAll(/Ar (\S+( \.\.\.)?)/g)].map(([, name]) => name)));
			const wanted = command.registeredArguments.map((one) => (one.variadic ? `${one.name()} ...` : one.name()));
			for (const name of wanted) assert.ok(shown.has(name), `${name} is missing: ${forms.join(" / ")}`);
			const values = optionsOf(command).map(({ flags }) => /<(.*)>/.exec(flags)?.[1]);
			for (const name of shown) assert.ok(name === "options" || [...wanted, ...values].includes(name), `there is no ${name}`);
		});
	}

	test("EXIT STATUS has each status of a failure", () => {
		const errors = [...errorsOfEachCode(), new UsageError("wrong use"), new Error("a bug")];
		const statuses = new Set([0, NOBODY_READS_STATUS, 130]);
		for (const error of errors) {
			for (const givesJobsStatus of [true, false]) statuses.add(describeFailure(error, { givesJobsStatus, json: false }).status);
		}
		const items = linesOf("It", section("Sh", "EXIT STATUS"));
		for (const status of statuses) assert.ok(items.includes(String(status)), `exit status ${status} is missing`);
		for (const item of items) assert.ok(!/^[0-9]+$/.test(item) || statuses.has(Number(item)), `nothing exits with ${item}`);
	});

	test("DIAGNOSTICS has each error code, and no other", () => {
		const codes = linesOf("It", section("Sh", "DIAGNOSTICS")).map((line) => line.replace("Er ", ""));
		assert.deepEqual(codes.sort(), Object.keys(CODES).sort());
	});

	test("each command line in EXAMPLES is valid", () => {
		const lines = commandLines(section("Sh", "EXAMPLES"));
		assert.ok(lines.length > 5);
		for (const line of lines) parse(line);
	});
});

describe("man/chore.7", () => {
	test("it says of each option of systemd-run what becomes of it, and of no other", () => {
		const text = section("Sh", "SYSTEMD-RUN", readFileSync("man/chore.7", "utf8"));
		for (const [title, fate] of [
			["Honoured", "honoured"],
			["Taken, and changing nothing", "nothing"],
			["Refused, and what to use instead", "refused"],
		] as const) {
			const words = SYSTEMD_RUN.filter((word) => word.fate === fate).map(({ flags }) => flags.replace(/ <.*/, ""));
			assert.deepEqual(itemsOf(section("Ss", title, text)).sort(), words.sort(), title);
		}
	});
});

describe("README.md", () => {
	test("the two commands for a new machine are there, word for word", () => {
		const blocks = codeBlocks(readme);
		for (const line of [`npm ci && npx chore run --follow -- echo "hello from chore"`, "npm ci && npm test"]) {
			assert.ok(blocks.includes(line), `no code block is exactly: ${line}`);
		}
	});

	test("the table of commands has each command, and no other", () => {
		const rows = [...readme.matchAll(/^\| (`chore [a-z]+`(?:, `chore [a-z]+`)*) \|/gm)].map(([, row]) => row ?? "");
		const names = rows.flatMap((row) => [...row.matchAll(/`chore ([a-z]+)`/g)].map(([, name]) => name ?? ""));
		const wanted = chore.commands.map((command) => command.name()).filter((name) => name !== "help");
		assert.deepEqual(names.sort(), wanted.sort());
	});

	test("it links to each guide", () => {
		const linked = [...readme.matchAll(/^- \[.*\]\((site\/guides\/.*)\)$/gm)].map(([, path]) => path);
		assert.deepEqual(linked.sort(), guides);
	});
});

describe("README.md and the guides", () => {
	for (const path of ["README.md", ...guides]) {
		const text = readFileSync(path, "utf8");

		test(`each command line in ${path} is valid`, () => {
			const lines = [...codeBlocks(text).flatMap(commandLines), ...inlineCode(text).filter((code) => /^chore \S+ \S/.test(code))];
			assert.ok(lines.length > 1);
			for (const line of lines) parse(line);
		});

		test(`each option that ${path} names is one of chore, or one of systemd-run of which chore says what becomes of it`, () => {
			const known = new Set([chore, ...commands].flatMap(optionsOf).flatMap(({ short, long }) => [short, long]));
			for (const { flags } of SYSTEMD_RUN) for (const word of flags.split(/[ ,]+/)) known.add(word);
			for (const code of inlineCode(text)) {
				const [, option] = /^(--?[a-z][\w-]*)/i.exec(code) ?? [];
				assert.ok(option === undefined || known.has(option), `there is no ${option}`);
			}
		});
	}
});

function errorsOfEachCode(): ChoreError[] {
	return (Object.keys(CODES) as ErrorCode[]).map((code) => new ChoreError(code, "it failed"));
}

/** The commands that help shows, each followed by its own. */
function commandsBelow(command: Command): readonly Command[] {
	const visible = command.createHelp().visibleCommands(command);
	return visible.flatMap((one) => [one, ...commandsBelow(one)]);
}

/** "schedule import" */
function fullName(command: Command): string {
	return command.parent === null || command.parent === chore ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function titleOf(command: Command): string {
	return [fullName(command), ...command.aliases()].join(", ");
}

/** What the help of a command shows: hidden options are not part of it, -h is. */
function optionsOf(command: Command): readonly Option[] {
	return command.createHelp().visibleOptions(command);
}

/** An option as both sides can be compared: "-n, --name VALUE". */
function spelling({ short, long, required }: Option): string {
	return `${[short, long].filter(Boolean).join(", ")}${required ? " VALUE" : ""}`;
}

/** The options that a piece of the page describes, in the same form. */
function itemsOf(text: string): string[] {
	return linesOf("It Fl", text).map((line) => {
		const flags = [...`Fl ${line}`.matchAll(/Fl (\S+)/g)].map(([, flag]) => `-${flag}`);
		return `${flags.join(", ")}${/ Ar /.test(line) ? " VALUE" : ""}`;
	});
}

/** What follows a macro, of each of its lines. */
function linesOf(macro: string, text: string): string[] {
	return text
		.split("\n")
		.filter((line) => line.startsWith(`.${macro} `))
		.map((line) => line.slice(macro.length + 2));
}

/** The sections that a macro begins, by their titles. */
function sections(macro: "Sh" | "Ss", text: string): ReadonlyMap<string, string> {
	const parts = text.split(new RegExp(`^\\.${macro} `, "m")).slice(1);
	return new Map(parts.map((part) => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n") + 1)]));
}

function section(macro: "Sh" | "Ss", title: string, text: string = page): string {
	const found = sections(macro, text).get(title);
	assert.ok(found !== undefined, `there is no section ${title}`);
	return found;
}

/** The content of fenced code blocks. */
function codeBlocks(text: string): string[] {
	return [...text.matchAll(/^```[a-z]*\n(.*?)\n```$/gms)].map(([, block]) => block ?? "");
}

/** Code within a line of text. */
function inlineCode(text: string): string[] {
	return [...text.replace(/^```.*?^```$/gms, "").matchAll(/`([^`\n]+)`/g)].map(([, code]) => code ?? "");
}

/** The commands of chore in a piece of a document: at a line's beginning or its prompt, behind npx, or inside $( ). */
function commandLines(text: string): string[] {
	return [...text.matchAll(/(?:^(?:\$ )?|npx |\$\()(chore .*?)(?=\n|$)/gm)].map(([, line]) => line ?? "");
}

/** Throws for a command line that chore would refuse for its words alone. */
function parse(line: string): void {
	const words = shellWords(line).slice(1);
	const chore = program();
	const { operands, unknown } = chore.parseOptions(words);
	const [verb = "", ...rest] = [...operands, ...unknown];
	let command = chore.commands.find((one) => one.name() === verb || one.aliases().includes(verb));
	assert.ok(command !== undefined, `there is no command ${verb}: ${line}`);
	let given = command.parseOptions(rest);
	const below = command.commands.find((one) => one.name() === given.operands[0]);
	if (below !== undefined) {
		command = below;
		given = below.parseOptions([...given.operands.slice(1), ...given.unknown]);
	}
	assert.deepEqual(given.unknown, [], `there is no such option: ${line}`);
	const least = command.registeredArguments.filter(({ required }) => required).length;
	assert.ok(given.operands.length >= least, `words are missing: ${line}`);
}

/** As a shell would split the line up to the first operator; a substitution is one word. */
function shellWords(line: string): string[] {
	const words = /^(?:\s*(?:[^\s'"$()|;&]|\$\([^)]*\)|'[^']*'|"[^"]*")+)*/.exec(line)?.[0] ?? "";
	return [...words.matchAll(/(?:[^\s'"$()|;&]|\$\([^)]*\)|'[^']*'|"[^"]*")+/g)].map(([word]) => word.replace(/^(['"])(.*)\1$/s, "$2"));
}
