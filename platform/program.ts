/** Runs a program of the system for what it says: launchctl, loginctl, a login shell. Leaves nothing open that keeps this process alive. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { Silence } from "./silence.ts";

/** What came of a program. */
export type ProgramEnd =
	| {
			readonly kind: "ended";
			readonly code: number | null;
			readonly signal: NodeJS.Signals | null;
			readonly out: Buffer;
			readonly err: Buffer;
	  }
	/** It said what was waited for, and may be running. */
	| { readonly kind: "said"; readonly out: Buffer }
	/** It took longer than it may, and was killed. */
	| { readonly kind: "overdue" }
	/** It could not be run. */
	| { readonly kind: "not run"; readonly error: Error };

export interface HowToRun {
	readonly environment?: NodeJS.ProcessEnv | undefined;
	readonly directory?: string | undefined;
	/** Gives it our own stdin, at which it may ask for a password. Default: an empty one. */
	readonly mayAsk?: boolean;
	/** Runs it in a process session of its own, without our terminal; when it is overdue, all of its process group is killed. */
	readonly apart?: boolean;
	/** Milliseconds until it is overdue. Default: never. */
	readonly patienceMs?: number | undefined;
	/** True of what it has said on stdout once that is enough: a program that it leaves behind may keep stdout open. */
	readonly isEnough?: ((out: Buffer) => boolean) | undefined;
}

/** Runs it to its end. Never rejects. */
export function runProgram(program: string, words: readonly string[], how: HowToRun = {}): Promise<ProgramEnd> {
	return new Promise((resolve) => {
		let child: ChildProcess;
		try {
			child = spawn(program, words, {
				cwd: how.directory,
				env: how.environment,
				detached: how.apart ?? false,
				stdio: [how.mayAsk ? "inherit" : "ignore", "pipe", "pipe"],
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
		const err = gather(child.stderr);
		const out = gather(child.stdout, (said) => {
			if (how.isEnough?.(said)) finish({ kind: "said", out: said });
		});
		child.once("error", (error) => finish({ kind: "not run", error }));
		child.once("close", (code, signal) => finish({ kind: "ended", code, signal, out: out(), err: err() }));
	});
}

/**
 * Collects what a stream gives. There is none where the program could not be run for want of descriptors.
 *
 * @param heard is called with all of it after each piece
 * @returns gives all of it so far
 */
function gather(stream: Readable | null | undefined, heard: (said: Buffer) => void = () => {}): () => Buffer {
	const pieces: Buffer[] = [];
	const said = (): Buffer => Buffer.concat(pieces);
	stream?.on("data", (piece: Buffer) => {
		pieces.push(piece);
		heard(said());
	});
	return said;
}

function kill(child: ChildProcess, isGroup: boolean): void {
	if (child.pid === undefined) return;
	try {
		process.kill(isGroup ? -child.pid : child.pid, "SIGKILL");
	} catch {} // it has ended
}
