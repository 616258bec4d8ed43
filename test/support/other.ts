/**
 * Another process that works on the same jobs in the middle of a call of this process, which waits meanwhile. The same
 * process runs all commands, since starting one takes longer than most commands.
 */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Called } from "./entry.ts";

const PROGRAM = fileURLToPath(new URL("other-process.js", import.meta.url));

export class Other implements Disposable {
	readonly #requests: number;
	readonly #answers: number;

	/** @param folder where to make the two FIFOs, for commands and for results */
	constructor(folder: string, env: NodeJS.ProcessEnv) {
		const [requests, answers] = [`${folder}/requests`, `${folder}/answers`];
		execFileSync("mkfifo", [requests, answers]);
		spawn(process.execPath, [PROGRAM, requests, answers], { env, stdio: ["ignore", "ignore", "inherit"] });
		this.#requests = openSync(requests, "r+"); // does not wait for a reader
		this.#answers = openSync(answers, "r"); // waits until the other process has opened it
	}

	/** Runs `chore` with these words in the other process, and waits for the result. */
	run(...words: readonly string[]): Called {
		writeSync(this.#requests, `${JSON.stringify(words)}\n`);
		const parts: Buffer[] = [];
		while (parts.at(-1)?.at(-1) !== 0x0a) {
			const part = Buffer.alloc(1 << 16);
			const length = readSync(this.#answers, part);
			if (length === 0) throw new Error(`the other process is gone, asked for: ${words.join(" ")}`);
			parts.push(part.subarray(0, length));
		}
		return JSON.parse(Buffer.concat(parts).toString("utf8")) as Called;
	}

	/** The other process ends when the FIFO of commands is closed. */
	[Symbol.dispose](): void {
		closeSync(this.#requests);
		closeSync(this.#answers);
	}
}
