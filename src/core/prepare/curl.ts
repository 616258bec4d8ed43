/** Finds curl(1), which makes the requests of HTTP jobs, and checks that it can. */
import { ChoreError, isChoreError } from "../../../platform/errors.ts";
import { runProgram } from "../../../platform/program.ts";
import { findProgram } from "./precheck.ts";

/** The first version with `no-progress-meter`: by that it says when it tries again, and nothing of its progress. */
const LEAST = [7, 67] as const;

/** It only prints a few lines. */
const PATIENCE_MS = 10_000;

/**
 * The absolute path of curl, as the job's PATH has it.
 * @throws ChoreError COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE also when it is too old
 */
export async function findCurl(directory: string, path: string | undefined): Promise<string> {
	const curl = find(directory, path);
	const end = await runProgram(curl, ["-q", "--version"], { patienceMs: PATIENCE_MS });
	const [, major, minor] = (end.kind === "ended" && /^curl ([0-9]+)\.([0-9]+)/.exec(end.out.toString("latin1"))) || [];
	if (major === undefined) throw unfit(`${curl} does not tell its version`);
	if (Number(major) < LEAST[0] || (Number(major) === LEAST[0] && Number(minor) < LEAST[1]))
		throw unfit(`${curl} is of version ${major}.${minor}, and requests need ${LEAST.join(".")} or later`);
	return curl;
}

function find(directory: string, path: string | undefined): string {
	try {
		return findProgram("curl", directory, path);
	} catch (error) {
		if (!isChoreError(error)) throw error;
		throw new ChoreError(error.code, error.message, { hint: "requests are made by curl(1): install it, or have it in PATH", cause: error });
	}
}

function unfit(message: string): ChoreError {
	return new ChoreError("COMMAND_NOT_EXECUTABLE", message, { hint: "have a newer curl(1) in PATH" });
}
