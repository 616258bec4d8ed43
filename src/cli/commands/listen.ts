/** `chore listen`: has commands be given the events of the session. */
import { Argument, type Command } from "commander";
import { type Chore, type EventKind, hasEnded, type JobState, type ListenerReport } from "../../index.ts";
import { duration, eventKinds, states } from "../arguments.ts";
import { actionHere, type Invocation, jsonLines, verb } from "../command.ts";
import { UsageError } from "../failure.ts";
import { commandLine, nameWords, printable, stateWords } from "../words.ts";

interface Options {
	readonly on?: readonly EventKind[];
	readonly state?: readonly JobState[];
	readonly job?: string;
	readonly timeout?: number;
	readonly otlp?: string;
}

type Action = "add" | "ls" | "rm" | "test";

const HERE = ["chore listen", "a listener is a command of the machine that has the jobs"] as const;

const ACTIONS: readonly Action[] = ["add", "ls", "rm", "test"];

export function listenCommand(): Command {
	return verb("listen", "have a command be given what happens: add, list, remove or try out a listener")
		.addArgument(new Argument("<action>", "add, ls, rm or test").choices(ACTIONS))
		.argument("[name]", "the name of the listener, and of the job that feeds it")
		.argument("[program...]", "with add: the command, which reads JSON lines")
		.optionsGroup("With add:")
		.option("--on <kinds>", "the kinds of events (default: exited,lost,skipped,missed)", eventKinds)
		.option("--state <states>", "of events that tell of a state only these", states)
		.option("--job <pattern>", "only of jobs whose name fits; * and ? as in a shell")
		.option("--timeout <duration>", "how long it may take (default: 5min)", duration)
		.option("--otlp <url>", "instead of a command: give each event to a server of OpenTelemetry, as a log")
		.optionsGroup("Options:")
		.addHelpText("after", "\n  chore listen add chat --state failed -- sh -c 'curl -sf --data-binary @- https://chat.example/hook'")
		.action(
			actionHere<Options, [Action, string | undefined, string[]]>(HERE, async (invocation, what, name, program) => {
				const { on, state, job, timeout, otlp } = invocation.options;
				const isPlain = [on, state, job, timeout, otlp].every((option) => option === undefined) && program.length === 0;
				if (what !== "add" && !isPlain) throw new UsageError(`listen ${what} takes no command and no options of its own`);
				if (what === "ls") return list(invocation, name);
				if (otlp !== undefined && program.length > 0) throw new UsageError("--otlp takes the place of a command");
				if (name === undefined) throw new UsageError(`listen ${what} needs the name of a listener`);
				const { chore, output, options } = invocation;
				if (what === "test") return test(invocation, name);
				const listener =
					what === "rm"
						? await chore.unlisten(name)
						: await chore.listen(name, { command: program, otlp, on, states: state, job, timeoutMs: timeout });
				if (options.json) output.line(jsonLines([listener]));
				else if (!options.quiet)
					output.note(what === "rm" ? `${name} is removed` : `${name} listens; what its command prints: chore logs ${name}`);
			}),
		);
}

async function list({ chore, options, output }: Invocation<Options, Chore>, name: string | undefined): Promise<void> {
	const found = chore.listeners().filter((listener) => name === undefined || listener.name === name);
	if (options.json) output.line(jsonLines(found));
	else if (options.quiet) for (const listener of found) output.line(listener.name);
	else if (found.length > 0) {
		const heading = ["NAME", "BEHIND", "EVENTS", "COMMAND"].map((text) => output.dim(text));
		await output.table([heading, ...found.map((listener) => row(listener).map((text) => ({ text })))]);
	}
}

function row({ name, behind, on, states: only, job, command }: ListenerReport): readonly string[] {
	const which = [on.join(","), ...(only === null ? [] : [only.join(",")]), ...(job === null ? [] : [job])].join(" ");
	return [name, String(behind), which, printable(commandLine(command))];
}

/** Waits for the run of the test, and exits with 1 if the command would not have taken the event. */
async function test({ chore, options, output, setStatus }: Invocation<Options, Chore>, name: string): Promise<void> {
	const { id } = await chore.testListener(name);
	const job = await chore.wait(id);
	if (options.json) output.line(JSON.stringify(job));
	else if (!options.quiet) output.line(`${nameWords(job)} ${stateWords(job)}; what it printed: chore logs ${job.name}`);
	if (hasEnded(job) && job.state !== "succeeded") setStatus(1);
}
