/** Makes of a line of a crontab the job that does the same: for the library, and as a command line. Pure. */
import type { CronJob, RunOptions } from "../index.ts";
import { commandLine, programOf } from "../words.ts";

/** A line as a job of chore. */
export interface ImportedJob {
	readonly name: string;
	readonly options: RunOptions;
	/** `chore run` and all that makes the same job. */
	readonly words: readonly string[];
	/** These as they are typed in a shell. */
	readonly line: string;
	/** What is not as it is with cron. */
	readonly notes: readonly string[];
}

/** Whose crontab it is. */
export interface Owner {
	readonly name: string;
	readonly home: string;
}

/** What the user asks for besides. */
export interface Wishes {
	/** The words of options that stand before the verb. */
	readonly common: readonly string[];
	readonly ifRunning: "fail" | "skip";
	readonly missed?: "once" | "skip" | undefined;
}

/** Gives the shell $0 the line $1 and, as its standard input, $2. The shell takes the place of this one, so its end is the job's. */
const WITH_INPUT = 'exec "$0" -c "$1" <<END\n$2\nEND';

/**
 * The job has the environment that cron gives, and no other: its defaults, and what the crontab sets.
 * @param taken names that other lines have; that of this one is added
 */
export function importedJob(job: CronJob, owner: Owner, taken: Set<string>, { common, ifRunning, missed }: Wishes): ImportedJob {
	const name = freeName(nameOfComment(job.comment ?? "") ?? slug(nameOfProgram(job.command)), taken);
	// cron lets nobody change LOGNAME.
	const defaults = { SHELL: "/bin/sh", PATH: "/usr/bin:/bin", HOME: owner.home };
	const variables = { ...defaults, ...job.variables, LOGNAME: owner.name };
	const { SHELL: shell, HOME: directory } = variables;
	const command =
		job.input === null ? [shell, "-c", job.command] : ["/bin/sh", "-c", WITH_INPUT, shell, job.command, job.input.replace(/\n$/, "")];
	const words = [
		...["chore", ...common, "run", "-n", name, "--cron", job.cron],
		...(ifRunning === "fail" ? [] : ["--if-running", ifRunning]),
		...(job.zone === null ? [] : ["--timezone", job.zone]),
		...(job.delayMs === 0 ? [] : ["--jitter", `${job.delayMs / 60_000}min`]),
		...(missed === undefined ? [] : ["--missed", missed]),
		"--ignore-environment",
		...Object.entries(variables).flatMap(([name, value]) => ["-E", `${name}=${value}`]),
		...["--working-directory", directory, "--", ...command],
	];
	return {
		name,
		options: {
			name,
			command,
			directory,
			environment: {},
			setEnvironment: variables,
			schedule: { cron: [job.cron], zone: job.zone ?? undefined, jitterMs: job.delayMs === 0 ? undefined : job.delayMs, missed },
		},
		words,
		line: commandLine(words),
		notes: notesOn(job),
	};
}

function notesOn({ zone, delayMs, variables }: CronJob): readonly string[] {
	const mail = variables["MAILTO"] ?? "";
	return [
		...(mail === "" ? [] : [`no mail is sent to ${mail}: chore keeps what a job writes, \`chore logs\` shows it`]),
		...(zone === null ? [] : [`its times are in ${zone}, by CRON_TZ, which Debian's cron does not heed`]),
		...(delayMs === 0 ? [] : ["it is delayed by RANDOM_DELAY, which only cronie heeds"]),
	];
}

/** A short comment that says what a line does. Not one that is a heading of columns, a line put out of use, or a sentence. */
function nameOfComment(comment: string): string | undefined {
	const text = comment.replace(/^Ansible: /, "").replace(/[:.]$/, "");
	const isName = /\p{L}/u.test(text) && text.length <= 40 && text.split(/\s+/).length <= 5;
	if (!isName || /=|^[0-9*@]|\b(dom|dow|command|month|minute)\b/i.test(text)) return undefined;
	return slug(text) || undefined;
}

/** What a line tests before it runs its program: "[ -x /usr/bin/x ] && ". */
const TEST = /^\(?\s*(?:\[ [^\]]* \]|test\s[^&|]*)\s*(?:&&|\|\|)\s*\(?\s*/;

function nameOfProgram(line: string): string {
	const program = programOf(line.replace(TEST, "")) ?? "";
	return program.slice(program.lastIndexOf("/") + 1);
}

/** A name of these letters, as a job can have it. */
function slug(text: string): string {
	return text
		.normalize("NFKD")
		.replace(/\p{M}+/gu, "")
		.replace(/[^A-Za-z0-9._-]+/g, "-")
		.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "")
		.slice(0, 56);
}

function freeName(wanted: string, taken: Set<string>): string {
	const base = wanted || "job";
	let name = base;
	for (let number = 2; taken.has(name); number++) name = `${base}-${number}`;
	taken.add(name);
	return name;
}
