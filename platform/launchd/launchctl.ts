/** Runs launchctl. Its exit code is the error's number, and is what counts: its words differ between versions. */
import { spawn } from "node:child_process";
import { ChoreError, errnoOf } from "../errors.ts";
import { Silence } from "../silence.ts";

/** launchctl's exit codes, as far as they decide anything. */
export const Code = {
	done: 0,
	/** bootout: not loaded. */
	noProcess: 3,
	/** Input/output error: all sorts of things, among them a label that is loaded, or disabled. */
	failed: 5,
	exists: 17,
	/** bootout: not yet over. */
	inProgress: 36,
	/** bootstrap: loaded. */
	already: 37,
	noDomain: 112,
	noService: 113,
	disabled: 119,
	/** The domain is there for nothing of the kind: no graphical login. */
	notHere: 125,
} as const;

/** One answer. Nothing is an error here but the lack of one. */
export interface Answer {
	readonly code: number;
	readonly out: string;
	readonly err: string;
}

/** launchd answers within milliseconds; a machine that is busy beyond measure may take seconds. */
const PATIENCE_MS = 25_000;

const HINT = "`chore doctor` shows what works here; `--platform posix` runs jobs without launchd";

export class Launchctl {
	readonly path: string;
	readonly #patienceMs: number;

	/** @param patienceMs how long it may be silent */
	constructor(path: string, patienceMs: number = PATIENCE_MS) {
		this.path = path;
		this.#patienceMs = patienceMs;
	}

	/**
	 * One call.
	 *
	 * @throws ChoreError PLATFORM_UNAVAILABLE when there is no launchctl, when it does not answer, or when it is killed
	 */
	call(...words: readonly string[]): Promise<Answer> {
		const child = spawn(this.path, words, { stdio: ["ignore", "pipe", "pipe"] });
		const out: Buffer[] = [];
		const err: Buffer[] = [];
		child.stdout.on("data", (piece: Buffer) => out.push(piece));
		child.stderr.on("data", (piece: Buffer) => err.push(piece));
		return new Promise((resolve, reject) => {
			const unavailable = (problem: string, cause?: unknown): void => {
				silence[Symbol.dispose]();
				child.stdout.destroy();
				child.stderr.destroy();
				reject(new ChoreError("PLATFORM_UNAVAILABLE", `launchctl ${words[0]} ${problem}`, { hint: HINT, cause }));
			};
			const silence = new Silence(this.#patienceMs, () => {
				child.kill("SIGKILL");
				unavailable(`did not answer within ${this.#patienceMs} ms`);
			});
			child.once("error", (error) => unavailable(`cannot be run: ${errnoOf(error) ?? error.message}`, error));
			child.once("close", (code, signal) => {
				silence[Symbol.dispose]();
				if (code === null) unavailable(`was ended by ${signal}`);
				else resolve({ code, out: Buffer.concat(out).toString("utf8"), err: Buffer.concat(err).toString("utf8") });
			});
		});
	}
}

/** What launchctl said, in one line for people. */
export function wordsOf({ code, err }: Answer): string {
	const line = err
		.split("\n")
		.map((one) => one.trim())
		.find((one) => one !== "" && one !== "Bad request.");
	return line ?? `exit code ${code}`;
}
