/** Starts one run: makes its files, hands its property list to launchd, and waits until it is under way. */
import { writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { RunSpec } from "../contract.ts";
import { ChoreError } from "../errors.ts";
import { runMark } from "../run-mark.ts";
import { layOut, PID_BYTES, withFiles } from "../shell/lay-out.ts";
import { hasBegun, type Run } from "../shell/run-folder.ts";
import { shimCommand, stopWords } from "../shell/shim.ts";
import type { Launchctl } from "./launchctl.ts";
import { ENVIRONMENT, propertyList } from "./plist.ts";
import { observationOf } from "./print.ts";
import { domainFile, messagesFile, plistFile, sessionFile, waiterFile } from "./run-files.ts";
import { bootout, bootstrap, labelOf, look } from "./service.ts";

/** What `start` needs besides the run. */
export interface Means {
	readonly launchctl: Launchctl;
	/** "gui/501" */
	readonly domain: string;
	/** The words by which the shim and the start script are run. */
	readonly shell: readonly string[];
	/** See leader.ts. */
	readonly leader: string;
	/** Absolute path of the bash that runs the waiter. */
	readonly waiterShell: string;
	/** The paths of the installed shell programs. */
	readonly waiter: string;
	readonly shim: string;
}

/** Between two looks at a run that is about to begin. */
const FIRST_LOOK_MS = 2;
const LAST_LOOK_MS = 50;
/** The number of looks at the run's files between two questions to launchd. */
const LOOKS_BETWEEN = 20;
/** The number of questions to launchd. After about a minute the start counts as accepted, and is not waited for. */
const QUESTIONS = 60;

/** See Platform.start. */
export async function start(run: RunSpec, means: Means): Promise<void> {
	const { launchctl, domain } = means;
	const label = labelOf(run);
	const text = serviceText(run, means);
	await withFiles(run, async (_, made) => {
		layOut(waiterFile(run), PID_BYTES);
		for (const [path, content] of [
			[messagesFile(run), ""],
			[`${sessionFile(run)}.blank`, ""],
			[plistFile(run), text],
			// Last: once this file exists, other commands ask launchd about the run.
			[domainFile(run), `${domain}\n`],
		] as const) {
			writeFileSync(path, content, { flag: "wx", mode: 0o600 });
		}
		await made;
	});
	await bootstrap(launchctl, domain, label, plistFile(run));
	if (run.acknowledge) await begun(run, launchctl, `${domain}/${label}`);
}

/** The property list of the run. @throws ChoreError STATE_UNUSABLE for a path that XML cannot carry */
export function serviceText(run: RunSpec, means: Means): string {
	const label = labelOf(run);
	return propertyList(run, {
		label,
		program: program(run, means, `${means.domain}/${label}`),
		environment: ENVIRONMENT,
		messages: messagesFile(run),
	});
}

function program(run: RunSpec, { launchctl, shell, leader, waiterShell, waiter, shim }: Means, target: string): readonly string[] {
	const mark = [run.jobId, runMark(run)];
	return [waiterShell, waiter, launchctl.path, target, ...mark, run.runFolder, ...stopWords(run), ...shimCommand(run, shell, shim, leader)];
}

/**
 * Resolves once the run has begun, or after a minute.
 *
 * @throws ChoreError PLATFORM_FAILED when launchd could not start it
 */
async function begun(run: Run, launchctl: Launchctl, target: string): Promise<void> {
	for (let count = 1; count < LOOKS_BETWEEN * QUESTIONS; count++) {
		if (hasBegun(run)) return;
		if (count % LOOKS_BETWEEN === 0) await refuseUnlessComing(run, launchctl, target);
		await delay(Math.min(FIRST_LOOK_MS * count, LAST_LOOK_MS));
	}
}

async function refuseUnlessComing(run: Run, launchctl: Launchctl, target: string): Promise<void> {
	const known = await look(launchctl, target);
	if (known.kind === "unclear" || known.kind === "no domain" || hasBegun(run)) return;
	const observed = known.kind === "gone" ? { kind: "absent" } : observationOf(known.text);
	if (observed.kind === "queued" || observed.kind === "unreachable" || observed.kind === "stopping") return;
	await bootout(launchctl, target);
	const how = "end" in observed ? describeEnd(observed.end.status) : "it was removed at once";
	throw new ChoreError("PLATFORM_FAILED", `launchd could not start the job: ${how}`, {
		hint: `is the state folder out of reach for background programs (Desktop, Documents)? See chore(7), and launchctl print ${target}`,
	});
}

function describeEnd(status: { readonly code: number } | { readonly signal: string }): string {
	return "code" in status ? `its shell ended with exit code ${status.code}` : `its shell was ended by ${status.signal}`;
}
