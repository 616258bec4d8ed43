/**
 * The line in `<run>/exit` by which the end of a run is known afterwards. The core lays the file out as blanks
 * (EXIT_RECORD_BYTES, so that writing it needs no space); the platform's last act overwrites it in ONE write:
 *
 *     chore-exit 1 attempt=1 how=exited status=7 certain=yes result=exit-code up=5012.34 boot=… cpu=1200 peak=4096 pid=77 .
 *
 * Fields are separated by one blank, in any order after the version; unknown ones are skipped; unknown facts are left
 * out or empty. The lone dot says that the line is whole. Only a later attempt of the same run overwrites it; `pid`, which
 * is the first word of `started` at that time, tells whether a later one has begun. With a restart policy the same line
 * is appended to `attempts`, where there is room for it.
 */
import { constants } from "node:os";
import type { ExitStatus, PlatformResult } from "./contract.ts";

/** Room that is laid out for the line. No line is longer. */
export const EXIT_RECORD_BYTES = 512;

export interface ExitRecord {
	/** 1 for the first execution of the run; automatic restarts count up. */
	readonly attempt: number;
	readonly status: ExitStatus;
	/** False where a shell could not tell the signal from an exit code of 128 + its number. */
	readonly certain: boolean;
	/** The platform's own word; not yet chore's judgement. */
	readonly result: PlatformResult;
	/** Seconds since boot at the end of the run, or null. */
	readonly uptimeSeconds: number | null;
	/** Which boot `uptimeSeconds` belongs to, or null. */
	readonly bootId: string | null;
	readonly cpuTimeMs: number | null;
	readonly memoryPeakBytes: number | null;
	/** The main process, as `started` told it; null where it never came to that. */
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

/** Words of systemd's Result= that mean one of ours. */
const SYNONYMS: Readonly<Record<string, PlatformResult>> = { "core-dump": "signal", "start-limit-hit": "start-limit", watchdog: "timeout" };

/**
 * Reads the record.
 *
 * @param text the whole content of `exit`
 * @returns "blank" while nothing was written, "corrupt" for a line that is not whole or not ours, "newer" for a later version
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
	const uptime = fields.get("up") ?? "";
	return {
		attempt,
		status,
		certain: fields.get("certain") !== "no",
		result: result ?? ("signal" in status ? "signal" : status.code === 0 ? "success" : "exit-code"),
		uptimeSeconds: /^[0-9]+(\.[0-9]+)?$/.test(uptime) ? Number(uptime) : null,
		bootId: fields.get("boot") || null,
		cpuTimeMs: cpuMicroseconds === null ? null : Math.round(cpuMicroseconds / 1000),
		memoryPeakBytes: wholeNumber(fields.get("peak")),
		pid: wholeNumber(fields.get("pid")),
	};
}

/** The real-time signals that programs may use (signal(7)): two more are the C library's own. */
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

/** The name of a signal by number ("SIGTERM"), or undefined for a number that is none. */
export function signalName(number: number): string | undefined {
	for (const [name, value] of Object.entries(constants.signals)) if (value === number) return name;
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
