/**
 * Reads what `launchctl print` says of one service. Apple does not document the form, so only lines behind exactly one tab
 * are read, which all known versions have. Environment and arguments are printed without escapes and could imitate a field:
 * a field that is there twice counts as not told. Never takes a text that it does not understand for the end of a job.
 */
import type { ExitStatus, Observation } from "../contract.ts";
import { signalName } from "../exit-record.ts";

/** A service as far as it could be read; null for a field that is missing or there twice. */
export interface PrintedService {
	/** "running", "spawn scheduled", "not running" ("waiting" once), "SIGTERMed", … */
	readonly state: string | null;
	/** The path of the property list that it was made from. */
	readonly path: string | null;
	readonly pid: number | null;
	/** How often launchd has started it. */
	readonly runs: number | null;
	/** How its last process ended. While a process is running: how the one before it ended. */
	readonly end: ExitStatus | "never" | "unknown";
}

const FIELDS = ["state", "path", "pid", "runs", "last exit code", "last terminating signal", "last exit reason"] as const;
type Field = (typeof FIELDS)[number];

/** Reads what `launchctl print DOMAIN/LABEL` wrote. */
export function parsePrinted(text: string): PrintedService {
	const found = new Map<Field, string | null>();
	// Only the line feed ends a line here: a path may hold what ends one elsewhere, such as U+2028.
	for (const line of text.split("\n")) {
		const [, name, value = ""] = /^\t([a-z][a-z ]*) = (.*)$/s.exec(line) ?? [];
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
 * The observation of a run whose shell has not begun, from its service alone.
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

/** launchd prints exactly one of these three lines. If there are more, one of them is imitated, and none is believed. */
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
