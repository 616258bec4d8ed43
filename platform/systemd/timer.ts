/**
 * The two units that wake a job: a timer, and the service in which the fire program runs for a moment. Texts only. Their names
 * are new for each revision of a schedule: of a timer with a history the manager may make up for moments that never were its own.
 */
import type { Occasion } from "../calendar.ts";
import { calendarTexts } from "../calendar-text.ts";
import type { Handle, Wake } from "../contract.ts";
import { ChoreError } from "../errors.ts";
import { printable } from "./property.ts";
import { timerProperties } from "./timer-properties.ts";

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

/** systemd.timer(5). Properties that the user asked for come last: of two the later one counts. */
export function timerText({ description, calendar, occasions, native, catchesUp, jitterMs }: Wake): string {
	const settings = [
		...calendarTexts(calendar).map((text) => `OnCalendar=${text}`),
		...occasions.map(occasionText),
		`AccuracySec=${isFine(calendar, occasions) ? "1ms" : "1s"}`,
		// With a stamp of its last moment a timer would not count from a boot that was before it.
		`Persistent=${catchesUp && occasions.length === 0 ? "yes" : "no"}`,
		`RandomizedDelaySec=${jitterMs}ms`,
		"FixedRandomDelay=yes",
		...timerProperties(native),
	];
	return `[Unit]
Description=${describe(description)}
[Timer]
${settings.map((line) => `${line}\n`).join("")}[Install]
WantedBy=timers.target
`;
}

const EVENTS = {
	armed: "OnActiveSec",
	boot: "OnBootSec",
	"platform-start": "OnStartupSec",
	"run-start": "OnUnitActiveSec",
	"run-end": "OnUnitInactiveSec",
} as const;

const CHANGES = { "clock-change": "OnClockChange", "timezone-change": "OnTimezoneChange" } as const;

function occasionText(occasion: Occasion): string {
	return "on" in occasion ? `${CHANGES[occasion.on]}=yes` : `${EVENTS[occasion.after]}=${occasion.delayMs / 1000}`;
}

/** Whether seconds are asked for. Else the manager wakes up once for all timers within a second. */
function isFine(calendar: Wake["calendar"], occasions: readonly Occasion[]): boolean {
	return (
		calendar.some(({ seconds }) => seconds === "any" || seconds.length > 1) ||
		occasions.some((occasion) => "after" in occasion && occasion.delayMs > 0 && occasion.delayMs < MINUTE_MS)
	);
}

const MINUTE_MS = 60_000;

/**
 * systemd.service(5). A paused schedule starts no process: its moments go by.
 *
 * Where time is counted from runs this service is active as long as the run: the run wants it (launcher.ts), and once nothing does,
 * the manager stops it. The timer counts from its start and its end, and waits meanwhile.
 */
export function serviceText({ description, jobFolder, occasions, fire }: Wake): string {
	const lastsAsRun = occasions.some((occasion) => "after" in occasion && /^run-/.test(occasion.after));
	return `[Unit]
Description=${describe(description)}
ConditionPathExists=${specified(jobFolder)}/schedule/plan
ConditionPathExists=!${specified(jobFolder)}/schedule/paused
StartLimitIntervalSec=0
${lastsAsRun ? "StopWhenUnneeded=yes\n" : ""}[Service]
Type=oneshot
${lastsAsRun ? `RemainAfterExit=yes\nEnvironment=${WAKER}=%n\n` : ""}ExecStart=/bin/sh ${word(fire)} ${word(jobFolder)}
`;
}

/** The variable of the fire program that holds the name of its service, if the run is to want that. */
export const WAKER = "CHORE_WAKER";

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
