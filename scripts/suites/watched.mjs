// Runs one test file in a process group of its own, with time limits. Always comes to an end, and leaves nothing running.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Group } from "./group.mjs";

const REPORTER = fileURLToPath(new URL("reporter.mjs", import.meta.url));
/** A line of `times` in a shell (times(1p)): user and system time. */
const TIMES = /^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$/;
/** How many of the last lines of a file's output are shown if it fails. */
const LAST_LINES = 40;

/**
 * @typedef {object} Result of one test
 * @property {string[]} titles of the suites around it and its own
 * @property {"passed" | "failed" | "skipped"} status
 * @property {number} ms how long it took
 * @property {string} [reason] why it was skipped
 * @property {string} [error] how it failed
 *
 * @typedef {object} Outcome of a test file
 * @property {string} file
 * @property {boolean} passed
 * @property {number} ms
 * @property {number} cpuMs CPU time of all its processes for which a parent has called wait(2)
 * @property {Result[]} results
 * @property {string[]} trouble lines about the file as a whole: why it was ended, what could not be cleared away
 * @property {string[]} killed the processes that it left running
 * @property {string[]} lastLines of what it printed
 */

/** A test file that is being run. */
export class WatchedFile {
	/** @type {Result[]} */
	results = [];
	/** The test that is running. */
	title = "";
	#file;
	#folder;
	#limits;
	/** @type {Group} */
	#group;
	#begunAtMs = performance.now();
	#lastLines = [];
	#trouble = [];
	#isEnding = false;
	#cpuMs = 0;
	#timers;

	/**
	 * @param {string} file compiled test file
	 * @param {string} folder its TMPDIR, which is made for it and removed at the end
	 * @param {{silenceMs: number, wholeMs: number}} limits the longest time without a result, and for the whole file
	 */
	constructor(file, folder, limits) {
		this.#file = file;
		this.#folder = folder;
		this.#limits = limits;
	}

	get file() {
		return this.#file;
	}

	get seconds() {
		return Math.round((performance.now() - this.#begunAtMs) / 1000);
	}

	/** @returns {Promise<Outcome>} resolved once nothing of the file is left */
	async run() {
		const { silenceMs, wholeMs } = this.#limits;
		// Without --test, which would start a second process for the file.
		const words = [process.execPath, "--test-reporter", REPORTER, this.#file];
		// At the end the shell prints the CPU time of the file and its processes.
		this.#group = new Group(["/bin/sh", "-c", '"$@"; status=$?; times; exit "$status"', "sh", ...words], this.#folder, {
			out: (line) => this.#told(line, silenceMs),
			err: (line) => this.#said(line),
		});
		this.#timers = [setTimeout(() => this.end(`it was not done after ${wholeMs / 60_000} minutes`), wholeMs)];
		this.#awaitResult(silenceMs);
		const failure = await this.#group.ended;
		const { killed, trouble } = await this.#group.clear();
		for (const timer of this.#timers) clearTimeout(timer);
		this.#trouble.push(...trouble);
		if (this.results.length === 0 && this.#trouble.length === 0) this.#trouble.push(`no test in it was run: ${failure ?? "it ended"}`);
		const hasFailed = this.results.some(({ status }) => status === "failed");
		if (failure !== undefined && !hasFailed && this.#trouble.length === 0)
			this.#trouble.push(`all tests passed, but it ended with ${failure}`);
		return {
			file: this.#file,
			passed: failure === undefined && !hasFailed && this.#trouble.length === 0,
			ms: performance.now() - this.#begunAtMs,
			cpuMs: this.#cpuMs,
			results: this.results,
			trouble: this.#trouble,
			// For a file that was ended here, `trouble` says what it was doing.
			killed: this.#isEnding ? [] : killed,
			lastLines: this.#lastLines,
		};
	}

	/** Ends the file, and notes what it was doing. */
	end(why) {
		if (this.#isEnding) return;
		this.#isEnding = true;
		this.#trouble.push(why, `under way: ${this.title || "nothing yet"}`);
		this.#trouble.push(...this.#whatIsThere());
		void this.#group.clear();
	}

	/** Reads a line of the output: from the reporter, or printed by the file or a process that inherited its stdout. */
	#told(line, silenceMs) {
		const [, minutes, seconds, systemMinutes, systemSeconds] = TIMES.exec(line) ?? [];
		if (minutes !== undefined) {
			this.#cpuMs += (Number(minutes) + Number(systemMinutes)) * 60_000 + (Number(seconds) + Number(systemSeconds)) * 1000;
			return;
		}
		let told;
		try {
			told = JSON.parse(line);
		} catch {
			return this.#said(line);
		}
		if (told.kind === "output") for (const text of told.text.split("\n")) this.#said(text);
		if (told.kind === "begins") this.title = told.title;
		if (told.kind !== "result") return;
		const { kind: _, ...result } = told;
		this.results.push(result);
		this.#awaitResult(silenceMs);
	}

	#said(line) {
		if (line === "") return;
		this.#lastLines.push(line);
		if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift();
	}

	#awaitResult(silenceMs) {
		clearTimeout(this.#timers[1]);
		this.#timers[1] = setTimeout(() => this.end(`no test of it was done for ${silenceMs / 60_000} minutes`), silenceMs);
	}

	/** Lines about its processes and the active jobs in its state folders, to find out why it hangs. */
	#whatIsThere() {
		const processes = this.#group.processes().map((line) => `  ${line.slice(0, 200)}`);
		const script = `find "$1" -path '*/active/*' -type f -o -name ledger.jsonl | head -n 40 | while IFS= read -r file; do
			printf '%s: ' "$file"; tail -n 5 "$file"; echo; done`;
		const { stdout } = spawnSync("/bin/sh", ["-c", script, "sh", this.#folder], { encoding: "utf8", timeout: 10_000 });
		const state = (stdout ?? "").split("\n").filter((line) => line !== "");
		return ["its processes:", ...processes, "active jobs, and the last lines of ledgers:", ...state.map((line) => `  ${line}`)];
	}
}
