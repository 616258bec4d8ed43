// Runs test files, a few at a time, and prints a line for each. At the end runs those that failed once more, alone.
import { availableParallelism } from "node:os";
import { LIMITS, nameOf } from "./files.mjs";
import { makeRoot, removeRoot, sweep } from "./remains.mjs";
import { WatchedFile } from "./watched.mjs";

/** After this time without output a line says which files are still running. */
const HEARTBEAT_MS = 30_000;
/** The limit of the whole run: less than that of the program that started it. */
const RUN_MS = 75 * 60_000;

/**
 * @typedef {import("./watched.mjs").Outcome} Outcome
 * @typedef {object} Verdict on one test file
 * @property {Outcome} first
 * @property {Outcome | undefined} second the second try of a file that failed
 */

/** The files of one run of the suites. */
export class Run {
	/** Files that were not begun before the run was ended. @type {string[]} */
	notRun = [];
	#root = "";
	#begun = 0;
	#printedAtMs = performance.now();
	#startedAtMs = performance.now();
	/** @type {Set<WatchedFile>} */
	#underWay = new Set();
	#isOver = false;
	#secondTry;

	/** @param {{secondTry?: boolean}} how whether to run files that failed once more; default true */
	constructor({ secondTry = true } = {}) {
		this.#secondTry = secondTry;
	}

	/**
	 * @param {{together: string[], alone: string[]}} files
	 * @returns {Promise<Verdict[]>} in the order in which the files ended
	 */
	async all({ together, alone }) {
		for (const folder of await sweep()) this.#print(`cleared away what an earlier run left in ${folder}`);
		this.#root = makeRoot({ inMemory: true });
		const heartbeat = setInterval(() => this.#beat(), 1_000);
		const giveUp = setTimeout(() => this.end(`the whole run is over its limit of ${RUN_MS / 60_000} minutes`), RUN_MS);
		try {
			const verdicts = [];
			const runAll = async (queue) => {
				while (queue.length > 0 && !this.#isOver) verdicts.push({ first: await this.#file(queue.shift()), second: undefined });
			};
			const side = [...together];
			await Promise.all(Array.from({ length: availableParallelism() + 1 }, () => runAll(side)));
			const last = [...alone];
			await runAll(last);
			this.notRun = [...side, ...last];
			for (const verdict of verdicts) {
				if (!this.#secondTry || verdict.first.passed || this.#isOver) continue;
				this.#print(`once more, alone: ${nameOf(verdict.first.file)}`);
				verdict.second = await this.#file(verdict.first.file);
			}
			return verdicts;
		} finally {
			clearInterval(heartbeat);
			clearTimeout(giveUp);
			await removeRoot(this.#root);
		}
	}

	/** Ends the files that are running, and begins no more. */
	end(why) {
		this.#isOver = true;
		for (const file of this.#underWay) file.end(why);
	}

	/** @returns {Promise<Outcome>} */
	async #file(file) {
		this.#begun++;
		const watched = new WatchedFile(file, `${this.#root}/${String(this.#begun).padStart(3, "0")}`, LIMITS);
		this.#underWay.add(watched);
		const outcome = await watched.run();
		this.#underWay.delete(watched);
		this.#print(lineOf(outcome));
		for (const line of outcome.killed) this.#print(`      left running, and killed: ${line.slice(0, 200)}`);
		for (const line of failuresOf(outcome)) this.#print(`      ${line}`);
		return outcome;
	}

	#beat() {
		if (performance.now() - this.#printedAtMs < HEARTBEAT_MS) return;
		const files = [...this.#underWay].map((one) => `${nameOf(one.file)} (${one.seconds} s, ${one.results.length} done, at "${one.title}")`);
		this.#print(`… after ${Math.round((performance.now() - this.#startedAtMs) / 1000)} s: ${files.join("; ")}`);
	}

	#print(line) {
		console.log(line);
		this.#printedAtMs = performance.now();
	}
}

/** The numbers of tests of a file that passed, failed or were skipped. */
export function countsOf({ results }) {
	const count = (status) => results.filter((result) => result.status === status).length;
	return { passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
}

/** What went wrong in a file, as lines. */
export function failuresOf(outcome) {
	if (outcome.passed) return [];
	const lines = outcome.results
		.filter(({ status }) => status === "failed")
		.flatMap(({ titles, ms, error }) => [
			`${titles.join(" > ")} (${Math.round(ms)} ms)`,
			...error.split("\n").map((line) => `    ${line}`),
		]);
	lines.push(...outcome.trouble);
	if (outcome.trouble.length > 0 && outcome.lastLines.length > 0)
		lines.push("its last lines:", ...outcome.lastLines.map((line) => `  ${line}`));
	return lines;
}

function lineOf(outcome) {
	const { passed, failed, skipped } = countsOf(outcome);
	const counts = [`${passed} passed`, failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`].filter(
		(part) => part !== false,
	);
	if (outcome.killed.length > 0) counts.push(`left ${outcome.killed.length} processes running`);
	const seconds = (ms) => (ms / 1000).toFixed(1).padStart(6);
	return `${outcome.passed ? "ok  " : "FAIL"} ${seconds(outcome.ms)} s ${seconds(outcome.cpuMs)} s of CPU  ${nameOf(outcome.file)}: ${counts.join(", ")}`;
}
