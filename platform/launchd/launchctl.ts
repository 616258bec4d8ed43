/** Runs launchctl. Decide by its exit code, which is the number of the error; never by its words, which differ between versions. */
import { ChoreError, errnoOf } from "../errors.ts";
import { runProgram } from "../program.ts";

/** The exit codes of launchctl that chore reacts to. */
export const Code = {
	done: 0,
	/** bootout: not loaded. */
	noProcess: 3,
	/** Input/output error: has many causes, among them a label that is loaded or disabled. */
	failed: 5,
	exists: 17,
	/** bootout: the service is being ended. */
	inProgress: 36,
	/** bootstrap: it is loaded. */
	already: 37,
	noDomain: 112,
	noService: 113,
	disabled: 119,
	/** The domain does not take this kind of service: there is no graphical login. */
	notHere: 125,
	/** The user, or who manages the Mac, does not let the program run in the background. */
	notAllowed: 161,
} as const;

/** What one call of launchctl answered, whatever its exit code. */
export interface Answer {
	readonly code: number;
	readonly out: string;
	readonly err: string;
}

/** launchd answers within milliseconds; on an overloaded machine it may take seconds. */
const PATIENCE_MS = 25_000;

const HINT = "`chore doctor` shows what works here; `--platform posix` runs jobs without launchd";

export class Launchctl {
	readonly path: string;
	readonly #patienceMs: number;

	/** @param patienceMs how long one call may take, in milliseconds */
	constructor(path: string, patienceMs: number = PATIENCE_MS) {
		this.path = path;
		this.#patienceMs = patienceMs;
	}

	/**
	 * Runs launchctl with these words.
	 *
	 * @throws ChoreError PLATFORM_UNAVAILABLE when there is no launchctl, when it does not end in time, or when it is killed
	 */
	async call(...words: readonly string[]): Promise<Answer> {
		const unavailable = (problem: string, cause?: unknown): ChoreError =>
			new ChoreError("PLATFORM_UNAVAILABLE", `launchctl ${words[0]} ${problem}`, { hint: HINT, cause });
		const end = await runProgram(this.path, words, { patienceMs: this.#patienceMs });
		if (end.kind === "not run") throw unavailable(`cannot be run: ${errnoOf(end.error) ?? end.error.message}`, end.error);
		if (end.kind !== "ended") throw unavailable(`did not answer within ${this.#patienceMs} ms`);
		if (end.code === null) throw unavailable(`was ended by ${end.signal}`);
		return { code: end.code, out: end.out.toString("utf8"), err: end.err.toString("utf8") };
	}
}

/** The message of launchctl, in one line for people. */
export function wordsOf({ code, err }: Answer): string {
	const line = err
		.split("\n")
		.map((one) => one.trim())
		.find((one) => one !== "" && one !== "Bad request.");
	return line ?? `exit code ${code}`;
}
