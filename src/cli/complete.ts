/**
 * Answers the scripts of `chore completion`: which words may stand at the cursor. Commands and options come from commander.
 * Must be quick and never print an error: if anything fails, it offers nothing.
 */
import type { Command, Option } from "commander";
import type { RemoteJobs } from "../client/index.ts";
import { type Chore, type Glimpse, hasEnded, isIdle, type Job, openChore, shortId } from "../index.ts";
import { wordsOf } from "./arguments.ts";
import { commandAt, type Line, optionsIn, readLine } from "./line.ts";
import { hostOf, openRemote } from "./open.ts";
import { Output } from "./output.ts";
import { type CommonOptions, choreOptions } from "./settings.ts";
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
	session: async (typed, line) => answer(plain(await sessionsFor(line)), typed),
	host: hostsFor,
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
	cert: FILES,
	key: FILES,
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
	if (argument.name() === "name" && command.name() === "host") return hostsFor(typed);
	if (argument.name() !== "job") return NOTHING;
	return answer([...verbs, ...jobsFor(line, await glimpsesFor(line, typed))], typed);
}

/** The names of jobs, then the tails of their ids. */
function jobsFor({ command, operands }: Line, all: readonly Glimpse[]): readonly Candidate[] {
	const which = JOBS[command.name()] ?? "active first";
	const jobs = all.filter(({ active }) => (which === "active" ? active : which === "ended" ? !active : true));
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

/** The jobs whose name or short id begins with what was typed. */
async function glimpsesFor(line: Line, typed: string): Promise<readonly Glimpse[]> {
	const found = await askHost(line, async (jobs) => (await jobs.list({ all: true })).map(glimpse));
	return found ?? ask(line, (chore) => chore.glance(typed));
}

function glimpse(job: Job): Glimpse {
	const active = !isIdle(job);
	return { id: job.id, name: job.name, active, end: hasEnded(job) ? job : null };
}

async function sessionsFor(line: Line): Promise<readonly string[]> {
	const found = await askHost(line, async (jobs) => (await jobs.info()).sessions.filter((name) => name !== "*"));
	return found ?? ask(line, (chore) => chore.sessions());
}

async function hostsFor(typed: string): Promise<Answer> {
	const { listHosts } = await import("../client/index.ts");
	return answer(
		listHosts().map(({ name, url }) => ({ word: name, about: url })),
		typed,
	);
}

/** How long another machine may take to answer. */
const PATIENCE_MS = 2000;

/** Asks the host that the line names. @returns undefined if it names none @throws when it does not answer in time */
async function askHost<T>(line: Line, question: (jobs: RemoteJobs) => Promise<T>): Promise<T | undefined> {
	const given = optionsOf(line);
	const host = hostOf(given);
	if (host === undefined) return undefined;
	await using jobs = await openRemote(host, given);
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(reject, PATIENCE_MS);
	});
	try {
		return await Promise.race([question(jobs), late]);
	} finally {
		clearTimeout(timer);
	}
}

/** Opens the session that the line names, and asks the library. */
async function ask<T>(line: Line, question: (chore: Chore) => T | Promise<T>): Promise<T> {
	await using chore = await openChore(await choreOptions(optionsOf(line)));
	return await question(chore); // before it is closed
}

function optionsOf({ given }: Line): CommonOptions {
	return Object.fromEntries(["session", "host", "platform"].map((name) => [name, given.get(name)]).filter(([, value]) => value));
}

/** Removes quotes and backslashes: shells pass the words as they were typed. */
function unquoted(word: string): string {
	return word.replace(/\\(.)|['"]/gs, "$1");
}
