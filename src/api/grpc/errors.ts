/** A ChoreError as a status of gRPC with a Problem as detail. REST has its own table in ../rest/. */
import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type ErrorCode, isChoreError } from "../../index.ts";
import { messageOf } from "./convert.ts";

/** The status of each error. Never UNAVAILABLE where something may have been done: clients repeat such calls by themselves. */
export const CODES: Readonly<Record<ErrorCode, Code>> = {
	INVALID_ARGUMENT: Code.InvalidArgument,
	NOT_ALLOWED: Code.PermissionDenied,
	JOB_NOT_FOUND: Code.NotFound,
	JOB_AMBIGUOUS: Code.FailedPrecondition,
	JOB_ACTIVE: Code.FailedPrecondition,
	JOB_NOT_ACTIVE: Code.FailedPrecondition,
	JOB_UNKNOWN: Code.FailedPrecondition,
	NO_INPUT: Code.FailedPrecondition,
	NO_OUTPUT: Code.FailedPrecondition,
	NAME_IN_USE: Code.AlreadyExists,
	UNIT_EXISTS: Code.AlreadyExists,
	TOO_LARGE: Code.ResourceExhausted,
	COMMAND_NOT_FOUND: Code.FailedPrecondition,
	COMMAND_NOT_EXECUTABLE: Code.FailedPrecondition,
	DIRECTORY_UNUSABLE: Code.FailedPrecondition,
	OPTION_UNSUPPORTED: Code.FailedPrecondition,
	KEY_REUSED: Code.FailedPrecondition,
	TOO_MANY_JOBS: Code.ResourceExhausted,
	TOO_MANY_REQUESTS: Code.ResourceExhausted,
	ABORTED: Code.Canceled,
	JOB_UNREADABLE: Code.DataLoss,
	STOP_FAILED: Code.Internal,
	STATE_UNUSABLE: Code.Internal,
	CONFIG_INVALID: Code.Internal,
	PLATFORM_FAILED: Code.Internal,
	PLATFORM_UNAVAILABLE: Code.Unavailable,
	SERVER_UNREACHABLE: Code.Unavailable,
	TIMED_OUT: Code.DeadlineExceeded,
	STATE_FULL: Code.ResourceExhausted,
};

/**
 * What a client is told of an error.
 *
 * @param signal that of the call: a call that ended because its deadline is over says so
 * @param problem the descriptor of Problem
 * @param report takes an error that is a fault of the server; the client is not told what it was
 */
export function connectError(error: unknown, signal: AbortSignal, problem: DescMessage, report: (error: unknown) => void): ConnectError {
	if (error instanceof ConnectError) return error;
	if (!isChoreError(error)) {
		report(error);
		return new ConnectError("a fault of the server: its log says more", Code.Internal);
	}
	if (error.code === "ABORTED" && signal.reason instanceof ConnectError) return signal.reason;
	const { message } = messageOf(problem, { code: error.code, hint: error.hint });
	return new ConnectError(error.message.toWellFormed(), CODES[error.code] ?? Code.Internal, undefined, [{ desc: problem, value: message }]);
}
