/**
 * Makes FIFOs, by mkfifo(1), since Node has no mkfifo(2). To start a program costs more than to write all files of a
 * run: the FIFOs that are asked for while one mkfifo(1) runs are made together by the next.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { statSync } from "node:fs";
import { plainEnvironment } from "./shim.ts";

interface Wanted {
	readonly path: string;
	readonly made: () => void;
	readonly failed: (error: unknown) => void;
}

/** What the next mkfifo is to make; undefined while none runs. */
let next: Wanted[] | undefined;

/** Makes a FIFO, 0600. @throws the spawn error, or an Error that begins with "mkfifo" */
export function makeFifo(path: string): Promise<void> {
	return new Promise((made, failed) => {
		const wanted: Wanted = { path, made, failed };
		if (next === undefined) void makeAll([wanted]);
		else next.push(wanted);
	});
}

/** Makes these, then those that were asked for meanwhile, until there are none. */
async function makeAll(first: readonly Wanted[]): Promise<void> {
	for (let batch = first; batch.length > 0; batch = next) {
		next = [];
		await makeTogether(batch);
	}
	next = undefined;
}

async function makeTogether(batch: readonly Wanted[]): Promise<void> {
	try {
		// Without the mark of a run: a stop of one, which may be asked for already, must not kill it.
		await ended(spawn("mkfifo", ["-m", "600", ...batch.map(({ path }) => path)], { stdio: "ignore", env: plainEnvironment() }));
		for (const { made } of batch) made();
	} catch (error) {
		if (batch.length === 1) for (const { failed } of batch) failed(error);
		// Which one could not be made is not told. The others must not fail with it.
		else for (const one of batch) await (isFifo(one.path) ? one.made() : makeTogether([one]));
	}
}

function isFifo(path: string): boolean {
	return statSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false;
}

/** @throws the spawn error, or an Error for any end but exit code 0 */
export function ended(child: ChildProcess): Promise<void> {
	return new Promise((resolve, reject) => {
		child.once("error", reject);
		child.once("exit", (code, signal) => (code === 0 ? resolve() : reject(new Error(`${child.spawnfile} ended with ${signal ?? code}`))));
	});
}
