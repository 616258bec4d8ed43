// Runs a program in a process group of its own, with a folder for its files. `clear` removes all processes and files,
// however the program ends.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { endAll, processesOf, removeFolder } from "./processes.mjs";

/** How long to wait for the last output: a process that could not be ended may keep the pipes open. */
const LAST_LINES_MS = 5_000;

export class Group {
	/** How the program ended; undefined after exit status 0. @type {Promise<string | undefined>} */
	ended;
	#folder;
	#child;
	#read;
	#cleared;

	/**
	 * @param {string[]} command
	 * @param {string} folder the TMPDIR of the program; made here, in the folder of the run
	 * @param {{out: (line: string) => void, err: (line: string) => void}} take gets each line of its stdout and stderr
	 */
	constructor([program, ...words], folder, { out, err }) {
		this.#folder = folder;
		mkdirSync(folder);
		// Open to all users, like /tmp, since some tests work as other users.
		chmodSync(folder, 0o1777);
		this.#child = spawn(program, words, {
			detached: true,
			stdio: ["ignore", "pipe", "pipe"],
			env: { ...process.env, TMPDIR: folder, CHORE_TEST_RUN: "yes", CHORE_TEST_COPIES: dirname(folder) },
		});
		this.ended = new Promise((resolve) => {
			this.#child.once("error", (error) => resolve(error.message));
			this.#child.once("exit", (code, signal) => resolve(signal ?? (code === 0 ? undefined : `exit status ${code}`)));
		});
		this.#read = Promise.all([readLines(this.#child.stderr, err), readLines(this.#child.stdout, out)]);
	}

	/** @returns {string[]} a line for each of its processes */
	processes() {
		return processesOf(this.#folder, this.#child.pid).map(({ line }) => line);
	}

	/**
	 * Ends its remaining processes, removes its folder, and reads its last output. A second call waits for the first.
	 *
	 * @returns {Promise<{killed: string[], trouble: string[]}>} lines about the processes that did not end when asked to,
	 * and about what could not be cleared away
	 */
	clear() {
		this.#cleared ??= this.#endAndRemove();
		return this.#cleared;
	}

	async #endAndRemove() {
		const { killed, left } = await endAll(this.#folder, this.#child.pid);
		const trouble = left.length > 0 ? ["these could not be ended:", ...left] : [];
		try {
			removeFolder(this.#folder);
		} catch (error) {
			trouble.push(`its folder could not be removed: ${error.message}`);
		}
		await Promise.race([this.#read, delay(LAST_LINES_MS, undefined, { ref: false })]);
		for (const stream of [this.#child.stdout, this.#child.stderr]) stream.destroy();
		return { killed, trouble };
	}
}

function readLines(input, take) {
	const lines = createInterface({ input });
	lines.on("line", take);
	return once(lines, "close");
}
