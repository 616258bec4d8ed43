/**
 * What `launchctl print` says of one service. Its form is promised by nobody, so that only what all known versions have
 * is read: lines behind exactly one tab. A job's own words are printed raw: what stands there twice is believed in neither
 * place, and what is not understood is never taken for an end.
 */
import type { ExitStatus, Observation } from "../contract.ts";
import { signalName } from "../exit-record.ts";

/** A service as far as it could be read; null for what is not told, or told twice. */
export interface PrintedService {
	/** "running", "spawn scheduled", "not running" ("waiting" once), "SIGTERMed", … */
	readonly state: string | null;
	/** The property list that it was made from. */
	readonly path: string | null;
	readonly pid: number | null;
	/** How often it was started. */
	readonly runs: number | null;
	/** How its last process ended. While there is one, that is the one before. */
	readonly end: ExitStatus | "never" | "unknown";
}

const FIELDS = ["state", "path", "pid", "runs", "last exit code", "last terminating signal", "last exit reason"] as const;
type Field = (typeof FIELDS)[number];

/** Reads what `launchctl print DOMAIN/LABEL` wrote. */
export function parsePrinted(text: string): PrintedService {
	const found = new Map<Field, string | null>();
	for (const [, name, value = ""] of text.matchAll(/^\t([a-z][a-z ]*) = (.*)$/gm)) {
		const field = FIELDS.find((one) => one === name);
		if (field !== undefined) found.set(field, found.has(field) ? null : value);
	}
	return {
		state: found.get("state") ?? null,
		path: found.get("path") ?? null,
		pid: wholeNumber(found.get("pid")),
		runs: wholeNumber(found.get("runs")),
		end: endOf(found),
	};
}

/**
 * What is known of a run from its service alone: one whose shell has not begun yet, or never came to it.
 *
 * @param text as `launchctl print` wrote it
 */
export function observationOf(text: string): Observation {
	const { state, pid, end } = parsePrinted(text);
	switch (state) {
		case "running":
		case "spawn scheduled":
		case "spawning":
		case "xpcproxy":
			return { kind: "queued" };
		case "SIGTERMed":
		case "SIGKILLed":
		case "languishing":
			return { kind: "stopping" };
		case "not running":
		case "waiting":
		case "exited":
			// Accepted, and not started yet.
			if (end === "never") return { kind: "queued" };
			if (end !== "unknown" && pid === null) return { kind: "ended", end: { status: end, result: "start-failed", endedAtMs: null } };
	}
	return { kind: "unreachable", reason: "what launchctl says of the job cannot be understood" };
}

/** One of three lines tells it: what stands beside another was not written by launchd. */
function endOf(found: ReadonlyMap<Field, string | null>): PrintedService["end"] {
	const code = found.get("last exit code");
	const signal = found.get("last terminating signal");
	if ([code, signal, found.get("last exit reason")].filter((one) => one !== undefined).length !== 1) return "unknown";
	if (code === "(never exited)") return "never";
	const number = wholeNumber(/^([0-9]+)(?:: EX_[A-Z]+)?$/.exec(code ?? "")?.[1]);
	if (number !== null && number <= 255) return { code: number };
	const name = signalName(wholeNumber(/: ([0-9]+)$/.exec(signal ?? "")?.[1]) ?? 0);
	return name === undefined ? "unknown" : { signal: name };
}

function wholeNumber(text: string | null | undefined): number | null {
	return typeof text === "string" && /^[0-9]{1,15}$/.test(text) ? Number(text) : null;
}
