/** The errors that users, scripts and other programs see. Foreign errors are translated where they enter. */

/** Stable reasons. Append only; never rename: scripts match on them. */
export type ErrorCode =
	| "INVALID_ARGUMENT"
	| "JOB_NOT_FOUND"
	| "JOB_AMBIGUOUS"
	| "JOB_ACTIVE"
	| "JOB_NOT_ACTIVE"
	| "JOB_UNREADABLE"
	| "NAME_IN_USE"
	| "UNIT_EXISTS"
	| "TOO_MANY_JOBS"
	| "COMMAND_NOT_FOUND"
	| "COMMAND_NOT_EXECUTABLE"
	| "DIRECTORY_UNUSABLE"
	| "OPTION_UNSUPPORTED"
	| "STOP_FAILED"
	| "TIMED_OUT"
	| "ABORTED"
	| "JOB_UNKNOWN"
	| "NO_INPUT"
	| "NO_OUTPUT"
	| "STATE_UNUSABLE"
	| "STATE_FULL"
	| "CONFIG_INVALID"
	| "PLATFORM_UNAVAILABLE"
	| "PLATFORM_FAILED"
	| "NOT_ALLOWED"
	| "KEY_REUSED"
	| "TOO_LARGE"
	| "TOO_MANY_REQUESTS"
	| "SERVER_UNREACHABLE";

/** An error of chore's own: what happened to what, and what to do next. Compare `code`, not the class. */
export class ChoreError extends Error {
	override readonly name = "ChoreError";
	readonly code: ErrorCode;
	/** What the user can do next, or undefined where nothing is known to help. */
	readonly hint: string | undefined;
	/** For errors of `Platform.start`: true when nothing of the run exists or will exist. If false, the core asks `inspect`. */
	readonly refused: boolean;

	constructor(
		code: ErrorCode,
		message: string,
		options: { readonly hint?: string; readonly cause?: unknown; readonly refused?: boolean } = {},
	) {
		super(message, "cause" in options ? { cause: options.cause } : {});
		this.code = code;
		this.hint = options.hint;
		this.refused = options.refused ?? false;
	}
}

/** Recognises a ChoreError of any copy of this class: the library, each platform and the CLI are separate bundles. */
export function isChoreError(error: unknown): error is ChoreError {
	return error instanceof Error && error.name === "ChoreError" && "code" in error;
}

/** The `errno` name of a system error ("ENOENT"), or undefined. */
export function errnoOf(error: unknown): string | undefined {
	return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
