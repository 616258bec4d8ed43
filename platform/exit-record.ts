/**
 * The line in `<run>/exit` that tells how a run ended. The core makes the file before the start and fills it with
 * EXIT_RECORD_BYTES blanks, so that a full disk cannot keep the line out. The platform's last act overwrites it in ONE write:
 *
 *     chore-exit 1 attempt=1 how=exited status=7 certain=yes result=exit-code asked=no up=5012.34 boot=… cpu=1200 peak=4096 left=0 pid=77 .
 *
 * Fields are separated by one blank and come in any order after the version. A reader skips fields that it does not know;
 * a fact that is not known is left out or empty. The dot at the end shows that the line is whole. Only a later attempt of
 * the same run overwrites the line. `pid` is the first word of `started`: a reader that finds another pid there knows that
 * a later attempt has begun. With a restart policy the same line is also appended to `attempts`, if the disk has space.
 */
import { constants } from "node:os";
import type { ExitStatus, PlatformResult } from "./contract.ts";

/** Size of the file that the core makes beforehand. No line is longer. */
export const EXIT_RECORD_BYTES = 512;

export interface ExitRecord {
	/** 1 for the first execution of the run; automatic restarts count up. */
	readonly attempt: number;
	readonly status: ExitStatus;
	/** False where a shell could not tell the signal from an exit code of 128 + its number. */
	readonly certain: boolean;
	/** What the platform says; the core may still judge otherwise (a stop request makes it `stopped`). */
	readonly result: PlatformResult;
	/** Whether the stop mark was there when the attempt had ended; null in records of versions that did not look. */
	readonly askedToStop: boolean | null;
	/** Seconds since boot at the end of the run, or null. */
	readonly uptimeSeconds: number | null;
	/** Which boot `uptimeSeconds` belongs to, or null. */
	readonly bootId: string | null;
	readonly cpuTimeMs: number | null;
	readonly memoryPeakBytes: number | null;
	/** How many processes were there when the main process had ended by itself; null where they are not counted. */
	readonly leftBehind: number | null;
	/** The pid of the main process, from `started`; null when the start script never began. */
	readonly pid: number | null;
}

const RESULTS: readonly string[] = [
	"success",
	"exit-code",
	"signal",
	"timeout",
	"oom-kill",
	"start-failed",
	"start-limit",
	"session-ended",
];

/** Words of systemd's Result= that have another name here. */
const SYNONYMS: Readonly<Record<string, PlatformResult>> = { "core-dump": "signal", "start-limit-hit": "start-limit", watchdog: "timeout" };

/**
 * Reads the record.
 *
 * @param text the whole content of `exit`
 * @returns "blank" while nothing was written, "corrupt" for a line that is incomplete or not a record, "newer" for a later version
 */
export function parseExitRecord(text: string): ExitRecord | "blank" | "corrupt" | "newer" {
	if (text === "") return "corrupt";
	// A later attempt's line may be shorter than the one it overwrites: what follows the first line is old.
	const line = text.slice(0, (text.indexOf("\n") + 1 || text.length + 1) - 1).trim();
	if (line === "") return "blank";
	const [magic, version, ...words] = line.split(" ");
	if (magic !== "chore-exit" || version === undefined || !/^[0-9]+$/.test(version)) return "corrupt";
	if (version !== "1") return "newer";
	if (words.pop() !== ".") return "corrupt";
	const fields = new Map(words.map((word): [string, string] => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]));
	const status = parseStatus(fields.get("how"), fields.get("status"));
	const attempt = wholeNumber(fields.get("attempt"));
	if (status === undefined || attempt === null || attempt < 1) return "corrupt";
	const word = fields.get("result") ?? "";
	const result = RESULTS.includes(word) ? (word as PlatformResult) : SYNONYMS[word];
	const cpuMicroseconds = wholeNumber(fields.get("cpu"));
	const asked = fields.get("asked");
	const uptime = fields.get("up") ?? "";
	return {
		attempt,
		status,
		certain: fields.get("certain") !== "no",
		result: result ?? ("signal" in status ? "signal" : status.code === 0 ? "success" : "exit-code"),
		askedToStop: asked === "yes" || asked === "no" ? asked === "yes" : null,
		uptimeSeconds: /^[0-9]+(\.[0-9]+)?$/.test(uptime) ? Number(uptime) : null,
		bootId: fields.get("boot") || null,
		cpuTimeMs: cpuMicroseconds === null ? null : Math.round(cpuMicroseconds / 1000),
		memoryPeakBytes: wholeNumber(fields.get("peak")),
		leftBehind: wholeNumber(fields.get("left")),
		pid: wholeNumber(fields.get("pid")),
	};
}

/** The real-time signals that programs may use (signal(7)). The C library keeps 32 and 33 for itself. */
const FIRST_REAL_TIME = 34;
const LAST_REAL_TIME = 64;

/** The number of a signal by name ("SIGTERM", "SIGRTMIN+3"), or undefined for one that this system does not have. */
export function signalNumber(name: string): number | undefined {
	const realTime = /^SIGRT(?:MIN(?:\+([0-9]+))?|MAX(?:-([0-9]+))?)$/.exec(name);
	if (realTime) {
		const number = name.startsWith("SIGRTMIN") ? FIRST_REAL_TIME + Number(realTime[1] ?? 0) : LAST_REAL_TIME - Number(realTime[2] ?? 0);
		return number >= FIRST_REAL_TIME && number <= LAST_REAL_TIME ? number : undefined;
	}
	return Object.hasOwn(constants.signals, name) ? constants.signals[name as NodeJS.Signals] : undefined;
}

/** Of several names of a number ("SIGABRT", "SIGIOT") the first one counts. */
const NAMES: ReadonlyMap<number, string> = new Map(
	Object.entries(constants.signals)
		.reverse()
		.map(([name, number]) => [number, name]),
);

/** The name of a signal by number ("SIGTERM"), or undefined when there is no signal of that number. */
export function signalName(number: number): string | undefined {
	const name = NAMES.get(number);
	if (name !== undefined) return name;
	if (number < FIRST_REAL_TIME || number > LAST_REAL_TIME) return undefined;
	return number === FIRST_REAL_TIME ? "SIGRTMIN" : `SIGRTMIN+${number - FIRST_REAL_TIME}`;
}

function parseStatus(how: string | undefined, status: string | undefined): ExitStatus | undefined {
	const number = wholeNumber(status);
	if (how === "exited") return number !== null && number <= 255 ? { code: number } : undefined;
	if (how !== "killed" && how !== "dumped") return undefined;
	const name = number !== null ? signalName(number) : status ? `SIG${status.replace(/^SIG/, "")}` : undefined;
	return name !== undefined && signalNumber(name) !== undefined ? { signal: name } : undefined;
}

function wholeNumber(text: string | undefined): number | null {
	return text !== undefined && /^[0-9]{1,16}$/.test(text) ? Number(text) : null;
}
