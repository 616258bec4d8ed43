/** `chore schedule import`: makes jobs of the lines of a crontab, or prints how. Never changes the crontab. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import type { Command } from "commander";
import { type Chore, type CrontabLine, hasEnded, isChoreError, type Job, pathOf, readCrontab, shortId, textOf } from "../../index.ts";
import { oneOf } from "../arguments.ts";
import { actionHere, type Invocation, jsonLines, verb } from "../command.ts";
import { type ImportedJob, importedJob, type Owner } from "../crontab-job.ts";
import { UsageError } from "../failure.ts";
import type { ImportedLine } from "../json.ts";
import { nextWords, printable } from "../words.ts";

interface Options {
	readonly yes?: boolean;
	readonly userColumn?: boolean;
	readonly ifRunning: "fail" | "skip";
	readonly missed?: "once" | "skip";
}

/** A line on its way to a job. */
type Line = Pick<CrontabLine, "line" | "text"> & ({ readonly imported: ImportedJob } | { readonly error: Fault });

/** What became of a line. */
type Outcome = { readonly at: Line } & (
	| { readonly kind: "planned"; readonly holder: Job | undefined }
	| { readonly kind: "made" | "there"; readonly job: Job }
	| { readonly kind: "failed"; readonly error: Fault }
);

type Fault = NonNullable<ImportedLine["error"]>;

const HERE = ["chore schedule import", "a crontab is about the machine that has it"] as const;

export function importCommand(): Command {
	return verb("import", "print the commands that make jobs of the lines of a crontab; with --yes, make them")
		.argument("[file]", "the crontab; - for standard input (default: what `crontab -l` prints)")
		.option("--yes", "make the jobs")
		.option("--if-running <what>", "when an active job has the name: fail, or skip the line", oneOf(["fail", "skip"]), "fail")
		.option("--missed <what>", "as in run; cron itself skips what it missed", oneOf(["once", "skip"]))
		.option("--user-column", "the lines name a user, as in /etc/crontab; for root")
		.addHelpText("after", "\nThe crontab is not changed. Without --yes nothing is.")
		.action(actionHere<Options, [string | undefined]>(HERE, importCrontab));
}

async function importCrontab(invocation: Invocation<Options, Chore>, file: string | undefined): Promise<void> {
	const { options, output } = invocation;
	const lines = linesOf(readSource(file, options), invocation);
	const outcomes: Outcome[] = [];
	for (const at of lines) {
		const outcome = await (options.yes ? make : plan)(at, invocation);
		outcomes.push(outcome);
		if (!options.json) say(outcome, new Set(outcomes.slice(0, -1).flatMap((one) => notesOf(one.at))), invocation);
	}
	if (options.json) output.line(jsonLines(outcomes.map(asJson)));
	if (outcomes.some(({ kind }) => kind === "failed")) invocation.setStatus(1);
	if (!options.quiet) conclude(outcomes, file, invocation);
}

/** The text of the crontab. @throws UsageError when there is none */
function readSource(file: string | undefined, { userColumn }: Options): string {
	if (userColumn && process.geteuid?.() !== 0) throw new UsageError("--user-column is for root", "a user's own crontab has no such column");
	if (file === undefined && userColumn)
		throw new UsageError("--user-column needs a file", "chore schedule import --user-column /etc/crontab");
	if (!userColumn && file !== undefined && /^\/etc\/cron(?:tab$|\.d\/)/.test(file))
		throw new UsageError(`the lines of ${file} name a user`, "--user-column takes those of root");
	if (file !== undefined) {
		try {
			return textOf(readFileSync(file === "-" ? 0 : pathOf(file)));
		} catch (error) {
			throw new UsageError(`cannot read the crontab ${file}: ${error instanceof Error ? error.message : error}`);
		}
	}
	const { status, stdout, stderr, error } = spawnSync("crontab", ["-l"], { stdio: ["ignore", "pipe", "pipe"] });
	if (status === 0) return textOf(stdout);
	const reason = error === undefined ? stderr.toString().trim() || `it exited with ${status}` : error.message;
	throw new UsageError(`\`crontab -l\` gives no crontab: ${reason}`, "name a file, or - for standard input");
}

function linesOf(text: string, { options }: Invocation<Options, Chore>): readonly Line[] {
	const owner = ownerHere();
	const taken = new Set<string>();
	const { session, platform, missed, ifRunning } = options;
	const common = Object.entries({ session, platform }).flatMap(([key, value]) => (value === undefined ? [] : [`--${key}`, value]));
	return readCrontab(text, options).map((found) => {
		const { line, text } = found;
		if ("problem" in found) return { line, text, error: fault(found.problem, found.hint) };
		const { user } = found.job;
		if (user === null || user === owner.name)
			return { line, text, imported: importedJob(found.job, owner, taken, { common, missed, ifRunning }) };
		const hint = `import it as that user; or make a job of root's: chore run --uid ${user} --cron '${found.job.cron}' ...`;
		return { line, text, error: fault(`it is run as ${user}`, hint) };
	});
}

/** As cron knows the user: by passwd(5), whatever the environment says. */
function ownerHere(): Owner {
	try {
		const { username: name, homedir: home } = userInfo();
		return { name, home };
	} catch {
		throw new UsageError("this user has no entry in passwd(5), from which cron takes name and home");
	}
}

function fault(message: string, hint: string | null, code: string = "INVALID_ARGUMENT"): Fault {
	return { code, message, hint };
}

async function plan(at: Line, { chore }: Invocation<Options, Chore>): Promise<Outcome> {
	if ("error" in at) return { at, kind: "failed", error: at.error };
	return { at, kind: "planned", holder: await holderOf(chore, at.imported.name) };
}

async function make(at: Line, { chore, options, output }: Invocation<Options, Chore>): Promise<Outcome> {
	if ("error" in at) return { at, kind: "failed", error: at.error };
	const { name, options: asked } = at.imported;
	try {
		const holder = options.ifRunning === "skip" ? await holderOf(chore, name) : undefined;
		if (holder !== undefined) return { at, kind: "there", job: holder };
		const onWarning = options.quiet ? undefined : (message: string) => output.note(`chore: ${message}`);
		return { at, kind: "made", job: await chore.run({ ...asked, onWarning }) };
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return { at, kind: "failed", error: fault(error.message, error.hint ?? null, error.code) };
	}
}

/** The job that has this name and has not ended. */
async function holderOf(chore: Chore, name: string): Promise<Job | undefined> {
	try {
		const job = await chore.get(name);
		return job.name !== name || hasEnded(job) ? undefined : job;
	} catch (error) {
		if (isChoreError(error) && (error.code === "JOB_NOT_FOUND" || error.code === "JOB_AMBIGUOUS")) return undefined;
		throw error;
	}
}

/** A plan is printed as a script: the commands, and all else as comments. */
function say(outcome: Outcome, saidBefore: ReadonlySet<string>, { options, output }: Invocation<Options, Chore>): void {
	const { at } = outcome;
	const notes = notesOf(at).filter((note) => !saidBefore.has(note));
	const place = `line ${at.line}`;
	if (options.yes) {
		if (outcome.kind === "failed") {
			output.note(`chore: ${place}: ${printable(outcome.error.message)}`);
			if (outcome.error.hint !== null) output.note(`hint: ${printable(outcome.error.hint)}`);
		} else if (outcome.kind !== "planned") {
			const { job, kind } = outcome;
			const what = kind === "made" ? `is scheduled on ${job.platform}, ${nextWords(job)}` : `is there already (${shortId(job.id)})`;
			output.line(options.quiet ? job.id : `${place}: ${job.name} ${what}`);
			if (!options.quiet) for (const note of notes) output.note(`${place}: ${printable(note)}`);
		}
		return;
	}
	const remark = options.quiet ? () => {} : (text: string) => output.line(`# ${printable(text)}`);
	remark(`${place}: ${at.text}`);
	if (outcome.kind === "failed") {
		remark(`  cannot be the same: ${outcome.error.message}`);
		if (outcome.error.hint !== null) remark(`  instead: ${outcome.error.hint}`);
	} else if (outcome.kind === "planned" && "imported" in at) {
		const { holder } = outcome;
		for (const note of notes) remark(`  ${note}`);
		if (holder !== undefined) remark(`  ${holder.name} is the name of a job already, ${holder.state} (${shortId(holder.id)})`);
		const { line } = at.imported;
		// What a terminal might act on is not shown to it.
		output.line(output.isTerminal ? line.split("\n").map(printable).join("\n") : line);
	}
}

function conclude(outcomes: readonly Outcome[], file: string | undefined, { options, output }: Invocation<Options, Chore>): void {
	const of = (...kinds: readonly Outcome["kind"][]) => outcomes.filter(({ kind }) => kinds.includes(kind));
	const numbers = of("made", "there").map(({ at }) => at.line);
	if (outcomes.length === 0) output.note("the crontab has no lines that run anything");
	else if (!options.yes) {
		const rest = of("failed").length === 0 ? "" : `, ${of("failed").length} cannot`;
		output.note(`${of("planned").length} of ${outcomes.length} lines can be jobs${rest}; nothing was changed, --yes makes them`);
	} else if (numbers.length > 0) {
		const script = numbers.map((number) => `${number}s/^/#/`).join(";");
		const own = `crontab -e; or, to make comments of them: crontab -l | sed '${script}' | crontab -`;
		output.note("chore: cron runs these lines as well, until they are out of the crontab");
		output.note(`hint: ${file === undefined ? own : `make comments of them where they come from: sed '${script}'`}`);
	}
}

function notesOf(at: Line): readonly string[] {
	return "imported" in at ? at.imported.notes : [];
}

function asJson(outcome: Outcome): ImportedLine {
	const { at } = outcome;
	const { line, text } = at;
	const { name, words: command } = "imported" in at ? at.imported : { name: null, words: null };
	const job = outcome.kind === "made" || outcome.kind === "there" ? outcome.job : null;
	return {
		line,
		text: text.toWellFormed(),
		name,
		command,
		notes: notesOf(at),
		job,
		error: outcome.kind === "failed" ? outcome.error : null,
	};
}
