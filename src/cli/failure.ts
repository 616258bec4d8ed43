/** Turns errors into messages and exit statuses. No other file does that. */
import { type ErrorCode, isChoreError } from "../index.ts";
import { OutputFailed } from "./output.ts";
import { printable } from "./words.ts";

/** Exit statuses of commands that do not return a job's own. Other errors: 1. */
const STATUS: Partial<Record<ErrorCode, number>> = {
	INVALID_ARGUMENT: 2,
	CONFIG_INVALID: 2,
	OPTION_UNSUPPORTED: 2,
	JOB_NOT_ACTIVE: 3,
	JOB_NOT_FOUND: 4,
	JOB_AMBIGUOUS: 4,
	NAME_IN_USE: 5,
	TIMED_OUT: 124,
	COMMAND_NOT_EXECUTABLE: 126,
	COMMAND_NOT_FOUND: 127,
};

/** Exit statuses of commands that otherwise return a job's own. Other errors: OWN_FAILURE. */
const STATUS_BESIDE_A_JOBS: Partial<Record<ErrorCode, number>> = { TIMED_OUT: 124, COMMAND_NOT_EXECUTABLE: 126, COMMAND_NOT_FOUND: 127 };

/** The exit status for an error of chore's own when the command otherwise returns the job's. */
const OWN_FAILURE = 125;

export interface Manner {
	/** Whether the command returns a job's exit status, so that chore's own errors need 125. */
	readonly givesJobsStatus: boolean;
	readonly json: boolean;
}

/** A wrong use of the command line. */
export class UsageError extends Error {
	override readonly name = "UsageError";
	readonly hint: string | undefined;

	constructor(message: string, hint?: string) {
		super(message);
		this.hint = hint;
	}
}

/** @returns what to write to stderr, and the exit status */
export function describeFailure(error: unknown, manner: Manner): { readonly text: string; readonly status: number } {
	if (isChoreError(error)) {
		const status = manner.givesJobsStatus ? (STATUS_BESIDE_A_JOBS[error.code] ?? OWN_FAILURE) : (STATUS[error.code] ?? 1);
		return { text: words(error.code, error.message, error.hint, manner.json), status };
	}
	if (error instanceof UsageError) {
		return { text: words("INVALID_ARGUMENT", error.message, error.hint, manner.json), status: manner.givesJobsStatus ? OWN_FAILURE : 2 };
	}
	if (error instanceof OutputFailed) {
		return { text: words("OUTPUT_FAILED", error.message, undefined, manner.json), status: manner.givesJobsStatus ? OWN_FAILURE : 1 };
	}
	// A bug of chore: print the stack, for a report.
	const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
	return { text: `chore: this is a bug in chore\n${stack}\n`, status: manner.givesJobsStatus ? OWN_FAILURE : 1 };
}

/** The message as text or JSON. */
function words(code: string, message: string, hint: string | undefined, json: boolean): string {
	if (json) return `${JSON.stringify({ error: { code, message, hint: hint ?? null } })}\n`;
	// Messages may hold text of the user's, such as names of folders.
	return `chore: ${printable(message)}\n${hint === undefined ? "" : `hint: ${printable(hint)}\n`}`;
}
