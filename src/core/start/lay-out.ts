/** Makes the files of a run, before the platform is asked to start it. */
import { execFileSync } from "node:child_process";
import { ChoreError } from "../../../platform/errors.ts";
import { EXIT_RECORD_BYTES } from "../../../platform/exit-record.ts";
import { writeNew } from "../disk/files.ts";
import { creatorMark } from "../disk/place.ts";
import { STOP_BYTES } from "../disk/stop-mark.ts";
import { type JobRecord, outputPaths, READER_BYTES, type RunRecord, STARTED_BYTES } from "../disk/store.ts";

/**
 * Makes the files of a run at their full size, so that writing its start and its end will need no disk space.
 * @param creator the mark of who starts it
 */
export function writeRun(folder: string, job: JobRecord, run: RunRecord, creator: string = creatorMark()): void {
	writeNew(`${folder}/run.json`, `${JSON.stringify(run)}\n`);
	// Names the process, so that other commands do not take the run for lost before the platform has it. For the first run
	// the active mark of the job does that.
	if (run.run > 1) writeNew(`${folder}/starting`, creator);
	writeNew(`${folder}/exit`, " ".repeat(EXIT_RECORD_BYTES));
	writeNew(`${folder}/started`, " ".repeat(STARTED_BYTES));
	writeNew(`${folder}/stop.blank`, " ".repeat(STOP_BYTES));
	if (job.restart.policy !== "no") writeNew(`${folder}/attempts`, "");
	for (const path of outputPaths(folder, job.output)) writeNew(path, "");
	if (job.stdin !== "fifo") return;
	writeNew(`${folder}/reader`, " ".repeat(READER_BYTES));
	try {
		execFileSync("mkfifo", ["-m", "600", `${folder}/stdin`, `${folder}/control`], { stdio: "pipe" });
	} catch (error) {
		throw new ChoreError("STATE_UNUSABLE", `cannot make a FIFO in ${folder}`, {
			hint: "mkfifo(1) must be there, and the file system must have FIFOs",
			cause: error,
		});
	}
}
