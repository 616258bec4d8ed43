/** Runs a program of the system for its output: launchctl, loginctl, a login shell. Leaves nothing open that keeps Node running. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { Silence } from "./silence.ts";

/** How the run of a program ended. */
export type ProgramEnd =
	| {
			readonly kind: "ended";
			readonly code: number | null;
			readonly signal: NodeJS.Signals | null;
			readonly out: Buffer;
			readonly err: Buffer;
	  }
	/** Its output was enough (`isEnough`). It may still be running. */
	| { readonly kind: "said"; readonly out: Buffer }
	/** It took longer than `patienceMs` and was killed. */
	| { readonly kind: "overdue" }
	/** It could not be run. */
	| { readonly kind: "not run"; readonly error: Error };

export interface HowToRun {
	readonly environment?: NodeJS.ProcessEnv | undefined;
	readonly directory?: string | undefined;
	/** What it reads from its stdin. Default: nothing. */
	readonly input?: Uint8Array | undefined;
	/** Gives it our stdin, so that it can ask for a password. Default: an empty stdin. */
	readonly mayAsk?: boolean;
	/** Runs it in a process session of its own, without our terminal. When it is overdue, its whole process group is killed. */
	readonly apart?: boolean;
	/** Kills it after this many milliseconds. Default: never. */
	readonly patienceMs?: number | undefined;
	/** Tells from its stdout so far whether to stop waiting: a process that it leaves behind may keep stdout open. */
	readonly isEnough?: ((out: Buffer) => boolean) | undefined;
}

/** Runs a program until it ends, is overdue, or has said enough. Never rejects. */
export function runProgram(program: string, words: readonly string[], how: HowToRun = {}): Promise<ProgramEnd> {
	return new Promise((resolve) => {
		let child: ChildProcess;
		try {
			child = spawn(program, words, {
				cwd: how.directory,
				env: how.environment,
				detached: how.apart ?? false,
				stdio: [how.mayAsk ? "inherit" : how.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
			});
		} catch (error) {
			return resolve({ kind: "not run", error: error as Error });
		}
		const silence = how.patienceMs === undefined ? undefined : new Silence(how.patienceMs, () => finish({ kind: "overdue" }));
		const finish = (end: ProgramEnd): void => {
			silence?.[Symbol.dispose]();
			if (end.kind === "overdue") kill(child, how.apart ?? false);
			child.stdout?.destroy();
			child.stderr?.destroy();
			child.unref();
			resolve(end);
		};
		child.stdin?.on("error", () => {}); // it has ended without reading all
		child.stdin?.end(how.input);
		const err = gather(child.stderr);
		const out = gather(child.stdout);
		const { isEnough } = how;
		if (isEnough !== undefined) child.stdout?.on("data", () => isEnough(out()) && finish({ kind: "said", out: out() }));
		child.once("error", (error) => finish({ kind: "not run", error }));
		child.once("close", (code, signal) => finish({ kind: "ended", code, signal, out: out(), err: err() }));
	});
}

/**
 * Collects what a stream gives.
 *
 * @param stream undefined when the program could not be run because no descriptor was left
 * @returns a function that returns all that was collected so far
 */
function gather(stream: Readable | null | undefined): () => Buffer {
	const pieces: Buffer[] = [];
	stream?.on("data", (piece: Buffer) => pieces.push(piece));
	return () => Buffer.concat(pieces);
}

function kill(child: ChildProcess, isGroup: boolean): void {
	if (child.pid === undefined) return;
	try {
		process.kill(isGroup ? -child.pid : child.pid, "SIGKILL");
	} catch {} // it has ended
}
