/** A ChoreError as HTTP status and JSON body (RFC 9457), and back. gRPC has its own table in ../grpc/. Pure. */
import { ChoreError, type ErrorCode } from "../../index.ts";

/** The body of an answer that is not a success, of type application/problem+json. */
export interface Problem {
	readonly type: "about:blank";
	/** The words of the status: "Not Found". */
	readonly title: string;
	readonly status: number;
	/** What happened, to what. */
	readonly detail: string;
	readonly code: ErrorCode;
	/** What to do next, or null. */
	readonly hint: string | null;
}

/** The HTTP status of each error. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
	INVALID_ARGUMENT: 400,
	NOT_ALLOWED: 403,
	JOB_NOT_FOUND: 404,
	JOB_AMBIGUOUS: 409,
	JOB_ACTIVE: 409,
	JOB_NOT_ACTIVE: 409,
	JOB_UNKNOWN: 409,
	NO_INPUT: 409,
	NO_OUTPUT: 409,
	NAME_IN_USE: 409,
	UNIT_EXISTS: 409,
	TOO_LARGE: 413,
	COMMAND_NOT_FOUND: 422,
	COMMAND_NOT_EXECUTABLE: 422,
	DIRECTORY_UNUSABLE: 422,
	OPTION_UNSUPPORTED: 422,
	KEY_REUSED: 422,
	TOO_MANY_JOBS: 429,
	TOO_MANY_REQUESTS: 429,
	ABORTED: 499,
	JOB_UNREADABLE: 500,
	STOP_FAILED: 500,
	STATE_UNUSABLE: 500,
	CONFIG_INVALID: 500,
	PLATFORM_FAILED: 502,
	PLATFORM_UNAVAILABLE: 503,
	SERVER_UNREACHABLE: 503,
	TIMED_OUT: 504,
	STATE_FULL: 507,
};

/** The error that an answer of another server tells of; undefined if it is not one of chore's. */
export function errorOf(body: unknown): ChoreError | undefined {
	if (typeof body !== "object" || body === null || !("code" in body) || !("detail" in body)) return undefined;
	const { code, detail } = body;
	if (typeof code !== "string" || typeof detail !== "string" || !Object.hasOwn(STATUS, code)) return undefined;
	const hint = "hint" in body && typeof body.hint === "string" ? { hint: body.hint } : {};
	return new ChoreError(code as ErrorCode, detail, hint);
}
