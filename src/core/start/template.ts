/**
 * The template of the runs that a schedule starts: the folder of a run as `writeRun` makes it for every start, with placeholders
 * for what is known only then. The fire program (fire.sh) copies it and puts the numbers in: no text of the user's is read there.
 */
import { existsSync } from "node:fs";
import type { Platform } from "../../../platform/contract.ts";
import { ChoreError } from "../../../platform/errors.ts";
import { makeFolder, replaceFile, writeNew } from "../disk/files.ts";
import { here } from "../disk/place.ts";
import { randomBytes } from "../disk/random.ts";
import type { Session } from "../disk/session.ts";
import type { JobRecord } from "../disk/store.ts";
import { CONDITION, conditionScript } from "../prepare/start-script.ts";
import type { Schedule } from "../schedule/schedule.ts";
import { wakingOf } from "../schedule/schedule.ts";
import { writeRun } from "./lay-out.ts";
import { planRun, runSpec } from "./plan.ts";
import { text as policies } from "./policies.sh.ts";

/** What a template is made of, before any file is written. */
export interface Template {
	readonly placeholders: Placeholders;
	/** See Platform.launcher. */
	readonly launch: string;
}

/** Long numbers that occur nowhere else in a record or in the text of a platform. */
type Placeholders = Readonly<Record<"run" | "ms" | "up" | "pid" | "boot" | "space" | "host", number>>;

export async function planTemplate(session: Session, platform: Platform, job: JobRecord): Promise<Template> {
	const placeholders: Placeholders = {
		...{ run: placeholder(), ms: placeholder(), up: placeholder(), pid: placeholder() },
		...{ boot: placeholder(), space: placeholder(), host: placeholder() },
	};
	if (platform.launcher === undefined)
		throw new ChoreError("OPTION_UNSUPPORTED", `the platform ${platform.name} cannot start runs from a schedule`, {
			hint: "`chore doctor` shows what each platform can do, and why",
		});
	return { placeholders, launch: await platform.launcher(runSpec(session, job, placeholders.run, true)) };
}

/** 15 digits, so that it can stand for a number in JSON. By chance, or the user could write one into a description. */
function placeholder(): number {
	return 1e14 + randomBytes(6).readUIntBE(0, 6);
}

/** The job, and how it is run. `fire` is the path of the fire program. */
export interface Scheduled {
	readonly session: Session;
	readonly platform: Platform;
	readonly job: JobRecord;
	readonly schedule: Schedule;
	readonly fire: string;
}

/** Makes in the new folder of a schedule all that the fire program reads. */
export function writeTemplate(folder: string, { schedule, fire, ...made }: Scheduled, template: Template): void {
	writeNew(`${folder}/plan`, `${writeMould(folder, made, template)}${assignments(limitsOf(schedule))}`);
	writeNew(`${folder}/message`, "");
	writePrograms(folder, fire);
	writeCondition(folder, schedule);
	// Laid out, so that a full disk does not keep a firing from being noted.
	writeNew(`${folder}/last`, `${" ".repeat(LAST_BYTES)}\n`);
}

/** Makes in the new folder of changed settings what takes the place of the template that the schedule was made with. */
export function writeChangedTemplate(
	folder: string,
	made: { session: Session; platform: Platform; job: JobRecord; isFinal: boolean },
	template: Template,
): void {
	writeNew(`${folder}/plan`, writeMould(folder, made, template));
}

/** Whether the exit record of a run alone tells that it is over. */
export function isFinalByRecord({ restart, relay }: JobRecord): boolean {
	return restart.policy === "no" && relay !== true;
}

/** @returns what the fire program has to know of it, for `plan` */
function writeMould(
	folder: string,
	{ session, platform, job, isFinal }: { session: Session; platform: Platform; job: JobRecord; isFinal?: boolean },
	{ placeholders, launch }: Template,
): string {
	const { run, ms, up, pid, boot, space, host } = placeholders;
	const known = here();
	const place = {
		machine: known.machine,
		host: String(host),
		bootId: known.bootId && String(boot),
		pidNamespace: known.pidNamespace && String(space),
	};
	const template = `${folder}/template`;
	makeFolder(template);
	const planned = planRun(session, platform, job, run, true);
	// The fire program is who starts the run. It can tell no start time of a process.
	const creator = { pid, startTicks: null, uptimeSeconds: up, madeAtMs: ms, place };
	writeRun(template, job, { ...planned, createdAtMs: ms, createdUptimeSeconds: up, place }, `${JSON.stringify(creator)}\n`);
	writeNew(`${folder}/launch`, launch);
	return assignments({
		name: job.name,
		platform: platform.name,
		// The latest run may have had other settings.
		final: (isFinal ?? isFinalByRecord(job)) ? "yes" : "no",
		grace: Math.round(job.stopping.graceMs),
		...Object.fromEntries(Object.entries(placeholders).map(([key, value]) => [`p_${key}`, value])),
	});
}

/** Makes what leads to the fire program, and the part of it that is not in it; or replaces both. @param fire its path */
export function writePrograms(folder: string, fire: string): void {
	replaceFile(`${folder}/fire`, `${fire}\n`);
	replaceFile(`${folder}/policies`, policies);
}

/** Makes what the fire program runs to know whether the condition of a schedule holds, or replaces it. */
export function writeCondition(folder: string, { when }: Schedule): void {
	if (when === null) return;
	if (!existsSync(`${folder}/when`)) {
		makeFolder(`${folder}/when`);
		writeNew(`${folder}/when/output`, "");
	}
	replaceFile(`${folder}/when/${CONDITION}`, conditionScript(when));
}

/** The plan of a schedule with another one in its place. What the runs are made of stays. */
export function changedPlan(plan: string, schedule: Schedule): string {
	const limits = limitsOf(schedule);
	const kept = plan.split("\n").filter((line) => line !== "" && !Object.hasOwn(limits, line.slice(0, line.indexOf("="))));
	return `${kept.map((line) => `${line}\n`).join("")}${assignments(limits)}`;
}

/** What decides in the fire program whether a run is due. */
function limitsOf(schedule: Schedule): Readonly<Record<"keep" | "begin" | "end" | "least" | "once" | "overlap" | "when", number | string>> {
	const at = schedule.triggers.find((trigger) => trigger.kind === "at");
	return {
		keep: schedule.keepRuns,
		begin: seconds(at?.atMs ?? schedule.notBeforeMs),
		end: seconds(schedule.notAfterMs),
		least: seconds(wakingOf(schedule).guardMs),
		once: at === undefined ? "" : "yes",
		overlap: schedule.overlap,
		when: schedule.when === null ? "" : "yes",
	};
}

function assignments(words: Readonly<Record<string, string | number>>): string {
	return Object.entries(words)
		.map(([name, value]) => `${name}=${value}\n`)
		.join("");
}

/** Seconds since 1970, and a pid. */
const LAST_BYTES = 10 + 1 + 10;

/** Some shells reckon with 32 bits, which is until 2038; a later moment counts as none. */
const MOST_SECONDS = 2 ** 31 - 1;

function seconds(timeMs: number | null): number | "" {
	const value = timeMs === null ? MOST_SECONDS : Math.ceil(timeMs / 1000);
	return value >= MOST_SECONDS ? "" : value;
}
