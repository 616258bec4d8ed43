/** The one place where errors become words on stderr and an exit status. */
import { type ErrorCode, isChoreError } from "../index.ts";
import { OutputFailed } from "./output.ts";
import { printable } from "./words.ts";

/** Exit statuses of commands that have none of a job's to give. */
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

/** Codes that mean the same where the job's own code is what the command gives. */
const STATUS_BESIDE_A_JOBS: Partial<Record<ErrorCode, number>> = { TIMED_OUT: 124, COMMAND_NOT_EXECUTABLE: 126, COMMAND_NOT_FOUND: 127 };

/** An error of chore's own where the exit status is otherwise the job's. */
const OWN_FAILURE = 125;

export interface Manner {
	/** The command's exit status is a job's: 125 says that this one is not. */
	readonly givesJobsStatus: boolean;
	readonly json: boolean;
}

/** A wrong use of the command line: message and hint for people. */
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
	// A bug: whoever reports it needs the stack.
	const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
	return { text: `chore: this is a bug in chore\n${stack}\n`, status: manner.givesJobsStatus ? OWN_FAILURE : 1 };
}

/** One message in the form that was asked for. */
function words(code: string, message: string, hint: string | undefined, json: boolean): string {
	if (json) return `${JSON.stringify({ error: { code, message, hint: hint ?? null } })}\n`;
	// What a user typed, or called a folder, is shown in messages, too.
	return `chore: ${printable(message)}\n${hint === undefined ? "" : `hint: ${printable(hint)}\n`}`;
}
