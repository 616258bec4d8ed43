/**
 * Answers the scripts of `chore completion`: which words may stand at the cursor. Commands and options come from commander.
 * Must be quick and never print an error: if anything fails, it offers nothing.
 */
import type { Command, Option } from "commander";
import { type Chore, openChore, shortId } from "../index.ts";
import { wordsOf } from "./arguments.ts";
import { commandAt, type Line, optionsIn, readLine } from "./line.ts";
import { Output } from "./output.ts";
import { choreOptions } from "./settings.ts";
import { printable, stateWords } from "./words.ts";

/**
 * The hidden command that the scripts call: `chore __complete -- WORD…` with the words after `chore` up to the cursor.
 * Without `--`, Node 20 would take --env-file for an option of its own.
 */
export const COMPLETE = "__complete";

/** A word that may stand at the cursor, and a few words about it. */
interface Candidate {
	readonly word: string;
	readonly about: string;
}

/** What the shell must do besides offering the candidates. */
type How =
	/** Also offer the names of files, or of folders. */
	| "files"
	| "directories"
	/** Add no space after the completed word. */
	| "nospace"
	/** Complete the words from this one on as the command line of another program. `chore` is word 0. */
	| `program ${number}`
	| "";

interface Answer {
	readonly how: How;
	/** In the order to be shown. */
	readonly candidates: readonly Candidate[];
}

/**
 * Prints a line with How, then a line for each candidate: the word, a tab, a few words about it.
 *
 * @param words what follows `chore`, up to the cursor; the last is the one to be completed, or empty
 */
export async function writeCompletions(chore: Command, words: readonly string[]): Promise<void> {
	try {
		const { how, candidates } = await complete(chore, words.slice(0, -1).map(unquoted), unquoted(words.at(-1) ?? ""));
		const lines = candidates.map(({ word, about }) => `${word}\t${printable(about)}`);
		new Output({ colour: false }).line([how, ...lines].join("\n"));
	} catch {} // nothing to offer
}

async function complete(chore: Command, before: readonly string[], typed: string): Promise<Answer> {
	const line = readLine(chore, before);
	const { awaiting, optionsOver, command, verb } = line;
	if (awaiting !== undefined) return valuesOf(awaiting, typed, line);
	if (!optionsOver && typed.startsWith("-")) return optionsFor(line, typed);
	if (verb === undefined) return answer(commandsOf(chore), typed);
	if (command === chore) return NOTHING;
	if (verb === "run") {
		return line.given.has("command") ? NOTHING : { how: `program ${(line.operandsAt ?? before.length) + 1}`, candidates: [] };
	}
	const operands = await operandsFor(line, chore, typed);
	return operands.how === "" && operands.candidates.length === 0 && typed === "" && !optionsOver && !takesJobs(command)
		? optionsFor(line, "")
		: operands;
}

const NOTHING: Answer = { how: "", candidates: [] };

function answer(candidates: readonly Candidate[], typed: string, how: How = ""): Answer {
	return { how, candidates: candidates.filter(({ word }) => word.startsWith(typed)) };
}

function plain(words: readonly string[]): readonly Candidate[] {
	return words.map((word) => ({ word, about: "" }));
}

function commandsOf(chore: Command): readonly Candidate[] {
	return chore.commands.flatMap((command) =>
		[command.name(), ...command.aliases()].map((word) => ({ word, about: command.summary() || command.description() })),
	);
}

/** The options that begin like `typed`; or for `--option=…` the values of that option. */
async function optionsFor(line: Line, typed: string): Promise<Answer> {
	const { command } = line;
	const last = optionsIn(command, typed).at(-1);
	if (last?.option.required && last.value !== undefined) {
		const kept = typed.slice(0, typed.length - last.value.length);
		const { how, candidates } = await valuesOf(last.option, last.value, line);
		return { how, candidates: candidates.map(({ word, about }) => ({ word: kept + word, about })) };
	}
	const visible = command.createHelp().visibleOptions(command);
	const everywhere = new Set((command.parent?.options ?? []).map(({ long }) => long));
	const inOrder = [...visible.filter(({ long }) => !everywhere.has(long)), ...visible.filter(({ long }) => everywhere.has(long))];
	const long = inOrder.map((option) => ({ word: option.long, about: option.description }));
	const short = inOrder.map((option) => ({ word: option.short, about: option.description }));
	return answer(
		[...long, ...short].filter((one): one is Candidate => one.word !== undefined),
		typed,
	);
}

/** The moments that are offered for --since and --until. */
const MOMENTS: readonly string[] = ["today", "yesterday", "now"];

const FILES = (): Answer => ({ how: "files", candidates: [] });

/** The methods that are offered for --request. */
const METHODS: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/** For --at and the bounds of a schedule. */
const COMING: readonly string[] = ["tomorrow"];

/** Of --on-calendar and --cron, the words that stand for a whole expression. */
const CALENDARS: readonly string[] = ["hourly", "daily", "weekly", "monthly", "quarterly", "yearly"];
const CRON_LINES: readonly string[] = ["@hourly", "@daily", "@weekly", "@monthly", "@yearly"];

/** The values of options whose readers accept more than a few words. For other options nothing is offered. */
const VALUES: Readonly<Record<string, (typed: string, line: Line) => Answer | Promise<Answer>>> = {
	session: (typed, line) => ask(line, (chore) => answer(plain(chore.sessions()), typed)),
	platform: (typed, line) =>
		ask(line, async (chore) => {
			const found = await chore.platforms();
			return answer(
				found.map(({ name, detection }) => ({ word: name, about: detection.available ? "available" : detection.reason })),
				typed,
			);
		}),
	property: (typed, line) => nativeNames("properties", typed, line),
	"timer-property": (typed, line) => nativeNames("timerProperties", typed, line),
	stdin: (typed) =>
		answer(
			[
				{ word: "null", about: "nothing" },
				{ word: "fifo", about: "what `chore send` sends" },
			],
			typed,
			"files",
		),
	request: (typed) => answer(plain(METHODS), typed),
	since: (typed) => answer(plain(MOMENTS), typed),
	until: (typed) => answer(plain(MOMENTS), typed),
	"env-file": FILES,
	"header-file": FILES,
	cacert: FILES,
	socket: FILES,
	idle: (typed) => answer(plain(["never"]), typed),
	at: (typed) => answer(plain(COMING), typed),
	"not-before": (typed) => answer(plain(COMING), typed),
	"not-after": (typed) => answer(plain(COMING), typed),
	"on-calendar": (typed) => answer(plain(CALENDARS), typed),
	cron: (typed) => answer(plain(CRON_LINES), typed),
	timezone: (typed) => answer(plain(["UTC", ...Intl.supportedValuesOf("timeZone")]), typed),
	directory: () => ({ how: "directories", candidates: [] }),
	"working-directory": () => ({ how: "directories", candidates: [] }),
};

/** The names that a value of the platform's own options may begin with. */
function nativeNames(key: string, typed: string, line: Line): Promise<Answer> {
	return ask(line, async (chore) => {
		const names = (await chore.capabilities()).native[key] ?? [];
		return answer(
			names.map((name) => ({ word: `${name}=`, about: "" })),
			typed,
			"nospace",
		);
	});
}

function valuesOf(option: Option, typed: string, line: Line): Answer | Promise<Answer> {
	const choice = wordsOf(option.parseArg);
	if (choice === undefined) return VALUES[option.name()]?.(typed, line) ?? NOTHING;
	const { words, separator } = choice;
	if (separator !== undefined) {
		const kept = typed.slice(0, typed.lastIndexOf(separator) + 1);
		const present = kept.split(separator);
		return answer(plain(words.filter((word) => !present.includes(word)).map((word) => kept + word)), typed);
	}
	// Signals can be written with SIG.
	return answer(plain(/^SIG/i.test(typed) && !words.includes(typed) ? words.map((word) => `SIG${word}`) : words), typed);
}

/** Which jobs are offered for a command, or which first. Default: the active ones first. */
const JOBS: Readonly<Record<string, "active" | "ended" | "active first" | "ended first">> = {
	stop: "active",
	kill: "active",
	pause: "active",
	resume: "active",
	send: "active",
	start: "ended",
	set: "ended first",
	rm: "ended first",
};

function takesJobs(command: Command): boolean {
	return command.registeredArguments.some((argument) => argument.name() === "job");
}

async function operandsFor(line: Line, chore: Command, typed: string): Promise<Answer> {
	const { command, operands } = line;
	const { registeredArguments } = command;
	const last = registeredArguments.at(-1);
	const argument = registeredArguments[operands.length] ?? (last?.variadic ? last : undefined);
	if (argument === undefined) return NOTHING;
	if (argument.argChoices !== undefined) return answer(plain(argument.argChoices), typed);
	if (argument.name() === "command") return answer(commandsOf(commandAt(chore, operands)), typed);
	if (argument.name() === "file") return FILES();
	const verbs = operands.length === 0 && !line.optionsOver ? commandsOf(command) : [];
	return argument.name() === "job" ? ask(line, (opened) => answer([...verbs, ...jobsFor(line, opened, typed)], typed)) : NOTHING;
}

/** The names of jobs, then the tails of their ids. */
function jobsFor({ command, operands }: Line, chore: Chore, typed: string): readonly Candidate[] {
	const which = JOBS[command.name()] ?? "active first";
	const jobs = chore.glance(typed).filter(({ active }) => (which === "active" ? active : which === "ended" ? !active : true));
	const wantsActive = which === "active" || which === "active first";
	const inOrder = [...jobs.filter(({ active }) => active === wantsActive), ...jobs.filter(({ active }) => active !== wantsActive)];
	const how = ({ active, end }: (typeof jobs)[number]): string => (end === null ? (active ? "active" : "ended") : stateWords(end));
	// A name that several jobs have means the active one, else the newest.
	const holders = new Map([...jobs].reverse().map((job) => [job.name, job]));
	for (const job of jobs) if (job.active) holders.set(job.name, job);
	const names = inOrder.filter((job) => holders.get(job.name) === job).map((job) => ({ word: job.name, about: how(job) }));
	const tails = inOrder.map((job) => ({ word: shortId(job.id), about: `${job.name}, ${how(job)}` }));
	return [...names, ...tails].filter(({ word }) => !operands.includes(word));
}

/** Opens the session that the line names, and asks the library. */
async function ask(line: Line, question: (chore: Chore) => Answer | Promise<Answer>): Promise<Answer> {
	const given = Object.fromEntries(["session", "platform"].map((name) => [name, line.given.get(name)]).filter(([, value]) => value));
	await using chore = await openChore(await choreOptions(given));
	return await question(chore); // before it is closed
}

/** Removes quotes and backslashes: shells pass the words as they were typed. */
function unquoted(word: string): string {
	return word.replace(/\\(.)|['"]/gs, "$1");
}
