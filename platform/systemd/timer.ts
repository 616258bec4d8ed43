/**
 * The two units that wake a job: a timer, and the service in which the fire program runs for a moment. Texts only. Their names
 * are new for each revision of a schedule: of a timer with a history the manager may make up for moments that never were its own.
 */
import { calendarTexts } from "../calendar-text.ts";
import type { Handle, Wake } from "../contract.ts";
import { ChoreError } from "../errors.ts";
import { printable } from "./property.ts";

/** What the handle of a wake holds. */
export interface Timer {
	readonly timer: string;
	readonly service: string;
	/** The folder of both files. */
	readonly folder: string;
}

const HANDLE_VERSION = 1;

/** @throws ChoreError INVALID_ARGUMENT for a state folder whose path a unit's file cannot hold */
export function planTimer({ label, revision, jobFolder, fire }: Wake, platform: string): Handle {
	for (const path of [jobFolder, fire]) checkPath(path);
	const name = `chore-${label}-r${revision}`;
	return {
		platform,
		version: HANDLE_VERSION,
		data: { timer: `${name}.timer`, service: `${name}.service`, folder: `${jobFolder}/schedule` },
	};
}

/** @throws ChoreError PLATFORM_FAILED for a handle of another version or form */
export function readTimer({ platform, version, data: { timer, service, folder } }: Handle): Timer {
	if (version === HANDLE_VERSION && typeof timer === "string" && typeof service === "string" && typeof folder === "string")
		return { timer, service, folder };
	throw new ChoreError("PLATFORM_FAILED", `the schedule has a handle of ${platform}, version ${version}, which is unknown here`, {
		hint: "it was written by another version of chore; use that one",
	});
}

/** systemd.timer(5) */
export function timerText({ description, calendar, catchesUp, jitterMs }: Wake): string {
	// The manager wakes up once for all timers within a second, unless seconds are asked for.
	const accuracy = calendar.every(({ seconds }) => seconds !== "any" && seconds.length === 1) ? "1s" : "1ms";
	return `[Unit]
Description=${describe(description)}
[Timer]
${calendarTexts(calendar)
	.map((text) => `OnCalendar=${text}\n`)
	.join("")}AccuracySec=${accuracy}
Persistent=${catchesUp ? "yes" : "no"}
RandomizedDelaySec=${jitterMs}ms
FixedRandomDelay=yes
[Install]
WantedBy=timers.target
`;
}

/**
 * systemd.service(5). A paused schedule starts no process: its moments go by. Without a start limit, since moments may come each
 * second, and the manager's own is five starts in ten seconds (systemd.unit(5)).
 */
export function serviceText({ description, jobFolder, fire }: Wake): string {
	return `[Unit]
Description=${describe(description)}
StartLimitIntervalSec=0
ConditionPathExists=${specified(jobFolder)}/schedule/plan
ConditionPathExists=!${specified(jobFolder)}/schedule/paused
[Service]
Type=oneshot
ExecStart=/bin/sh ${word(fire)} ${word(jobFolder)}
`;
}

function describe(description: string): string {
	const human = specified(printable(description)).replaceAll("\\", "").trim();
	return `Wakes ${human || "a job"}`;
}

/** A path in double quotes, in which systemd reads escapes, variables and specifiers (systemd.syntax(7)). */
function word(path: string): string {
	return `"${specified(path).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("$", "$$$$")}"`;
}

function specified(text: string): string {
	return text.replaceAll("%", "%%");
}

function checkPath(path: string): void {
	const wrong = /\p{Cc}/u.test(path) ? "a control character" : /[\s\\]$/.test(path) ? "a blank at its end" : undefined;
	if (wrong === undefined) return;
	throw new ChoreError("INVALID_ARGUMENT", `systemd cannot wake a job whose folder has ${wrong} in its path: ${printable(path)}`, {
		hint: "choose another state folder: CHORE_HOME",
	});
}
