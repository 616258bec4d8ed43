/**
 * Another process that works on the same jobs, for what it does in the middle of a call of this one, which stands still
 * meanwhile. It is one process for all that it is asked: the start of one takes longer than most commands.
 */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Called } from "./entry.ts";

const PROGRAM = fileURLToPath(new URL("other-process.js", import.meta.url));

export class Other implements Disposable {
	readonly #requests: number;
	readonly #answers: number;

	/** @param folder for the two FIFOs by which it is asked and answers */
	constructor(folder: string, env: NodeJS.ProcessEnv) {
		const [requests, answers] = [`${folder}/requests`, `${folder}/answers`];
		execFileSync("mkfifo", [requests, answers]);
		spawn(process.execPath, [PROGRAM, requests, answers], { env, stdio: ["ignore", "ignore", "inherit"] });
		this.#requests = openSync(requests, "r+"); // which waits for nobody
		this.#answers = openSync(answers, "r"); // which waits for the other
	}

	/** Has it run `chore` with these words, to its end. */
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

	/** It ends by itself once nobody can ask it any more. */
	[Symbol.dispose](): void {
		closeSync(this.#requests);
		closeSync(this.#answers);
	}
}
