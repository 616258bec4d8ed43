/** Makes, lists and removes listeners. What feeds one is a job like any other, whose runs are started as those of a schedule are. */
import { rmSync } from "node:fs";
import type { Platform } from "../../../platform/contract.ts";
import { ChoreError, isChoreError } from "../../../platform/errors.ts";
import { shellWord } from "../../../platform/shell-word.ts";
import type { Context } from "../context.ts";
import { current } from "../control/reach.ts";
import { makeFolder, removeTree, writeNew } from "../disk/files.ts";
import { type EventKind, recordCreation } from "../disk/ledger.ts";
import { LedgerView, placeText } from "../disk/ledger-place.ts";
import { filterOf, type Listener, listenerNames, readListener } from "../disk/listeners.ts";
import { markScheduled } from "../disk/mark.ts";
import { makePrivateFolder } from "../disk/private-folder.ts";
import { installProgram } from "../disk/programs.ts";
import { checkName, cursorOf, listenerFolder, makeSession, markOf, type Session } from "../disk/session.ts";
import { remove } from "../forget/remove.ts";
import type { Job, JobState } from "../job.ts";
import { moveCursor, pendingFor } from "../look/cursor.ts";
import { findProgram } from "../prepare/precheck.ts";
import type { Schedule } from "../schedule/schedule.ts";
import { text as drain } from "./drain.sh.ts";
import { FIRE_TEXT } from "./fire.ts";
import { type Draft, jobRecord, placeJob } from "./new-job.ts";
import { text as otlp } from "./otlp.sh.ts";
import { run } from "./run.ts";
import { planTemplate, writeTemplate } from "./template.ts";

/** What a listener is given, and what takes it. */
export interface ListenOptions {
	/** Program and arguments. It is given JSON lines on its standard input, 500 at most, and has them once it exits with 0. */
	readonly command?: readonly string[] | undefined;
	/** Instead of a command: the address of a server of OpenTelemetry, "https://otel.example/v1/logs", which is given each event as a log. */
	readonly otlp?: string | undefined;
	/** Default: exited, lost, skipped and missed. */
	readonly on?: readonly EventKind[] | undefined;
	/** Of events that tell of a state only these. */
	readonly states?: readonly JobState[] | undefined;
	/** Only of jobs whose name fits; "*" and "?" as in a shell. */
	readonly job?: string | undefined;
	/** How long a run may take, which may give it many portions. Default five minutes. */
	readonly timeoutMs?: number | undefined;
}

/** A listener, and how far behind it is. */
export interface ListenerReport extends Listener {
	/** How many events are there that it has not had; 1,000 for more than that, too. */
	readonly behind: number;
}

const DEFAULT_ON: readonly EventKind[] = ["exited", "lost", "skipped", "missed"];
const DEFAULT_TIMEOUT_MS = 5 * 60_000;

/** The seconds after which a portion that was not taken is given again. Then the next event starts it. */
const PAUSES = "10 30";

/** Whenever it is started it runs. */
const ALWAYS: Schedule = {
	triggers: [{ id: "t1", kind: "calendar", texts: ["minutely"], zone: null }],
	...{ wake: "platform", when: null, overlap: "skip", missed: "once", jitterMs: 0, keepRuns: 20, notBeforeMs: null, notAfterMs: null },
};

/** @see Chore.listen in chore.ts */
export async function listen(context: Context, name: string, options: ListenOptions): Promise<ListenerReport> {
	const { session } = context;
	const { on = DEFAULT_ON, states = null, job: pattern = null } = options;
	const command = options.otlp === undefined ? (options.command ?? []) : otlpCommand(session, options.otlp);
	checkName("listener", name);
	if (on.length === 0 || (pattern !== null && !/^[A-Za-z0-9._*?-]+$/.test(pattern)))
		throw new ChoreError("INVALID_ARGUMENT", `a listener without events, or of jobs ${JSON.stringify(pattern)}, has nothing to listen to`, {
			hint: "a pattern has the signs of a name, * for any text and ? for one sign",
		});
	const [word] = command;
	if (word === undefined) throw new ChoreError("INVALID_ARGUMENT", "a listener needs a command");
	const folder = listenerFolder(session, name);
	if (listenerNames(session).includes(name))
		throw new ChoreError("NAME_IN_USE", `there is a listener "${name}" already`, { hint: `chore listen rm ${name}` });
	findProgram(word, process.cwd(), process.env["PATH"]);
	makeSession(session);
	const program = installProgram(session.root, "drain", drain);
	const asked = {
		command: ["/bin/sh", program, folder, PAUSES, ...command],
		name,
		timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
	};
	const { id } = await run(context, asked, (platform, draft) => arrange(context, platform, draft, command));
	const listener: Listener = { name, jobId: id, command, on, states, job: pattern };
	try {
		await place(context, listener);
	} catch (error) {
		removeTree(folder);
		await remove(context, id);
		throw error;
	}
	return { ...listener, behind: 0 };
}

function otlpCommand(session: Session, address: string): readonly string[] {
	if (!/^https?:\/\/[^\s@]+$/.test(address))
		throw new ChoreError(
			"INVALID_ARGUMENT",
			"the address of a server of OpenTelemetry is written http://HOST/v1/logs or https://…, without a password",
		);
	makeSession(session);
	return ["/bin/sh", installProgram(session.root, "otlp", otlp), address];
}

/** Makes the job, of which no run is started. It is shown with the command of the listener; what it runs is in its start script. */
async function arrange(context: Context, platform: Platform, draft: Draft, command: readonly string[]): Promise<Job> {
	const { session } = context;
	const { id } = draft;
	if (platform.launcher === undefined)
		throw new ChoreError("OPTION_UNSUPPORTED", `the platform ${platform.name} cannot start a listener`, {
			hint: "`chore events --cursor NAME` gives events to whoever asks for them",
		});
	const job = { ...jobRecord(draft), command };
	const template = await planTemplate(session, platform, job);
	const fire = installProgram(session.root, "fire", FIRE_TEXT);
	placeJob(session, job, draft, (aside) => {
		makeFolder(`${aside}/schedule`);
		writeTemplate(`${aside}/schedule`, { session, platform, job, schedule: ALWAYS, fire }, template);
		writeNew(`${aside}/listener`, `${job.name}\n`);
	});
	recordCreation(session, job, 0);
	markScheduled(session, id);
	rmSync(markOf(session, id), { force: true });
	return current(context, id);
}

/** Makes the folder of a listener, `start` last: with it, it is there. It begins at the end of the ledger. */
async function place(context: Context, listener: Listener): Promise<void> {
	const { session } = context;
	const folder = listenerFolder(session, listener.name);
	makePrivateFolder(session.listeners);
	makeFolder(folder);
	const { name: _, ...rest } = listener;
	writeNew(`${folder}/listener.json`, `${JSON.stringify(rest)}\n`);
	writeNew(`${folder}/filter`, `${[...filterOf(listener), `"id":"${listener.jobId}"`].join("\n")}\n`);
	using ledger = new LedgerView(session);
	moveCursor(context, listener.name, placeText(ledger.end));
	writeNew(`${folder}/start`, startText(session, listener.jobId));
}

/**
 * Runs the fire program as the leader of a process group, where nothing of its caller is left. Descriptor 3 is what the caller
 * reads from: it is closed once the run has been handed over. The word "leader" says that this leads a group already, and nobody reads.
 */
function startText(session: Session, id: string): string {
	const words = ["/bin/sh", installProgram(session.root, "fire", FIRE_TEXT), `${session.jobs}/${id}`].map(shellWord).join(" ");
	return `unset CHORE_JOB_ID CHORE_RUN_ID
exec 3>&1 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- </dev/null >/dev/null 2>&1
cd /
[ "$1" != leader ] || exec ${words}
if command -v setsid; then exec setsid ${words} 3>&3; fi
if command -v perl; then exec perl -e 'setpgrp; exec @ARGV; die' ${words} 3>&3; fi
exec ${words} 3>&3
`;
}

/** @see Chore.listeners in chore.ts */
export function listeners({ session }: Context): readonly ListenerReport[] {
	return listenerNames(session).flatMap((name) => {
		const listener = readListener(session, name);
		return listener === undefined ? [] : [{ ...listener, behind: pendingFor(session, listener) }];
	});
}

/** A listener whose record is damaged. Its job is forgotten like any other, by name. */
const NOTHING: Omit<Listener, "name"> = { jobId: "", command: [], on: [], states: null, job: null };

/** @see Chore.unlisten in chore.ts */
export async function unlisten(context: Context, name: string): Promise<ListenerReport> {
	const { session } = context;
	const isDamaged = listenerNames(session).includes(name) && readListener(session, name) === undefined;
	const listener = isDamaged ? { ...NOTHING, name } : find(session, name);
	const report = { ...listener, behind: pendingFor(session, listener) };
	// First: nothing starts its job any more.
	removeTree(`${listenerFolder(session, name)}/start`);
	try {
		if (!isDamaged) await remove(context, listener.jobId, { force: true });
	} catch (error) {
		if (!isChoreError(error) || error.code !== "JOB_NOT_FOUND") throw error;
	}
	removeTree(listenerFolder(session, name));
	removeTree(cursorOf(session, name));
	return report;
}

/** @see Chore.testListener in chore.ts */
export async function testListener(context: Context, name: string): Promise<Job> {
	const { session } = context;
	const { command, on, jobId } = find(session, name);
	const file = `${listenerFolder(session, name)}/test`;
	const at = new Date().toISOString();
	removeTree(file);
	writeNew(file, `${JSON.stringify({ at, event: on[0], id: jobId, run: 0, name: "test", reason: "chore listen test" })}\n`);
	return run(context, { command, stdin: { file }, ifRunning: "replace", name: `${name}-test`.slice(-64) });
}

function find(session: Session, name: string): Listener {
	const listener = readListener(session, checkName("listener", name));
	if (listener !== undefined) return listener;
	throw new ChoreError("JOB_NOT_FOUND", `there is no listener "${name}" in session "${session.name}"`, {
		hint: "`chore listen ls` lists them",
	});
}
